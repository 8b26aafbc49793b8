package disk

import (
	"cmp"
	"slices"
)

// lostOf says which records of a shard are in nothing that verified. What a
// damaged block held is known exactly. Beyond that, a hole in the positions
// counts where damage of unknown extent can have made it: a shard's positions
// have holes of their own, after a start that skipped ahead or a salvage.
func (d *doctor) lostOf(sh *ShardFound) []Lost {
	var have []span
	for i := range sh.pieces {
		p := &sh.pieces[i]
		d.Records += p.count
		have = append(have, p.covers()...)
	}
	have = union(have)
	var out []Lost
	for _, b := range d.bad {
		if b.ref != sh.Ref || b.head.lastArrival < sh.Trim {
			continue
		}
		for _, s := range subtract(span{b.head.first, b.head.last}, have) {
			l := Lost{Shard: sh.Ref, First: s.first, Last: s.last, Records: s.count(), FirstArrival: b.head.firstArrival, LastArrival: b.head.lastArrival}
			if whole := s == (span{b.head.first, b.head.last}); whole {
				l.Records = min(l.Records, uint64(b.head.count))
			}
			out = append(out, l)
			have = union(append(have, s))
		}
	}
	if st := d.streams[sh.Ref.Stream]; d.gaps || st.gaps {
		out = append(out, d.holes(sh, union(have))...)
	}
	if !sh.Sealed && sh.seen < d.passed {
		out = append(out, Lost{Shard: sh.Ref, First: sh.Tip, AtMost: true, Open: true, FirstArrival: sh.Arrival, LastArrival: sh.Arrival})
	}
	slices.SortFunc(out, func(a, b Lost) int { return cmp.Compare(a.First, b.First) })
	return out
}

// holes are the positions that nothing accounts for, from the first that must
// be there to the newest.
func (d *doctor) holes(sh *ShardFound, have []span) (out []Lost) {
	from := sh.Start
	if (!sh.known || sh.Trim > 0) && len(have) > 0 {
		from = have[0].first
	}
	if sh.Tip == 0 || from >= sh.Tip {
		return nil
	}
	for _, s := range subtract(span{from, sh.Tip - 1}, have) {
		before, after := sh.around(s)
		if s.count() >= skipPositions || before != nil && after != nil && before.segment == after.segment && before.segment != 0 && !d.damagedFile(before.path) {
			continue
		}
		l := Lost{Shard: sh.Ref, First: s.first, Last: s.last, Records: s.count(), AtMost: true, LastArrival: sh.Arrival}
		if before != nil {
			l.FirstArrival = before.lastArrival
		} else if after != nil {
			l.FirstArrival = after.arrival
		}
		if after != nil {
			l.LastArrival = after.arrival
		}
		out = append(out, l)
	}
	return out
}

// around are the pieces before and behind a hole, nil for none.
func (s *ShardFound) around(h span) (before, after *piece) {
	for i := range s.pieces {
		switch p := &s.pieces[i]; {
		case p.first < h.first:
			before = p
		case after == nil:
			after = p
		}
	}
	if before != nil && before.last > h.last {
		after = before // the hole is inside a block
	}
	return before, after
}

func (d *doctor) damagedFile(path string) bool {
	return slices.ContainsFunc(d.Damage, func(dm Damage) bool { return dm.File == path && !dm.HasShard })
}

// union merges spans into ones that do not touch, in order.
func union(in []span) []span {
	in = slices.Clone(in)
	slices.SortFunc(in, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	out := in[:0]
	for _, s := range in {
		if n := len(out); n > 0 && s.first <= out[n-1].last+1 {
			out[n-1].last = max(out[n-1].last, s.last)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// subtract gives the parts of a span that none of the others covers; those
// are as union makes them.
func subtract(s span, have []span) (out []span) {
	next := s.first
	for _, h := range have {
		if h.last < next {
			continue
		}
		if h.first > s.last {
			break
		}
		if h.first > next {
			out = append(out, span{next, h.first - 1})
		}
		next = h.last + 1
	}
	if next <= s.last {
		out = append(out, span{next, s.last})
	}
	return out
}
