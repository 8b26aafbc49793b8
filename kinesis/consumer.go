package kinesis

import (
	"context"
	"errors"
	"iter"
	"time"

	"millrace/kinesis/types"
)

// seatTime is how long the service keeps the seat of a subscription for it,
// even where its connection was lost (API reference, SubscribeToShard).
const seatTime = 5 * time.Second

// ConsumerPosition says what Follow reads.
type ConsumerPosition struct {
	// ConsumerARN is the ARN of the registered consumer.
	ConsumerARN string
	// ShardID is the shard, such as shardId-000000000000.
	ShardID string
	// Start is where to begin.
	Start Start
}

// Follow walks over the events of a shard for a registered consumer, as they
// are pushed. When a stream of events ends, at the latest after five minutes,
// or breaks, it opens the next behind the last event. It ends behind the event
// that has the ChildShards of a closed shard, or with an error: that of ctx,
// or *types.ResourceInUseException where another subscription took over.
func (c *Client) Follow(ctx context.Context, p ConsumerPosition) iter.Seq2[*types.SubscribeToShardEvent, error] {
	return func(yield func(*types.SubscribeToShardEvent, error) bool) {
		f := &follower{client: c, at: p}
		for {
			sub, err := f.subscribe(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			for e, err := range sub.Events() {
				if err != nil {
					if f.broken(ctx, err) {
						break
					}
					yield(nil, err)
					return
				}
				f.advance(e)
				if !yield(e, nil) || e.ContinuationSequenceNumber == nil {
					sub.Close()
					return
				}
			}
			f.again = true
		}
	}
}

// follower is the state of one walk.
type follower struct {
	client *Client
	at     ConsumerPosition
	again  bool // there was a subscription before
}

// subscribe opens the next stream. Behind one that was lost it waits for the
// seat to come free, and for the rate of the call.
func (f *follower) subscribe(ctx context.Context) (*Subscription, error) {
	var waited time.Duration
	for tries := 1; ; tries++ {
		sub, err := f.client.SubscribeToShard(ctx, f.at.input())
		if err == nil {
			return sub, nil
		}
		_, taken := errors.AsType[*types.ResourceInUseException](err)
		if ctx.Err() != nil || !IsThrottled(err) && !(taken && f.again && waited < 2*seatTime) {
			return nil, err
		}
		wait := time.Second/4 + f.client.backoff(tries)
		waited += wait
		if ended := f.client.sleep(ctx, wait); ended != nil {
			return nil, &RequestError{Operation: "SubscribeToShard", Err: ended}
		}
	}
}

// broken says whether a stream ended in a way that another one mends: without
// an answer of the service, or with one that is not about the call.
func (f *follower) broken(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if _, ok := errors.AsType[*RequestError](err); ok {
		return true
	}
	_, internal := errors.AsType[*types.InternalFailureException](err)
	return internal
}

func (f *follower) advance(e *types.SubscribeToShardEvent) {
	if e.ContinuationSequenceNumber != nil {
		f.at.Start = AfterSequenceNumber(*e.ContinuationSequenceNumber)
	}
}

func (p ConsumerPosition) input() *types.SubscribeToShardInput {
	at := &types.StartingPosition{Type: p.Start.Type}
	if at.Type == "" {
		at.Type = types.ShardIteratorTypeTrimHorizon
	}
	if p.Start.SequenceNumber != "" {
		at.SequenceNumber = &p.Start.SequenceNumber
	}
	if !p.Start.Timestamp.IsZero() {
		at.Timestamp = &p.Start.Timestamp
	}
	return &types.SubscribeToShardInput{ConsumerARN: &p.ConsumerARN, ShardId: &p.ShardID, StartingPosition: at}
}
