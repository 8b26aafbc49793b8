package streams

import (
	"context"
	"errors"
	"io"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

const (
	// DefaultSubscriptionLifetime is how long a subscription lasts (API
	// reference, SubscribeToShard).
	DefaultSubscriptionLifetime = 5 * time.Minute
	// idleEvent is how long a subscription is silent at most. Clients expect
	// an event within 5 s.
	idleEvent = 4500 * time.Millisecond
)

// SubscribeSpec says who subscribes to what.
type SubscribeSpec struct {
	Stream   *catalog.Stream
	Consumer *catalog.Consumer
	Shard    uint32
	Start    Start
	// BytesPerSecond is the rate of the consumer at the shard; 0 is no limit.
	BytesPerSecond int
}

// Subscription is the records of a shard for one consumer, event by event. It
// belongs to one goroutine, which must Close it; it is ended by others.
type Subscription struct {
	service *Service
	key     seatKey
	at      Iterator
	rate    int
	pace    *pace
	sinceMs int64

	// ctx ends with the subscription; its cause is what Next returns then.
	ctx    context.Context
	cancel context.CancelCauseFunc
	stop   func() bool // of the timer of its lifetime

	begun bool // an event was given out
	ended bool // the last event of the shard was given out
	atTip bool // nothing was readable at the position when it was last looked at
}

// CheckSubscribe makes those checks of Subscribe that do not depend on the
// start. Errors: *ConsumerStateError, *SubscribedError.
func (s *Service) CheckSubscribe(st *catalog.Stream, c *catalog.Consumer, shard uint32) error {
	if c.Status != catalog.Active {
		return &ConsumerStateError{Name: st.Name, Consumer: c.Name, CreatedSec: c.CreatedSec(), Status: c.Status}
	}
	key := seatKey{engine.ShardRef{Stream: st.UID, Shard: shard}, c.Name, c.CreatedSec()}
	if b := s.seating.holder(key); b != nil && b.keepsOut(s.nowMs()) {
		return b.taken()
	}
	return nil
}

// Subscribe opens a subscription. Errors: *ConsumerStateError (not ACTIVE),
// *SubscribedError, and those of Open.
func (s *Service) Subscribe(ctx context.Context, spec SubscribeSpec) (*Subscription, error) {
	c := spec.Consumer
	if c.Status != catalog.Active {
		return nil, &ConsumerStateError{Name: spec.Stream.Name, Consumer: c.Name, CreatedSec: c.CreatedSec(), Status: c.Status}
	}
	it, err := s.Open(ctx, spec.Stream, spec.Shard, spec.Start)
	if err != nil {
		return nil, err
	}
	b := &Subscription{
		service: s,
		key:     seatKey{it.ref(), c.Name, c.CreatedSec()},
		at:      it,
		rate:    spec.BytesPerSecond,
	}
	b.ctx, b.cancel = context.WithCancelCause(s.ctx)
	if err := s.seating.admit(b, s.nowMs()); err != nil {
		b.cancel(nil)
		return nil, err
	}
	b.stop = s.clock.AfterFunc(s.lifetime, func() { b.cancel(io.EOF) })
	// What changed before it had a seat did not find it.
	if reason := b.over(s.byUID(it.UID)); reason != nil {
		b.Close()
		if errors.Is(reason, io.EOF) {
			reason = &ConsumerNotFoundError{Name: spec.Stream.Name, Consumer: c.Name}
		}
		return nil, reason
	}
	return b, nil
}

// Done is closed when the subscription has ended, whether Next was called
// since or not.
func (b *Subscription) Done() <-chan struct{} { return b.ctx.Done() }

// Context ends with the subscription.
func (b *Subscription) Context() context.Context { return b.ctx }

// Close gives up the subscription. It may be called more than once.
func (b *Subscription) Close() {
	b.cancel(io.EOF)
	b.stop()
	if b.service.seating.release(b) {
		b.service.shelf.clear()
	}
}

// Next returns the next event: the first one at once, then one as soon as
// there are records, at the latest after the time that clients take for a
// sign of life. Events wait where the consumer's rate is used up.
//
// The error is io.EOF at the end: of the shard, behind the event that is
// Last, of the lifetime, or of the consumer. Else it is *SubscribedError
// (taken over), *NotFoundError (the stream is being deleted),
// *ShardNotFoundError, ctx's error, or a failure.
func (b *Subscription) Next(ctx context.Context) (*Event, error) {
	if b.ended {
		return nil, io.EOF
	}
	if err := b.holdBack(ctx); err != nil {
		return nil, err
	}
	silent := !b.begun
	for {
		if err := b.finished(ctx); err != nil {
			return nil, err
		}
		if b.atTip && !silent {
			timeUp, err := b.await(ctx, idleEvent, func(ctx context.Context) error {
				return b.service.Wait(ctx, b.at)
			})
			if err != nil {
				return nil, err
			}
			silent = timeUp
		}
		e, err := b.service.eventAt(b.at)
		if err != nil {
			return nil, b.failure(ctx, err)
		}
		if e.empty() && !silent {
			b.at, b.atTip = e.next, true
			continue
		}
		b.give(e)
		return e, nil
	}
}

// give books an event and moves on behind it.
func (b *Subscription) give(e *Event) {
	b.begun = true
	b.pace.charge(b.service.nowMs(), b.rate, e.bytes)
	if b.ended = e.Last; !e.Last {
		b.at, b.atTip = e.next, e.atTip
	}
}

// holdBack waits until the consumer's rate allows for an event.
func (b *Subscription) holdBack(ctx context.Context) error {
	for {
		d := b.pace.wait(b.service.nowMs(), b.rate)
		if d == 0 {
			return nil
		}
		_, err := b.await(ctx, d, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
}

var errTimeUp = errors.New("time is up")

// await runs a wait that ends after d at the latest, and says whether it was
// the time that ended it.
func (b *Subscription) await(ctx context.Context, d time.Duration, wait func(context.Context) error) (timeUp bool, err error) {
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.ctx, func() { cancel(nil) })()
	defer b.service.clock.AfterFunc(d, func() { cancel(errTimeUp) })()
	err = wait(waiting)
	switch {
	case err == nil:
		return false, nil
	case b.finished(ctx) != nil:
		return false, b.finished(ctx)
	case context.Cause(waiting) == errTimeUp:
		return true, nil
	}
	return false, err
}

// finished is why there are no more events, nil while there are.
func (b *Subscription) finished(ctx context.Context) error {
	if b.ctx.Err() != nil {
		return b.reason()
	}
	return ctx.Err()
}

func (b *Subscription) reason() error {
	if cause := context.Cause(b.ctx); cause != context.Canceled {
		return cause
	}
	return io.EOF // the service closes
}

// failure prefers the end of the subscription to an error that came of it.
func (b *Subscription) failure(ctx context.Context, err error) error {
	if over := b.finished(ctx); over != nil {
		return over
	}
	return err
}
