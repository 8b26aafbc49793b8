package crash

import (
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// The river has between minOpen and maxOpen open shards.
const minOpen, maxOpen = 2, 5

// resharder splits and merges the shards of a stream at random.
type resharder struct {
	stream string
	random *rand.Rand
	// accepted counts the splits and merges that the server took.
	accepted *atomic.Int64
}

// run goes on until the server is gone.
func (r resharder) run(ctx context.Context, client *kinesis.Client) error {
	for ctx.Err() == nil {
		err := r.step(ctx, client)
		// The change before may still be under way, or have ended since the
		// shards were listed.
		var busy *types.ResourceInUseException
		var closed *types.InvalidArgumentException
		switch {
		case err == nil:
			r.accepted.Add(1)
		case gone(err):
			return nil
		case !errors.As(err, &busy) && !errors.As(err, &closed):
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(r.random.IntN(60)) * time.Millisecond):
		}
	}
	return nil
}

func (r resharder) step(ctx context.Context, client *kinesis.Client) error {
	out, err := client.ListShards(ctx, &kinesis.ListShardsInput{
		StreamName: &r.stream, ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest},
	})
	if err != nil {
		return err
	}
	open := out.Shards
	slices.SortFunc(open, func(a, b types.Shard) int { return start(a).Cmp(start(b)) })
	at := r.random.IntN(len(open))
	if len(open) <= minOpen || len(open) < maxOpen && r.random.IntN(2) == 0 {
		return r.split(ctx, client, open[at])
	}
	at = min(at, len(open)-2)
	_, err = client.MergeShards(ctx, &kinesis.MergeShardsInput{
		StreamName: &r.stream, ShardToMerge: open[at].ShardId, AdjacentShardToMerge: open[at+1].ShardId,
	})
	return err
}

func (r resharder) split(ctx context.Context, client *kinesis.Client, shard types.Shard) error {
	end, _ := new(big.Int).SetString(*shard.HashKeyRange.EndingHashKey, 10)
	middle := new(big.Int).Rsh(new(big.Int).Add(start(shard), end), 1)
	_, err := client.SplitShard(ctx, &kinesis.SplitShardInput{
		StreamName: &r.stream, ShardToSplit: shard.ShardId, NewStartingHashKey: aws.String(middle.String()),
	})
	return err
}

func start(shard types.Shard) *big.Int {
	n, _ := new(big.Int).SetString(*shard.HashKeyRange.StartingHashKey, 10)
	return n
}
