package crash

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// shardsOf lists all shards of a stream.
func shardsOf(ctx context.Context, client *kinesis.Client, stream string) ([]types.Shard, error) {
	var shards []types.Shard
	in := &kinesis.ListShardsInput{StreamName: &stream}
	for {
		out, err := client.ListShards(ctx, in)
		if err != nil {
			return nil, err
		}
		shards = append(shards, out.Shards...)
		if out.NextToken == nil {
			return shards, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

// reader reads shards to their tips and tells the oracle of every page.
type reader struct {
	oracle *Oracle
	client *kinesis.Client
}

// shard reads from the record at index from on, which must be known or the
// next to come, until the shard has no more. It reports whether the shard
// ended.
func (r reader) shard(ctx context.Context, name shardName, from int) (ended bool, err error) {
	iterator, err := r.iterator(ctx, name, from)
	if err != nil {
		return false, err
	}
	at := from
	for {
		out, err := r.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
		if err != nil {
			return false, fmt.Errorf("reading %v: %w", name, err)
		}
		page := make([]record, len(out.Records))
		for i, got := range out.Records {
			page[i] = record{*got.SequenceNumber, *got.PartitionKey, got.Data}
		}
		at = r.oracle.Read(name, at, page)
		iterator = out.NextShardIterator
		ended = iterator == nil
		if ended || len(page) == 0 && aws.ToInt64(out.MillisBehindLatest) == 0 {
			r.oracle.Tip(name, at, ended)
			return ended, nil
		}
	}
}

// iterator returns one that stands before the record at index from.
func (r reader) iterator(ctx context.Context, name shardName, from int) (*string, error) {
	in := &kinesis.GetShardIteratorInput{
		StreamName: &name.stream, ShardId: &name.shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	count, sequence := r.oracle.Known(name, from)
	switch {
	case from == 0:
	case from < count:
		in.ShardIteratorType = types.ShardIteratorTypeAtSequenceNumber
		in.StartingSequenceNumber = &sequence
	default:
		_, last := r.oracle.Known(name, count-1)
		in.ShardIteratorType = types.ShardIteratorTypeAfterSequenceNumber
		in.StartingSequenceNumber = &last
	}
	out, err := r.client.GetShardIterator(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("iterator of %v: %w", name, err)
	}
	return out.ShardIterator, nil
}

// tail follows the streams while producers write, until the server is gone:
// what a reader saw must survive just as what was acknowledged.
func (r reader) tail(ctx context.Context, streams []string) error {
	for ctx.Err() == nil {
		for _, stream := range streams {
			shards, err := shardsOf(ctx, r.client, stream)
			if err != nil {
				return unlessGone(err)
			}
			for _, each := range shards {
				name := shardName{stream, *each.ShardId}
				if r.oracle.Ended(name) {
					continue
				}
				count, _ := r.oracle.Known(name, 0)
				if _, err := r.shard(ctx, name, count); err != nil {
					return unlessGone(err)
				}
			}
		}
	}
	return nil
}

func unlessGone(err error) error {
	if gone(err) {
		return nil
	}
	return err
}
