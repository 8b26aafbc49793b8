package disk

import (
	"maps"
	"slices"
	"sort"
	"sync"

	"millrace/internal/engine"
)

// shard is one shard. The fields under "committer" belong to the committer's
// goroutine; mu guards the others and is never held across I/O. Slices are
// only ever appended to or replaced, so a reader works on the headers it
// copied under mu.
type shard struct {
	ref engine.ShardRef
	st  *stream

	// committer: the state as of the group being built
	next    engine.Position // of the next record
	last    int64           // arrival of the newest record
	closed  bool            // sealed
	dropped bool
	dirty   bool // in committer.dirty

	mu   sync.Mutex
	pub  published
	wake chan struct{} // closed at the next change; nil while nobody waits
}

// published is a shard as readers see it.
type published struct {
	start   engine.Position // the first position that may belong to it
	tip     engine.Position // behind the newest record
	next    engine.Position // behind every position ever given out
	arrival int64           // of the newest record
	trim    int64           // records that arrived before it may go
	sealed  bool
	gone    bool
	runs    []run   // the tail
	blocks  []block // in segments, all before the tail
}

// newShard makes a shard that readers do not see yet.
func newShard(ref engine.ShardRef, st *stream, start engine.Position) *shard {
	return &shard{ref: ref, st: st, next: start, pub: published{start: start, tip: start, next: start, gone: true}}
}

// view returns what is readable now.
func (s *shard) view() published {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pub
}

// update changes what is readable and wakes those who wait for that.
func (s *shard) update(change func(*published)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.pub)
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
}

func (s *shard) publishRun(r run) {
	s.mu.Lock()
	s.pub.runs = append(s.pub.runs, r)
	s.pub.tip, s.pub.next, s.pub.arrival = r.end(), r.end(), r.arrival
	wake := s.wake
	s.wake = nil
	s.mu.Unlock()
	if wake != nil {
		close(wake)
	}
}

// drop empties the shard. It returns what the tail lost.
func (s *shard) drop() (bytes int64) {
	s.update(func(p *published) {
		bytes = cost(p.runs)
		release(p.blocks)
		p.gone, p.runs, p.blocks = true, nil, nil
	})
	return bytes
}

// trimTo forgets records that arrived before the given time. It returns what
// the tail lost and whether a segment died of it.
func (s *shard) trimTo(before int64) (bytes int64, died bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before <= s.pub.trim {
		return 0, false
	}
	s.pub.trim = before
	n := sort.Search(len(s.pub.blocks), func(i int) bool { return s.pub.blocks[i].lastArrival() >= before })
	died = release(s.pub.blocks[:n])
	s.pub.blocks = cutFront(s.pub.blocks, n)
	n = sort.Search(len(s.pub.runs), func(i int) bool { return s.pub.runs[i].arrival >= before })
	bytes = cost(s.pub.runs[:n])
	s.pub.runs = cutFront(s.pub.runs, n)
	return bytes, died
}

// settle takes records out of the tail that now stand in blocks. It returns
// what the tail lost.
func (s *shard) settle(blocks []block, end engine.Position) (bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pub.gone {
		release(blocks)
		return 0
	}
	n := sort.Search(len(blocks), func(i int) bool { return blocks[i].lastArrival() >= s.pub.trim })
	release(blocks[:n])
	s.pub.blocks = append(s.pub.blocks, blocks[n:]...)
	n = sort.Search(len(s.pub.runs), func(i int) bool { return s.pub.runs[i].first >= end })
	bytes = cost(s.pub.runs[:n])
	s.pub.runs = cutFront(s.pub.runs, n)
	return bytes
}

// cutFront drops the first n elements, and the memory behind them: readers may
// still hold the old slice, so nothing in it is changed.
func cutFront[T any](s []T, n int) []T {
	switch n {
	case 0:
		return s
	case len(s):
		return nil
	}
	return append([]T(nil), s[n:]...)
}

func cost(runs []run) (bytes int64) {
	for _, r := range runs {
		bytes += r.cost()
	}
	return bytes
}

// stream is the shards of one stream and its segments. The table's lock guards it.
type stream struct {
	uid    engine.StreamUID
	shards map[uint32]*shard
	// dropped and floor belong to the committer's goroutine. floor is behind every position of the shards that were dropped, so that
	// a shard made anew under an old number never repeats one.
	floor   engine.Position
	dropped bool
	// segments in order of their numbers. Only the flusher changes the list,
	// except that a drop of the stream moves it to table.dead.
	segments []*segment
}

// table is all streams. mu guards the maps and the streams in them; it comes
// before a shard's lock and is never held across I/O.
type table struct {
	mu      sync.RWMutex
	streams map[engine.StreamUID]*stream
	// base is how far the positions of new shards have skipped ahead; it
	// belongs to the committer's goroutine.
	base engine.Position
	// dead are the segments of dropped streams, until they are deleted.
	dead []*segment
}

func newTable() *table { return &table{streams: map[engine.StreamUID]*stream{}} }

// shard finds a shard, nil where there is none.
func (t *table) shard(ref engine.ShardRef) *shard {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if st := t.streams[ref.Stream]; st != nil {
		return st.shards[ref.Shard]
	}
	return nil
}

// stream finds a stream, nil where there is none.
func (t *table) stream(uid engine.StreamUID) *stream {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.streams[uid]
}

// shardsOf lists the shards of a stream.
func (t *table) shardsOf(st *stream) []*shard {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Collect(maps.Values(st.shards))
}

// add makes a shard, which readers do not see yet. It is called by the
// committer, and by recovery before there is one.
func (t *table) add(ref engine.ShardRef, start engine.Position) *shard {
	t.mu.Lock()
	defer t.mu.Unlock()
	st := t.streams[ref.Stream]
	if st == nil || st.dropped {
		st = &stream{uid: ref.Stream, shards: map[uint32]*shard{}, floor: 1}
		t.streams[ref.Stream] = st
	}
	s := newShard(ref, st, max(start, st.floor, t.base+1))
	st.shards[ref.Shard] = s
	return s
}

// dropShard takes a shard out. It returns what the tail lost.
func (t *table) dropShard(s *shard) int64 {
	t.mu.Lock()
	if s.st.shards[s.ref.Shard] == s {
		delete(s.st.shards, s.ref.Shard)
	}
	t.mu.Unlock()
	return s.drop()
}

// dropStream takes a stream out. It returns what the tail lost.
func (t *table) dropStream(st *stream) (bytes int64) {
	t.mu.Lock()
	if t.streams[st.uid] == st {
		delete(t.streams, st.uid)
	}
	t.dead = append(t.dead, st.segments...)
	st.segments = nil
	shards := st.shards
	st.shards = map[uint32]*shard{}
	t.mu.Unlock()
	for _, s := range shards {
		bytes += s.drop()
	}
	return bytes
}
