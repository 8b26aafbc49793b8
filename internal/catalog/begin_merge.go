package catalog

// BeginMerge accepts a merge of two open shards. Refusals, in this order:
// *NotFoundError, *StateError, *ShardNotFoundError, *ShardClosedError,
// *NotAdjacentError.
type BeginMerge struct {
	Ms    int64  `json:"ms"`
	Name  Name   `json:"name"`
	Lower uint32 `json:"lower"`
	Upper uint32 `json:"upper"`
}

func (c *BeginMerge) kind() string { return "begin_merge" }
func (c *BeginMerge) check() error { return c.Name.check() }

func (c *BeginMerge) apply(s *State) Outcome {
	old, err := s.active(c.Name)
	if err != nil {
		return refuse(err)
	}
	for _, n := range []uint32{c.Lower, c.Upper} {
		if old.Shard(n) == nil {
			return refuse(&ShardNotFoundError{c.Name, n})
		}
	}
	for _, n := range []uint32{c.Lower, c.Upper} {
		if _, err := old.openShard(n); err != nil {
			return refuse(err)
		}
	}
	if !old.Shard(c.Lower).Range.Adjacent(old.Shard(c.Upper).Range) {
		return refuse(&NotAdjacentError{c.Name, c.Lower, c.Upper})
	}
	return s.put(old.updating(Change{Kind: ChangeMerge, AcceptedMs: c.Ms, Shard: c.Lower, Adjacent: c.Upper}))
}
