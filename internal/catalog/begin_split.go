package catalog

import "millrace/internal/hashkey"

// BeginSplit accepts a split of one open shard. Refusals, in this order:
// *NotFoundError, *StateError, *ShardNotFoundError, *ShardClosedError,
// *LimitError, *SplitKeyError.
type BeginSplit struct {
	Ms    int64       `json:"ms"`
	Name  Name        `json:"name"`
	Shard uint32      `json:"shard"`
	At    hashkey.Key `json:"at"` // the starting hash key of the upper child
	// MaxShards is the limit of open shards of the account and region; 0 is no limit.
	MaxShards int `json:"max_shards,omitempty"`
}

func (c *BeginSplit) kind() string { return "begin_split" }
func (c *BeginSplit) check() error { return c.Name.check() }

func (c *BeginSplit) apply(s *State) Outcome {
	old, err := s.active(c.Name)
	if err != nil {
		return refuse(err)
	}
	sh, err := old.openShard(c.Shard)
	if err != nil {
		return refuse(err)
	}
	if err := s.shardLimit(c.Name, 1, c.MaxShards); err != nil {
		return refuse(err)
	}
	if !splittable(sh.Range, c.At) {
		return refuse(&SplitKeyError{c.Name, c.Shard, sh.Range, c.At})
	}
	return s.put(old.updating(Change{Kind: ChangeSplit, AcceptedMs: c.Ms, Shard: c.Shard, At: c.At}))
}

// splittable is the rule that SplitShard was seen to keep: the key is greater
// than one plus the start and less than the end.
func splittable(r hashkey.Range, at hashkey.Key) bool {
	return r.Start.Less(at) && r.Start.Inc().Less(at) && at.Less(r.End)
}

func (s *Stream) openShard(number uint32) (*Shard, error) {
	sh := s.Shard(number)
	if sh == nil {
		return nil, &ShardNotFoundError{s.Name, number}
	}
	if sh.Closed {
		return nil, &ShardClosedError{s.Name, number}
	}
	return sh, nil
}

func (s *Stream) updating(c Change) *Stream {
	st := s.clone()
	st.Status, st.Pending = Updating, &c
	return st
}
