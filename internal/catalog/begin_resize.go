package catalog

import "slices"

const dayMs = 24 * hourMs

// BeginResize accepts a new number of open shards. A target that is the
// current number is accepted and changes nothing. Refusals, in this order:
// *NotFoundError, *StateError, *LimitError (resizes), *ResizeError,
// *LimitError (shards_per_stream, shards).
type BeginResize struct {
	Ms     int64 `json:"ms"`
	Name   Name  `json:"name"`
	Target int   `json:"target"`
	// The limits; 0 is no limit.
	MaxShards    int  `json:"max_shards,omitempty"`
	MaxPerDay    int  `json:"max_per_day,omitempty"`
	MaxPerStream int  `json:"max_per_stream,omitempty"`
	HalfToDouble bool `json:"half_to_double,omitempty"`
}

func (c *BeginResize) kind() string { return "begin_resize" }

func (c *BeginResize) check() error {
	if err := c.Name.check(); err != nil {
		return err
	}
	return checkShardCount(c.Target)
}

func (c *BeginResize) apply(s *State) Outcome {
	old, err := s.active(c.Name)
	if err != nil {
		return refuse(err)
	}
	if c.Target == len(old.Open) {
		return Outcome{Stream: old}
	}
	recent := slices.DeleteFunc(slices.Clone(old.Resizes), func(ms int64) bool { return ms <= c.Ms-dayMs })
	if err := c.judge(s, old, len(recent)); err != nil {
		return refuse(err)
	}
	st := old.updating(Change{
		Kind:       ChangeResize,
		AcceptedMs: c.Ms,
		ShardCount: c.Target,
		Layout:     old.layoutFor(c.Target),
		FirstShard: old.NextShard,
	})
	st.Resizes = append(recent, c.Ms)
	return s.put(st)
}

func (c *BeginResize) judge(s *State, st *Stream, recent int) error {
	now := len(st.Open)
	if c.MaxPerDay > 0 && recent >= c.MaxPerDay {
		return &LimitError{LimitResizes, recent, c.MaxPerDay, 1}
	}
	if c.HalfToDouble && (c.Target > 2*now || 2*c.Target < now) {
		return &ResizeError{c.Name, now, c.Target}
	}
	if c.MaxPerStream > 0 && c.Target > c.MaxPerStream {
		return &LimitError{LimitPerStream, now, c.MaxPerStream, c.Target - now}
	}
	return s.shardLimit(c.Name, c.Target-now, c.MaxShards)
}
