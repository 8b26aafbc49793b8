package streams

import (
	"fmt"
	"io"
	"sync"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// takeOverMs is for how long a subscription keeps others of its consumer and
// shard out; from then on the next one takes over (API reference,
// SubscribeToShard).
const takeOverMs = 5000

// SubscribedError says that a consumer has a subscription to a shard: to who
// asks for a second one too early, and to who loses the first to it.
type SubscribedError struct {
	Name     catalog.Name
	Shard    uint32
	Consumer string
}

func (e *SubscribedError) Error() string {
	return fmt.Sprintf("consumer %s has another subscription to shard %d of stream %s", e.Consumer, e.Shard, e.Name.Stream)
}

// seatKey is what has one subscription at a time.
type seatKey struct {
	ref        engine.ShardRef
	consumer   string
	createdSec int64
}

// seat is the place of a consumer at a shard. It outlives a subscription as
// long as its pace has something booked.
type seat struct {
	holder *Subscription // nil where nobody subscribes now
	pace   pace
	rate   int // bytes per second
}

// minSeatSweep is how many seats may stand empty before they are looked through.
const minSeatSweep = 256

// seating is who subscribes to what. mu guards all of it and is taken last;
// it is held for a few steps only.
type seating struct {
	mu      sync.Mutex
	seats   map[seatKey]*seat
	streams map[engine.StreamUID]map[*Subscription]struct{}
	open    int
	sweepAt int
}

func newSeating() seating {
	return seating{
		seats:   map[seatKey]*seat{},
		streams: map[engine.StreamUID]map[*Subscription]struct{}{},
		sweepAt: minSeatSweep,
	}
}

// admit gives a subscription its seat. One that has held it for takeOverMs
// loses it; before that the newcomer is refused.
func (g *seating) admit(b *Subscription, nowMs int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep(nowMs)
	place := g.seats[b.key]
	if place == nil {
		place = &seat{}
		g.seats[b.key] = place
	}
	if old := place.holder; old != nil && old.ctx.Err() == nil {
		if old.keepsOut(nowMs) {
			return b.taken()
		}
		old.cancel(b.taken())
		g.leave(old)
	}
	place.holder, place.rate = b, b.rate
	b.pace, b.sinceMs = &place.pace, nowMs
	others := g.streams[b.key.ref.Stream]
	if others == nil {
		others = map[*Subscription]struct{}{}
		g.streams[b.key.ref.Stream] = others
	}
	others[b] = struct{}{}
	g.open++
	return nil
}

// holder is the subscription that holds a seat, nil if none does.
func (g *seating) holder(key seatKey) *Subscription {
	g.mu.Lock()
	defer g.mu.Unlock()
	if place := g.seats[key]; place != nil && place.holder != nil && place.holder.ctx.Err() == nil {
		return place.holder
	}
	return nil
}

// keepsOut says whether a subscription is too young to be taken over.
func (b *Subscription) keepsOut(nowMs int64) bool {
	held := nowMs - b.sinceMs
	return held >= 0 && held < takeOverMs
}

// release frees the seat of a subscription that has ended, and says whether
// it was the last one there was.
func (g *seating) release(b *Subscription) (last bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if place := g.seats[b.key]; place != nil && place.holder == b {
		place.holder = nil
	}
	g.leave(b)
	return g.open == 0
}

// leave takes a subscription off its stream's list. mu is held.
func (g *seating) leave(b *Subscription) {
	others := g.streams[b.key.ref.Stream]
	if _, there := others[b]; !there {
		return
	}
	g.open--
	delete(others, b)
	if len(others) == 0 {
		delete(g.streams, b.key.ref.Stream)
	}
}

// changed ends the subscriptions that a change of their stream leaves without
// a stream or a consumer; st is nil where the stream is gone.
func (g *seating) changed(uid engine.StreamUID, st *catalog.Stream) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for b := range g.streams[uid] {
		if reason := b.over(st); reason != nil {
			b.cancel(reason)
		}
	}
}

// sweep forgets empty seats with nothing booked, once enough have gathered.
// mu is held.
func (g *seating) sweep(nowMs int64) {
	if len(g.seats) < g.sweepAt {
		return
	}
	for key, place := range g.seats {
		if place.holder == nil && place.pace.idle(nowMs, place.rate) {
			delete(g.seats, key)
		}
	}
	g.sweepAt = max(minSeatSweep, 2*len(g.seats))
}

// over says why a subscription ends with what its stream has become, nil if
// it goes on. The end of a consumer is the end of the stream of events; that
// of the stream of records is an error in it.
func (b *Subscription) over(st *catalog.Stream) error {
	if st == nil || st.Status == catalog.Deleting {
		return &NotFoundError{Name: b.at.Name}
	}
	c := st.Consumer(b.key.consumer)
	if c == nil || c.CreatedSec() != b.key.createdSec || c.Status == catalog.Deleting {
		return io.EOF
	}
	return nil
}

func (b *Subscription) taken() error {
	return &SubscribedError{Name: b.at.Name, Shard: b.key.ref.Shard, Consumer: b.key.consumer}
}
