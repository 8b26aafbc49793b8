package catalog

import "millrace/internal/hashkey"

// Step is one split or one merge: one parent and two ranges, or two parents,
// the lower first, and one range. The children take the next shard numbers in
// the order of the ranges.
type Step struct {
	Parents []uint32
	Ranges  []hashkey.Range
}

// maxRound bounds the steps of one round, so that no command grows without
// bound and no put waits for more seals than that.
const maxRound = 128

// NextRound returns the steps to carry out next for the split, merge or
// resize under way, none when it is finished. It depends on the stream alone,
// so a round that a crash cut off comes out the same again.
func (s *Stream) NextRound() []Step {
	if s.Pending == nil {
		return nil
	}
	switch c := s.Pending; c.Kind {
	case ChangeSplit:
		return s.splitRound(c)
	case ChangeMerge:
		return s.mergeRound(c)
	case ChangeResize:
		switch c.Layout {
		case LayoutHalves:
			return s.halvesRound(c.FirstShard)
		case LayoutPairs:
			return s.pairsRound(c.FirstShard)
		}
		return s.equalRound(s.finalBounds(c.ShardCount))
	}
	return nil
}

func split(sh *Shard, at hashkey.Key) Step {
	return Step{
		Parents: []uint32{sh.Number},
		Ranges:  []hashkey.Range{{Start: sh.Range.Start, End: at.Dec()}, {Start: at, End: sh.Range.End}},
	}
}

func merge(lower, upper *Shard) Step {
	return Step{
		Parents: []uint32{lower.Number, upper.Number},
		Ranges:  []hashkey.Range{{Start: lower.Range.Start, End: upper.Range.End}},
	}
}

func (s *Stream) splitRound(c *Change) []Step {
	sh := s.Shard(c.Shard)
	if sh == nil || sh.Closed || !splittable(sh.Range, c.At) {
		return nil
	}
	return []Step{split(sh, c.At)}
}

func (s *Stream) mergeRound(c *Change) []Step {
	lower, upper := s.Shard(c.Shard), s.Shard(c.Adjacent)
	if lower == nil || upper == nil || lower.Closed || upper.Closed || !lower.Range.Adjacent(upper.Range) {
		return nil
	}
	return []Step{merge(lower, upper)}
}

// layoutFor chooses how to get to a number of open shards.
func (s *Stream) layoutFor(target int) Layout {
	switch now := len(s.Open); {
	case target == 2*now && s.halvable():
		return LayoutHalves
	case 2*target == now:
		return LayoutPairs
	}
	return LayoutEqual
}

func (s *Stream) halvable() bool {
	for _, sh := range s.Open {
		if !splittable(sh.Range, sh.Range.Half()) {
			return false
		}
	}
	return true
}

func (s *Stream) halvesRound(first uint32) []Step {
	var round []Step
	for _, sh := range s.Open {
		at := sh.Range.Half()
		if sh.Number < first && splittable(sh.Range, at) && len(round) < maxRound {
			round = append(round, split(sh, at))
		}
	}
	return round
}

func (s *Stream) pairsRound(first uint32) []Step {
	var round []Step
	for i := 0; i+1 < len(s.Open) && len(round) < maxRound; i++ {
		if s.Open[i].Number < first && s.Open[i+1].Number < first {
			round = append(round, merge(s.Open[i], s.Open[i+1]))
			i++
		}
	}
	return round
}

// finalBounds are the starts of the ranges, but the first, that n shards of
// equal size have. A start that lies within a millionth of a border there is
// already is that border: splitting off such a sliver helps nobody, and a
// split or merge done in an earlier round must be found again.
func (s *Stream) finalBounds(n int) []hashkey.Key {
	ranges := hashkey.Ranges(n)
	tolerance := ranges[0].Width().Rsh(20)
	bounds := make([]hashkey.Key, 0, n-1)
	open := s.Open
	for _, r := range ranges[1:] {
		at := r.Start
		for len(open) > 1 && open[1].Range.Start.Less(at) {
			open = open[1:]
		}
		// open[0] starts below at, or is the first shard; open[1] does not.
		if len(open) > 1 && open[1].Range.Start.Sub(at).Cmp(tolerance) <= 0 {
			at = open[1].Range.Start
		} else if start := open[0].Range.Start; start != (hashkey.Key{}) && at.Sub(start).Cmp(tolerance) <= 0 {
			at = start
		}
		bounds = append(bounds, at)
	}
	return bounds
}

// equalRound splits each shard that a bound crosses at the middle one of its
// bounds, and merges two neighbours with no bound in or between them.
func (s *Stream) equalRound(bounds []hashkey.Key) []Step {
	var round []Step
	for i := 0; i < len(s.Open) && len(round) < maxRound; i++ {
		sh := s.Open[i]
		if len(bounds) > 0 && bounds[0] == sh.Range.Start {
			bounds = bounds[1:]
		}
		inside := countUpTo(bounds, sh.Range.End)
		if inside > 0 {
			round = append(round, split(sh, bounds[inside/2]))
			bounds = bounds[inside:]
			continue
		}
		if i+1 == len(s.Open) {
			break
		}
		upper := s.Open[i+1]
		if countUpTo(bounds, upper.Range.End) == 0 {
			round = append(round, merge(sh, upper))
			i++
		}
	}
	return round
}

// countUpTo counts the leading bounds that are not above end.
func countUpTo(bounds []hashkey.Key, end hashkey.Key) int {
	n := 0
	for n < len(bounds) && !end.Less(bounds[n]) {
		n++
	}
	return n
}
