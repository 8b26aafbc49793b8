package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// The ways in which a server can break its word.
const (
	lost      = "lost"      // acknowledged, and not there
	reordered = "reordered" // against the order of its producer
	doubled   = "doubled"   // there more than once
	phantom   = "phantom"   // never sent, or not with these bytes
	vanished  = "vanished"  // read once, and not there any more
	risen     = "risen"     // not there at first, there later
	reused    = "reused"    // a sequence number given to two records
)

// kinds are all of them, in the order of the summary.
var kinds = []string{lost, reordered, doubled, phantom, vanished, risen, reused}

// entry is a record at its place in a shard.
type entry struct {
	sequence string
	id       recordID
}

// shardName names a shard of a stream.
type shardName struct{ stream, shard string }

// history is what is known of one shard.
type history struct {
	// acked is what producers were told, in the order in which they heard it.
	acked []entry
	// checked is how many of acked have been found already.
	checked int
	// known is what was read, in order. It only ever grows at its end.
	known []entry
	// newest is the last counter in known of each producer.
	newest map[uint32]uint64
	// ended says that a reader saw the shard's end.
	ended bool
}

// Oracle knows what was sent, acknowledged and read, and counts the
// contradictions.
type Oracle struct {
	mu         sync.Mutex // guards everything below
	sent       map[uint32]uint64
	shards     map[shardName]*history
	where      map[recordID]string
	violations map[string]int
	details    []string
	ackedCount int
}

// NewOracle returns an oracle that knows of nothing.
func NewOracle() *Oracle {
	return &Oracle{
		sent:       map[uint32]uint64{},
		shards:     map[shardName]*history{},
		where:      map[recordID]string{},
		violations: map[string]int{},
	}
}

// Forget drops all records, but not the counts: the streams were deleted.
func (o *Oracle) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.shards)
	clear(o.where)
}

// maxDetails bounds how many contradictions are told in full.
const maxDetails = 20

// violate must be called with mu held.
func (o *Oracle) violate(kind, format string, arguments ...any) {
	o.violations[kind]++
	if len(o.details) < maxDetails {
		o.details = append(o.details, kind+": "+fmt.Sprintf(format, arguments...))
	}
}

// Sending notes that all counters of a producer below next may be on their way.
func (o *Oracle) Sending(producer uint32, next uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent[producer] = max(o.sent[producer], next)
}

// Acknowledged notes that the server promised to keep a record.
func (o *Oracle) Acknowledged(name shardName, e entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.history(name)
	h.acked = append(h.acked, e)
	o.ackedCount++
}

func (o *Oracle) history(name shardName) *history {
	h := o.shards[name]
	if h == nil {
		h = &history{newest: map[uint32]uint64{}}
		o.shards[name] = h
	}
	return h
}

// Known is how many records of a shard have been read so far, and the
// sequence number of the one at index at.
func (o *Oracle) Known(name shardName, at int) (count int, sequence string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	known := o.history(name).known
	if at < len(known) {
		sequence = known[at].sequence
	}
	return len(known), sequence
}

// record is a record as a reader got it.
type record struct {
	sequence, key string
	data          []byte
}

// Read notes one page of a shard, whose first record stands at index at of
// all that the shard has, and returns the index after it.
func (o *Oracle) Read(name shardName, at int, page []record) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.history(name)
	for _, r := range page {
		id, ok := identify(r.key, r.data)
		if !ok || id.counter >= o.sent[id.producer] {
			o.violate(phantom, "%v %s: %d bytes under key %q", name, r.sequence, len(r.data), r.key)
			at++
			continue
		}
		e := entry{r.sequence, id}
		if at < len(h.known) {
			o.compare(name, h.known[at], e)
		} else {
			o.extend(name, h, e)
		}
		at++
	}
	return at
}

// compare holds a record against the one that stood in its place before.
func (o *Oracle) compare(name shardName, before, now entry) {
	switch {
	case before == now:
	case now.sequence == before.sequence:
		o.violate(reused, "%v %s was %v, is %v", name, now.sequence, before.id, now.id)
	case now.sequence < before.sequence:
		o.violate(risen, "%v %s %v, where %s %v had stood", name, now.sequence, now.id, before.sequence, before.id)
	default:
		o.violate(vanished, "%v %s %v: %s %v stands there", name, before.sequence, before.id, now.sequence, now.id)
	}
}

func (o *Oracle) extend(name shardName, h *history, e entry) {
	if h.ended {
		o.violate(risen, "%v %s %v after the end of the shard", name, e.sequence, e.id)
	}
	if n := len(h.known); n > 0 && e.sequence <= h.known[n-1].sequence {
		o.violate(reordered, "%v: sequence number %s follows %s", name, e.sequence, h.known[n-1].sequence)
	}
	if newest, ok := h.newest[e.id.producer]; ok && e.id.counter <= newest {
		o.violate(reordered, "%v: %v stands after counter %d", name, e.id, newest)
	}
	h.newest[e.id.producer] = e.id.counter
	if place, ok := o.where[e.id]; ok {
		o.violate(doubled, "%v is at %s and at %v %s", e.id, place, name, e.sequence)
	}
	o.where[e.id] = fmt.Sprintf("%v %s", name, e.sequence)
	h.known = append(h.known, e)
}

// Tip notes that a reader came to the end of what a shard has now, after at
// records; ended says that the shard is closed and nothing can follow.
func (o *Oracle) Tip(name shardName, at int, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.history(name)
	for _, e := range h.known[min(at, len(h.known)):] {
		o.violate(vanished, "%v %s %v: the shard ends before it", name, e.sequence, e.id)
	}
	h.known = h.known[:min(at, len(h.known))]
	h.ended = h.ended || ended
}

// CheckAcks looks for everything acknowledged among what was read: for what
// came since the last time, or for all there ever was.
func (o *Oracle) CheckAcks(all bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, h := range o.shards {
		if all {
			h.checked = 0
		}
		for _, e := range h.acked[h.checked:] {
			at, found := slices.BinarySearchFunc(h.known, e.sequence, func(k entry, s string) int {
				return strings.Compare(k.sequence, s)
			})
			switch {
			case !found:
				o.violate(lost, "%v %s %v", name, e.sequence, e.id)
			case h.known[at].id != e.id:
				o.violate(reused, "%v %s was acknowledged as %v and is %v", name, e.sequence, e.id, h.known[at].id)
			}
		}
		h.checked = len(h.acked)
	}
}

// CheckKeys holds that the records of one partition key have the order of
// their producer along the sequence numbers of the whole stream, through
// every split and merge.
func (o *Oracle) CheckKeys() {
	o.mu.Lock()
	defer o.mu.Unlock()
	streams := map[string][]entry{}
	for name, h := range o.shards {
		streams[name.stream] = append(streams[name.stream], h.known...)
	}
	for _, stream := range slices.Sorted(maps.Keys(streams)) {
		entries := streams[stream]
		slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.sequence, b.sequence) })
		newest := map[string]uint64{}
		for i, e := range entries {
			if i > 0 && entries[i-1].sequence == e.sequence {
				o.violate(reused, "%s: %s is %v and %v", stream, e.sequence, entries[i-1].id, e.id)
			}
			key := partitionKey(e.id)
			if before, ok := newest[key]; ok && e.id.counter <= before {
				o.violate(reordered, "%s, key %s: %v stands after counter %d", stream, key, e.id, before)
			}
			newest[key] = e.id.counter
		}
	}
}

// Verdict is what the oracle found.
type Verdict struct {
	Acked      int
	Violations map[string]int
	Details    []string
}

// Verdict returns the counts so far.
func (o *Oracle) Verdict() Verdict {
	o.mu.Lock()
	defer o.mu.Unlock()
	return Verdict{o.ackedCount, maps.Clone(o.violations), slices.Clone(o.details)}
}

// Sum is the number of all violations.
func (v Verdict) Sum() (n int) {
	for _, count := range v.Violations {
		n += count
	}
	return n
}

// String gives the counts in the form of the summary line.
func (v Verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d acked", v.Acked)
	for _, kind := range kinds {
		fmt.Fprintf(&b, ", %d %s", v.Violations[kind], kind)
	}
	return b.String()
}

// Ended reports whether a reader saw the shard's end.
func (o *Oracle) Ended(name shardName) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.history(name).ended
}
