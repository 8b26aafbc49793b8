package disk

import (
	"bytes"
	"cmp"
	"slices"

	"millrace/internal/engine"
)

// capture is the state of the engine between two commit groups, and the
// records that have to be in segments before that state may be a checkpoint.
type capture struct {
	state checkpoint
	dirty []dirtyShard // in order of stream and shard
	bytes int64        // what the tail held
}

// dirtyShard is a shard with records in the tail. A copy of the slice header
// is enough: published runs never change.
type dirtyShard struct {
	sh   *shard
	runs []run
	end  engine.Position // behind the last of the runs
	trim int64
}

// capture is taken by the committer, so that nothing can come in between.
func (c *committer) capture() *capture {
	b := &capture{state: checkpoint{
		lsn:     c.lsn,
		journal: c.file.number,
		offset:  c.off,
		base:    c.e.table.base,
		catalog: c.e.catalog.state(),
		streams: c.e.table.states(),
	}}
	for _, sh := range c.dirty {
		sh.dirty = false
		if v := sh.view(); len(v.runs) > 0 {
			b.dirty = append(b.dirty, dirtyShard{sh, v.runs, v.tip, v.trim})
			b.bytes += cost(v.runs)
		}
	}
	c.dirty = c.dirty[:0]
	c.lastCap = c.lsn
	slices.SortFunc(b.dirty, func(a, b dirtyShard) int {
		return cmp.Or(bytes.Compare(a.sh.ref.Stream[:], b.sh.ref.Stream[:]), cmp.Compare(a.sh.ref.Shard, b.sh.ref.Shard))
	})
	return b
}

// states describes every shard for a checkpoint.
func (t *table) states() []streamState {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]streamState, 0, len(t.streams))
	for _, st := range t.streams {
		s := streamState{uid: st.uid, floor: st.floor, shards: make([]shardState, 0, len(st.shards))}
		for _, sh := range st.shards {
			s.shards = append(s.shards, sh.state())
		}
		slices.SortFunc(s.shards, func(a, b shardState) int { return cmp.Compare(a.shard, b.shard) })
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b streamState) int { return bytes.Compare(a.uid[:], b.uid[:]) })
	return out
}

func (s *shard) state() shardState {
	v := s.view()
	return shardState{
		shard: s.ref.Shard, sealed: v.sealed, start: v.start, tip: v.tip, next: max(s.next, v.next),
		arrival: v.arrival, trim: v.trim,
	}
}
