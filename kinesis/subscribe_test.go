package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/internal/server"
	"millrace/kinesis"
	"millrace/kinesis/types"
)

// fanOut is a stream s of one shard on a server whose subscriptions do not
// last, with a consumer.
func fanOut(t *testing.T, lifetime time.Duration) (c *kinesis.Client, consumerARN string) {
	t.Helper()
	s, err := server.Start(t.Context(), server.Config{
		Data: server.Memory, Listen: "127.0.0.1:0", Admin: server.Off, Limits: limits.None(), SubscriptionLifetime: lifetime,
	})
	if err != nil {
		t.Fatal(err)
	}
	c = local(s.Endpoint())
	t.Cleanup(func() {
		c.CloseIdleConnections()
		s.Shutdown(context.Background())
	})
	if _, err := c.CreateStream(t.Context(), &types.CreateStreamInput{StreamName: new("s"), ShardCount: new(int32(1))}); err != nil {
		t.Fatal(err)
	}
	d, err := c.DescribeStreamSummary(t.Context(), &types.DescribeStreamSummaryInput{StreamName: new("s")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.RegisterStreamConsumer(t.Context(), &types.RegisterStreamConsumerInput{
		StreamARN: d.StreamDescriptionSummary.StreamARN, ConsumerName: new("c")})
	if err != nil {
		t.Fatal(err)
	}
	return c, *out.Consumer.ConsumerARN
}

func putText(t *testing.T, c *kinesis.Client, text string) {
	t.Helper()
	if _, err := c.PutRecord(t.Context(), &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: []byte(text)}); err != nil {
		t.Fatal(err)
	}
}

const shard0 = "shardId-000000000000"

func TestSubscribeToShard(t *testing.T) {
	c, arn := fanOut(t, 0)
	in := &types.SubscribeToShardInput{ConsumerARN: &arn, ShardId: new(shard0), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}}
	sub, err := c.SubscribeToShard(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.SubscribeToShard(t.Context(), in)
	if e, ok := errors.AsType[*kinesis.ResponseError](err); !ok || e.Code != "ResourceInUseException" || !is[*types.ResourceInUseException](err) {
		t.Errorf("a second subscription: %v", err)
	}
	putText(t, c, "a")
	seen := ""
	for e, err := range sub.Events() {
		if err != nil {
			// What follows ends the stream with an exception in it.
			if seen != "a" || !is[*types.ResourceNotFoundException](err) {
				t.Errorf("after %q: %v", seen, err)
			}
			if r, ok := errors.AsType[*kinesis.ResponseError](err); !ok || r.RequestID == "" || r.Operation != "SubscribeToShard" {
				t.Errorf("error %+v", err)
			}
			break
		}
		for _, r := range e.Records {
			seen += string(r.Data)
		}
		if seen == "a" {
			if _, err := c.DeleteStream(t.Context(), &types.DeleteStreamInput{StreamName: new("s"), EnforceConsumerDeletion: new(true)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
}

func TestSubscriptionEndsWithItsContext(t *testing.T) {
	c, arn := fanOut(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	sub, err := c.SubscribeToShard(ctx, &types.SubscribeToShardInput{ConsumerARN: &arn, ShardId: new(shard0), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range sub.Events() {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
			break
		}
		cancel()
	}
	cancel()
}

// Follow goes on over the ends of many subscriptions and loses nothing.
func TestFollow(t *testing.T) {
	c, arn := fanOut(t, 30*time.Millisecond)
	const records = 50
	go func() {
		for i := range records {
			c.PutRecord(context.WithoutCancel(t.Context()), &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: fmt.Append(nil, i)})
			time.Sleep(3 * time.Millisecond)
		}
		c.SplitShard(context.WithoutCancel(t.Context()), &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new(shard0), NewStartingHashKey: new("170141183460469231731687303715884105728")})
	}()
	next := 0
	var last *types.SubscribeToShardEvent
	for e, err := range c.Follow(t.Context(), kinesis.ConsumerPosition{ConsumerARN: arn, ShardID: shard0}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range e.Records {
			if string(r.Data) != fmt.Sprint(next) {
				t.Fatalf("record %s in the place of %d", r.Data, next)
			}
			next++
		}
		last = e
	}
	if next != records || last == nil || len(last.ChildShards) != 2 {
		t.Errorf("%d records, last event %+v", next, last)
	}
}
