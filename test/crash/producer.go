package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// maxPerCall is the most records that a producer puts in one PutRecords.
const maxPerCall = 60

// producer sends records, one call after the other, and tells the oracle of
// every one before it is sent and after it is acknowledged. Its counter goes
// on through the server's deaths, so no record is sent twice.
type producer struct {
	id      uint32
	next    uint64
	streams []string
	oracle  *Oracle
	random  *rand.Rand
}

// run sends until the server is gone. It returns an error only for an answer
// that a healthy server would not give.
func (p *producer) run(ctx context.Context, client *kinesis.Client) error {
	for ctx.Err() == nil {
		// One stream per partition key: the order of a key is a stream's.
		var err error
		if p.random.IntN(4) == 0 {
			err = p.putRecord(ctx, client)
		} else {
			err = p.putRecords(ctx, client)
		}
		if gone(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("producer %d: %w", p.id, err)
		}
	}
	return nil
}

// gone reports whether a call failed because there is no server any more.
func gone(err error) bool {
	var answered smithy.APIError
	return err != nil && !errors.As(err, &answered)
}

func (p *producer) stream() string { return p.streams[p.random.IntN(len(p.streams))] }

func (p *producer) putRecord(ctx context.Context, client *kinesis.Client) error {
	stream, id := p.stream(), recordID{p.id, p.next}
	p.next++
	p.oracle.Sending(p.id, p.next)
	out, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName:   &stream,
		PartitionKey: aws.String(partitionKey(id)),
		Data:         payload(id),
	})
	if err != nil {
		return err
	}
	p.oracle.Acknowledged(shardName{stream, *out.ShardId}, entry{*out.SequenceNumber, id})
	return nil
}

func (p *producer) putRecords(ctx context.Context, client *kinesis.Client) error {
	stream, first := p.stream(), p.next
	entries := make([]types.PutRecordsRequestEntry, 1+p.random.IntN(maxPerCall))
	for i := range entries {
		id := recordID{p.id, first + uint64(i)}
		entries[i].PartitionKey, entries[i].Data = aws.String(partitionKey(id)), payload(id)
	}
	p.next += uint64(len(entries))
	p.oracle.Sending(p.id, p.next)
	out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &stream, Records: entries})
	if err != nil {
		return err
	}
	if len(out.Records) != len(entries) {
		return fmt.Errorf("%d results for %d records", len(out.Records), len(entries))
	}
	for i, result := range out.Records {
		// Each record has its own verdict: only those with a number are acknowledged.
		if result.ErrorCode != nil {
			return fmt.Errorf("record refused: %s: %s", *result.ErrorCode, aws.ToString(result.ErrorMessage))
		}
		id := recordID{p.id, first + uint64(i)}
		p.oracle.Acknowledged(shardName{stream, *result.ShardId}, entry{*result.SequenceNumber, id})
	}
	return nil
}
