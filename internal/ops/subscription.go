package ops

import (
	"context"
	"errors"
	"io"

	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// Subscription is the answer of SubscribeToShard: a stream of events that the
// front door drains on one goroutine and must Close.
type Subscription struct {
	service *Service
	sub     *streams.Subscription
}

// Event is one event of a subscription, shared by those who are at the same
// place of the same shard.
type Event struct{ e *streams.Event }

// Encoded returns the event in the form that encode gives it. encode is called
// once for all who share the event, so it must always be the same.
func (e Event) Encoded(encode func(*types.SubscribeToShardEvent) []byte) []byte {
	return e.e.Encoded(func(e *streams.Event) []byte { return encode(wireEvent(e)) })
}

// wireEvent is the SubscribeToShardEvent shape.
func wireEvent(e *streams.Event) *types.SubscribeToShardEvent {
	out := &types.SubscribeToShardEvent{
		Records:            wireRecords(e.Records),
		MillisBehindLatest: new(e.MillisBehindLatest),
	}
	if e.Last {
		out.ChildShards = wireChildren(e.ChildShards)
	} else {
		out.ContinuationSequenceNumber = new(e.Continuation.String())
	}
	return out
}

// Context ends when the subscription does, for whatever reason; an event that
// is being sent by then need not be waited for much longer.
func (b *Subscription) Context() context.Context { return b.sub.Context() }

// Close gives the subscription up, so that the consumer may open the next.
func (b *Subscription) Close() { b.sub.Close() }

// Next waits for the next event. The error is io.EOF at the end of the
// subscription, ctx's error where that ended, and a types.APIError for what
// the client is to be told in the stream. Causes of failures are logged beside
// requestID.
func (b *Subscription) Next(ctx context.Context, requestID string) (Event, error) {
	e, err := b.sub.Next(ctx)
	switch {
	case err == nil:
		return Event{e}, nil
	case errors.Is(err, io.EOF):
		return Event{}, io.EOF
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return Event{}, err
	}
	if api := translate(err); api != nil {
		return Event{}, api
	}
	b.service.log.ErrorContext(ctx, "subscription failed", "request_id", requestID, "error", err)
	return Event{}, types.NewError("InternalFailureException", "")
}
