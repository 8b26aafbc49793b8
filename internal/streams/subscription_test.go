package streams

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/hashkey"
)

// trySubscribe subscribes a consumer to shard 0.
func (h *house) trySubscribe(c *catalog.Consumer, start Start, rate int) (*Subscription, error) {
	b, err := h.Subscribe(h.Context(), SubscribeSpec{
		Stream: h.look("s"), Consumer: c, Start: start, BytesPerSecond: rate,
	})
	if err == nil {
		h.Cleanup(b.Close)
	}
	return b, err
}

func (h *house) subscribe(c *catalog.Consumer, start Start) *Subscription {
	h.Helper()
	b, err := h.trySubscribe(c, start, 0)
	h.ok(err)
	return b
}

// next is the next event, which must be there without the clock's moving.
func next(t testing.TB, b *Subscription) *Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	e, err := b.Next(ctx)
	if err != nil {
		t.Fatalf("no event: %v", err)
	}
	return e
}

// later is the outcome of a Next that has to wait for something.
type later struct {
	e   *Event
	err error
}

// background calls Next and returns once it waits, or has its outcome.
func background(t testing.TB, b *Subscription) <-chan later {
	out := make(chan later, 1)
	go func() {
		e, err := b.Next(context.WithoutCancel(t.Context()))
		out <- later{e, err}
	}()
	return out
}

// arrives waits for an outcome while pushing the clock on.
func (h *house) arrives(out <-chan later, step time.Duration) later {
	h.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		select {
		case l := <-out:
			return l
		case <-time.After(time.Millisecond):
			h.clock.Advance(step)
		}
	}
	h.Fatal("nothing came")
	return later{}
}

func contents(e *Event) (s []string) {
	for _, r := range e.Records {
		s = append(s, string(r.Data))
	}
	return s
}

func TestSubscriptionPushes(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	b := h.subscribe(h.register("s", "c"), Start{Type: Latest})
	first := next(t, b)
	if len(first.Records) != 0 || first.Last || first.MillisBehindLatest != 0 {
		t.Fatalf("first event %+v", first)
	}
	for i := range 3 {
		out := background(t, b)
		put := h.put("s", "k", fmt.Sprint(i))
		l := h.arrives(out, 0)
		if l.err != nil || len(l.e.Records) != 1 || l.e.Continuation != put.Sequence || l.e.Records[0].Sequence != put.Sequence {
			t.Fatalf("event %d: %+v", i, l)
		}
	}
	// The first event's number resumes with the first record.
	h.clock.Advance((sharedTipMs + 1) * time.Millisecond)
	again := h.subscribe(h.register("s", "again"), Start{Type: AfterSequenceNumber, Sequence: first.Continuation})
	if got := contents(next(t, again)); fmt.Sprint(got) != "[0 1 2]" {
		t.Errorf("behind the first event: %v", got)
	}
}

func TestSubscriptionIsNeverSilentForLong(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	h.put("s", "k", "before")
	b := h.subscribe(h.register("s", "c"), Start{Type: Latest})
	last := next(t, b)
	for range 3 {
		started := h.clock.Now()
		l := h.arrives(background(t, b), 100*time.Millisecond)
		if l.err != nil || len(l.e.Records) != 0 {
			t.Fatalf("got %+v", l)
		}
		if d := h.clock.Now().Sub(started); d > 5*time.Second || d < time.Second {
			t.Errorf("an event after %v", d)
		}
		if l.e.Continuation.Cmp(last.Continuation) <= 0 {
			t.Errorf("the continuation went from %v to %v", last.Continuation, l.e.Continuation)
		}
		last = l.e
	}
	put := h.put("s", "k", "after")
	if put.Sequence.Cmp(last.Continuation) <= 0 {
		t.Error("a record with a number that was behind the reader")
	}
	again := h.subscribe(h.register("s", "again"), Start{Type: AfterSequenceNumber, Sequence: last.Continuation})
	if got := contents(next(t, again)); fmt.Sprint(got) != "[after]" {
		t.Errorf("resumed with %v", got)
	}
}

func TestSubscriptionSeat(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	c := h.register("s", "c")
	first := h.subscribe(c, Start{Type: Latest})
	next(t, first)
	h.clock.Advance(takeOverMs*time.Millisecond - time.Millisecond)
	_, err := h.trySubscribe(c, Start{Type: Latest}, 0)
	if e := wantError[*SubscribedError](t, err); e.Consumer != "c" || e.Shard != 0 {
		t.Errorf("refused with %+v", e)
	}
	out := background(t, first)
	h.clock.Advance(time.Millisecond)
	second := h.subscribe(c, Start{Type: Latest})
	l := h.arrives(out, 0)
	for l.err == nil { // an idle event may have been due
		l = h.arrives(background(t, first), 0)
	}
	wantError[*SubscribedError](t, l.err)
	next(t, second)
	// Closing the loser must not free the winner's seat; closing the winner does.
	first.Close()
	if _, err := h.trySubscribe(c, Start{Type: Latest}, 0); err == nil {
		t.Error("two subscriptions")
	}
	second.Close()
	second.Close()
	h.subscribe(c, Start{Type: Latest})
	// Another consumer, and another shard, are others.
	h.subscribe(h.register("s", "d"), Start{Type: Latest})
}

func TestSubscriptionNeedsAnActiveConsumer(t *testing.T) {
	h := newHouse(t, time.Second)
	h.create("s", 1)
	c, err := h.RegisterConsumer(t.Context(), RegisterSpec{Stream: named("s"), Name: "c"})
	h.ok(err)
	_, err = h.trySubscribe(c, Start{Type: Latest}, 0)
	if e := wantError[*ConsumerStateError](t, err); e.Status != catalog.Creating {
		t.Errorf("got %+v", e)
	}
	h.clock.Advance(time.Second)
	active := h.look("s").Consumer("c")
	h.deregister("s", active)
	// A look at the consumer that is out of date must not seat a ghost.
	_, err = h.trySubscribe(active, Start{Type: Latest}, 0)
	wantError[*ConsumerNotFoundError](t, err)
	if n := len(h.seating.streams); n != 0 {
		t.Errorf("%d streams with subscriptions", n)
	}
}

func TestSubscriptionEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(h *house, c *catalog.Consumer)
		want func(error) bool
	}{
		{"lifetime", func(h *house, _ *catalog.Consumer) { h.clock.Advance(DefaultSubscriptionLifetime) },
			func(err error) bool { return errors.Is(err, io.EOF) }},
		{"deregistered", func(h *house, c *catalog.Consumer) { h.deregister("s", c) },
			func(err error) bool { return errors.Is(err, io.EOF) }},
		{"stream deleted", func(h *house, _ *catalog.Consumer) { h.ok(h.Delete(h.Context(), named("s"))) },
			func(err error) bool { _, ok := errors.AsType[*NotFoundError](err); return ok }},
		{"server closes", func(h *house, _ *catalog.Consumer) { h.Service.Close() },
			func(err error) bool { return errors.Is(err, io.EOF) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, time.Second)
			h.create("s", 1)
			c := h.register("s", "c")
			b := h.subscribe(c, Start{Type: Latest})
			next(t, b)
			out := background(t, b)
			tt.end(h, c)
			l := h.arrives(out, 0)
			for l.err == nil { // an idle event may have been due
				l = h.arrives(background(t, b), 0)
			}
			if !tt.want(l.err) {
				t.Errorf("ended with %v", l.err)
			}
			if b.Context().Err() == nil {
				t.Error("its context goes on")
			}
		})
	}
}

func TestSubscriptionEndsWithItsCaller(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	b := h.subscribe(h.register("s", "c"), Start{Type: Latest})
	next(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSubscriptionAtTheEndOfAShard(t *testing.T) {
	h := newHouse(t, time.Second)
	h.create("s", 1)
	h.put("s", "k", "a")
	b := h.subscribe(h.register("s", "c"), Start{Type: TrimHorizon})
	next(t, b)
	out := background(t, b)
	h.ok(h.Split(t.Context(), named("s"), 0, hashkey.Key{Hi: 1 << 63}, 0))
	l := h.arrives(out, 100*time.Millisecond)
	for l.err == nil && !l.e.Last {
		l = h.arrives(background(t, b), 100*time.Millisecond)
	}
	if l.err != nil || len(l.e.ChildShards) != 2 || len(l.e.Records) != 0 {
		t.Fatalf("last event %+v", l)
	}
	if _, err := b.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("behind the last event: %v", err)
	}
	// One who comes later gets the records and the end.
	late := h.subscribe(h.register("s", "late"), Start{Type: TrimHorizon})
	e := next(t, late)
	if fmt.Sprint(contents(e)) != "[a]" || !e.Last || len(e.ChildShards) != 2 {
		t.Errorf("late: %+v", e)
	}
}

func TestSubscriptionWaitsForItsRate(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	const rate, size, count = 100_000, 50_000, 12
	for range count {
		h.put("s", "k", string(make([]byte, size)))
	}
	c := h.register("s", "c")
	b, err := h.trySubscribe(c, Start{Type: TrimHorizon}, rate)
	h.ok(err)
	started := h.clock.Now()
	got := 0
	for got < count {
		l := h.arrives(background(t, b), 50*time.Millisecond)
		h.ok(l.err)
		got += len(l.e.Records)
	}
	// The first event is five records (256 KiB); a second's worth is saved up.
	took := h.clock.Now().Sub(started)
	if want := time.Duration(got-5) * size * time.Second / rate; took < want-2*time.Second || took > want+2*time.Second {
		t.Errorf("%d bytes took %v, want about %v", got*size, took, want)
	}
	// A new subscription does not start with a fresh budget.
	b.Close()
	again, err := h.trySubscribe(c, Start{Type: TrimHorizon}, rate)
	h.ok(err)
	if wait := again.pace.wait(h.nowMs(), rate); wait == 0 {
		t.Error("a new subscription owes nothing")
	}
}

// Subscribers at the same place get the same event, encoded once, in the same
// order, whoever comes first.
func TestSubscribersShareEvents(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	const readers, records = 20, 300
	encoded := struct {
		sync.Mutex
		n int
	}{}
	var all sync.WaitGroup
	subs := make([]*Subscription, readers)
	for i := range subs {
		subs[i] = h.subscribe(h.register("s", fmt.Sprint("c", i)), Start{Type: TrimHorizon})
	}
	for i, b := range subs {
		all.Go(func() {
			seen := ""
			for n := 0; n < records; {
				e, err := b.Next(t.Context())
				if err != nil {
					t.Errorf("reader %d: %v", i, err)
					return
				}
				text := e.Encoded(func(e *Event) []byte {
					encoded.Lock()
					encoded.n++
					encoded.Unlock()
					s := ""
					for _, r := range e.Records {
						s += string(r.Data)
					}
					return []byte(s)
				})
				seen += string(text)
				n += len(text) / 4
			}
			want := ""
			for n := range records {
				want += fmt.Sprintf("%04d", n)
			}
			if seen != want {
				t.Errorf("reader %d saw %.100s...", i, seen)
			}
		})
	}
	for n := range records {
		h.put("s", "k", fmt.Sprintf("%04d", n))
	}
	all.Wait()
	t.Logf("%d records for %d readers: %d events encoded", records, readers, encoded.n)
	if encoded.n > 3*records {
		t.Errorf("%d events encoded, %d would have done", encoded.n, records)
	}
	for _, b := range subs {
		b.Close()
	}
	if h.shelf.bytes != 0 || len(h.shelf.events) != 0 || len(h.seating.streams) != 0 || h.seating.open != 0 {
		t.Errorf("left behind: %d bytes, %d events, %d open", h.shelf.bytes, len(h.shelf.events), h.seating.open)
	}
}

func TestSharedEventsAreBounded(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	for range 100 {
		h.put("s", "k", string(make([]byte, 200<<10)))
	}
	b := h.subscribe(h.register("s", "c"), Start{Type: TrimHorizon})
	for range 100 {
		e := next(t, b)
		if e.bytes > maxEventBytes {
			t.Fatalf("an event of %d bytes", e.bytes)
		}
		if h.shelf.bytes > maxSharedBytes || len(h.shelf.order) > maxSharedEvents || len(h.shelf.events) > maxSharedEvents {
			t.Fatalf("%d bytes in %d events kept", h.shelf.bytes, len(h.shelf.events))
		}
	}
}

// An event at the tip is not given to one who comes when the tip has moved on.
func TestSharedEventsGrowOld(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	h.put("s", "k", "a")
	next(t, h.subscribe(h.register("s", "c"), Start{Type: TrimHorizon}))
	h.put("s", "k", "b")
	h.clock.Advance((sharedTipMs + 1) * time.Millisecond)
	if got := contents(next(t, h.subscribe(h.register("s", "d"), Start{Type: TrimHorizon}))); fmt.Sprint(got) != "[a b]" {
		t.Errorf("got %v", got)
	}
}

func TestEmptySeatsAreForgotten(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	c := h.register("s", "c")
	for i := range 3 * minSeatSweep {
		b, err := h.Subscribe(t.Context(), SubscribeSpec{Stream: h.look("s"), Consumer: &catalog.Consumer{
			Name: c.Name, CreatedMs: c.CreatedMs, Status: catalog.Active}, BytesPerSecond: 1, Start: Start{Type: Latest}})
		h.ok(err)
		b.key.consumer = fmt.Sprint(i) // as if of another consumer
		h.seating.mu.Lock()
		h.seating.seats[b.key] = &seat{holder: b}
		delete(h.seating.seats, seatKey{b.key.ref, c.Name, c.CreatedSec()})
		h.seating.mu.Unlock()
		b.Close()
	}
	if n := len(h.seating.seats); n > 2*minSeatSweep {
		t.Errorf("%d empty seats kept", n)
	}
}
