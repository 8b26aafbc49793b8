package catalog

import (
	"fmt"
	"slices"

	"millrace/internal/engine"
)

// CommitReshard carries out one round of the split, merge or resize under
// way: the parents are closed, the children open. The engine must have made
// the children and sealed the parents before. After the last round the stream
// is ACTIVE. Refusal: ErrStale.
type CommitReshard struct {
	// Ms is when the parents closed: not before they were sealed.
	Ms  int64 `json:"ms"`
	UID UID   `json:"uid"`
	// FirstChild is the number of the first child, which says what round this is.
	FirstChild uint32 `json:"first_child"`
	// Ends are the ends of the parents, in the order in which the round names them.
	Ends []ShardEnd `json:"ends"`
}

// ShardEnd is where the engine sealed a shard.
type ShardEnd struct {
	Shard uint32          `json:"shard"`
	End   engine.Position `json:"end"`
}

func (c *CommitReshard) kind() string { return "commit_reshard" }

func (c *CommitReshard) check() error {
	for _, e := range c.Ends {
		if e.End>>63 != 0 {
			return fmt.Errorf("end %d of shard %d", e.End, e.Shard)
		}
	}
	return nil
}

func (c *CommitReshard) apply(s *State) Outcome {
	old, err := s.pending(c.UID, ChangeSplit, ChangeMerge, ChangeResize)
	if err != nil {
		return refuse(err)
	}
	round := old.NextRound()
	if c.FirstChild != old.NextShard || !c.fits(round) {
		return refuse(ErrStale)
	}
	st := old.clone()
	st.Shards, st.Open = slices.Clone(old.Shards), slices.Clone(old.Open)
	ends := c.Ends
	for _, step := range round {
		st.carryOut(step, ends[:len(step.Parents)], c.Ms)
		ends = ends[len(step.Parents):]
	}
	st.Open = slices.DeleteFunc(st.Open, func(sh *Shard) bool { return sh.Closed })
	slices.SortFunc(st.Open, func(a, b *Shard) int { return a.Range.Start.Cmp(b.Range.Start) })
	if len(st.NextRound()) == 0 {
		st.Status, st.Pending = Active, nil
	}
	return s.put(st)
}

func (c *CommitReshard) fits(round []Step) bool {
	var want []uint32
	for _, step := range round {
		want = append(want, step.Parents...)
	}
	return len(want) > 0 && slices.EqualFunc(want, c.Ends, func(n uint32, e ShardEnd) bool { return n == e.Shard })
}

// carryOut closes the parents of a step and opens its children. It owns the
// slices of st; closed shards stay in Open for the caller to take out.
func (st *Stream) carryOut(step Step, ends []ShardEnd, ms int64) {
	parents := make([]*Shard, len(ends))
	var sec int64
	for i, e := range ends {
		parents[i] = st.Shard(e.Shard)
		// A child's sequence numbers must be above its parents', whatever the
		// clock does. Their seconds run ahead of it where a child is resharded
		// at once; the times at which shards open and close do not.
		ms, sec = max(ms, parents[i].OpenedMs), max(sec, parents[i].CreatedSec)
	}
	sec = max(sec, floorSec(ms))
	for i, e := range ends {
		st.closeShard(parents[i], e.End, ms)
	}
	adjacent := NoShard
	if len(ends) == 2 {
		adjacent = int64(ends[1].Shard)
	}
	for _, r := range step.Ranges {
		child := &Shard{
			Number:         st.NextShard,
			Range:          r,
			Parent:         int64(ends[0].Shard),
			AdjacentParent: adjacent,
			CreatedSec:     sec + 1,
			OpenedMs:       ms,
		}
		st.Shards, st.Open = append(st.Shards, child), append(st.Open, child)
		st.NextShard++
	}
}

// closeShard replaces a shard by its closed self.
func (st *Stream) closeShard(sh *Shard, end engine.Position, ms int64) {
	closed := *sh
	closed.Closed, closed.ClosedMs, closed.End = true, ms, end
	i, _ := st.shardIndex(sh.Number)
	st.Shards[i] = &closed
	st.Open[slices.Index(st.Open, sh)] = &closed
}
