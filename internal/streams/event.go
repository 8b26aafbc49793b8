package streams

import (
	"sync"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

const (
	// maxEventBytes of data and partition keys are in one event, but for a
	// single larger record. Slow readers hold an event each: it bounds what
	// many of them cost.
	maxEventBytes = 256 << 10
	// maxEventRecords is the most records of one event (that of GetRecords).
	maxEventRecords = 10000
	// maxSharedBytes and maxSharedEvents bound the events kept for other
	// subscribers.
	maxSharedBytes  = 8 << 20
	maxSharedEvents = 64
	// sharedTipMs and sharedMs are how long an event made at the tip, or
	// behind it, may be given to further subscribers: what it says of the
	// tip must still be about true.
	sharedTipMs = 100
	sharedMs    = 1000
)

// Event is one event of a subscription. Subscribers at the same position of a
// shard share it.
type Event struct {
	// Records are there until Encoded is called.
	Records []ReadRecord
	// Continuation is the number behind which (AFTER_SEQUENCE_NUMBER) reading
	// goes on; not there in the last event of a closed shard.
	Continuation       SequenceNumber
	Last               bool
	MillisBehindLatest int64
	ChildShards        []*catalog.Shard // in the last event of a closed shard

	next   Iterator // where to go on, unless Last
	atTip  bool
	count  int // of records
	bytes  int // of data and partition keys
	madeMs int64

	once    sync.Once
	encoded []byte
}

// Encoded returns the event's form on the wire, which the first caller makes
// for all. The records are given up by then: do not mix with reading Records.
func (e *Event) Encoded(make func(*Event) []byte) []byte {
	e.once.Do(func() {
		e.encoded = make(e)
		e.Records = nil
	})
	return e.encoded
}

func (e *Event) empty() bool { return e.count == 0 && !e.Last }

// readEvent makes the event at a position.
func (s *Service) readEvent(it Iterator) (*Event, error) {
	now := s.nowMs()
	_, sh, err := s.shardOf(it, now)
	if err != nil {
		return nil, err
	}
	page, err := s.Read(s.ctx, it, maxEventRecords, maxEventBytes)
	if err != nil {
		return nil, err
	}
	e := &Event{
		Records:            page.Records,
		MillisBehindLatest: page.MillisBehindLatest,
		ChildShards:        page.ChildShards,
		Last:               page.Next == nil,
		count:              len(page.Records),
		bytes:              page.Bytes,
		madeMs:             now,
	}
	if !e.Last {
		e.next = *page.Next
		e.atTip = page.MillisBehindLatest == 0
		e.Continuation = continuation(sh, page, now)
	}
	return e, nil
}

// continuation is a number that sorts behind every record before the next
// position and before every record from there on. It is that of the last
// record where there is one; else its time advances with the clock.
func continuation(sh *catalog.Shard, page Page, nowMs int64) SequenceNumber {
	before := max(page.Next.From, 1) - 1
	if n := len(page.Records); n > 0 && engine.Position(page.Records[n-1].Sequence.Counter()) == before {
		return page.Records[n-1].Sequence
	}
	return sequenceOf(sh, before, max(nowMs/1000, sh.CreatedSec))
}

// eventKey is a position of a shard.
type eventKey struct {
	ref  engine.ShardRef
	from engine.Position
}

// sharedEvent is an event that is being made or was made.
type sharedEvent struct {
	key   eventKey
	once  sync.Once
	event *Event
	err   error
	made  bool // guarded by eventShelf.mu
}

// eventShelf keeps the newest events, so that subscribers of a shard read and
// encode each once among them all. mu guards everything; it is not held while
// an event is made.
type eventShelf struct {
	mu     sync.Mutex
	events map[eventKey]*sharedEvent
	order  []*sharedEvent // those made, the oldest first
	bytes  int            // of those
}

// eventAt returns the event at a position, read by whoever came first.
func (s *Service) eventAt(it Iterator) (*Event, error) {
	e := s.shelf.take(eventKey{it.ref(), it.From}, s.nowMs())
	e.once.Do(func() {
		e.event, e.err = s.readEvent(it)
		s.shelf.keep(e)
	})
	return e.event, e.err
}

// take finds the event at a position, or a new one for the caller to make.
func (h *eventShelf) take(key eventKey, nowMs int64) *sharedEvent {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.events[key]
	if e != nil && e.made && !e.event.fresh(nowMs) {
		h.drop(e)
		e = nil
	}
	if e == nil {
		if h.events == nil {
			h.events = map[eventKey]*sharedEvent{}
		}
		e = &sharedEvent{key: key}
		h.events[key] = e
	}
	return e
}

func (e *Event) fresh(nowMs int64) bool {
	age := nowMs - e.madeMs
	if e.atTip {
		return age >= 0 && age <= sharedTipMs
	}
	return age >= 0 && age <= sharedMs
}

// keep puts an event that was made up for others. Failures and empty events
// are not kept.
func (h *eventShelf) keep(e *sharedEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.err != nil || e.event.empty() {
		if h.events[e.key] == e {
			delete(h.events, e.key)
		}
		return
	}
	e.made = true
	h.order = append(h.order, e)
	h.bytes += e.event.bytes
	for len(h.order) > 1 && (len(h.order) > maxSharedEvents || h.bytes > maxSharedBytes) {
		h.drop(h.order[0])
	}
}

// drop forgets an event that was made. Who has it goes on having it.
func (h *eventShelf) drop(e *sharedEvent) {
	delete(h.events, e.key)
	for i, o := range h.order {
		if o == e {
			h.order = append(h.order[:i], h.order[i+1:]...)
			h.bytes -= e.event.bytes
			return
		}
	}
}

// clear forgets everything; called when nobody subscribes any more.
func (h *eventShelf) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events, h.order, h.bytes = nil, nil, 0
}
