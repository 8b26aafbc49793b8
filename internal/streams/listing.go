package streams

import (
	"slices"

	"millrace/internal/catalog"
)

// Lookup returns the stream as it is now. Errors: *NotFoundError.
func (s *Service) Lookup(name catalog.Name) (*catalog.Stream, error) {
	s.mu.RLock()
	st := s.state.Stream(name)
	s.mu.RUnlock()
	if st == nil {
		return nil, &NotFoundError{Name: name}
	}
	return st, nil
}

// List returns the streams of an account and region in byte order of their
// names, those after the given name only, at most max.
func (s *Service) List(account, region, after string, max int) (list []*catalog.Stream, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.state.List(account, region, after, max)
}

// Usage counts the open shards (pending ones included) and the on-demand streams of an account and region.
func (s *Service) Usage(account, region string) (openShards, onDemandStreams int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.state.Usage(account, region)
}

// ShardFilter selects shards (ListShards); the values of Type are those of ShardFilterType.
type ShardFilter struct {
	Type        string // "" is FROM_TRIM_HORIZON
	TimestampMs int64
	After       int64 // shards with a greater number only; catalog.NoShard for all
}

// ListShards returns the listed shards that pass the filter, in order of their numbers.
func (s *Service) ListShards(st *catalog.Stream, filter ShardFilter) []*catalog.Shard {
	now := s.nowMs()
	pass := filter.predicate(st, now)
	from, _ := slices.BinarySearchFunc(st.Shards, filter.After+1, func(sh *catalog.Shard, n int64) int {
		return int(int64(sh.Number) - n)
	})
	var list []*catalog.Shard
	for _, sh := range st.Shards[from:] {
		if !st.Expired(sh, now) && pass(sh) {
			list = append(list, sh)
		}
	}
	return list
}

// predicate is what a filter asks of a shard that has not expired (API
// reference, ShardFilter). A shard is open from OpenedMs to ClosedMs, so that
// at any time the open ones cover the whole hash key space.
func (f ShardFilter) predicate(st *catalog.Stream, now int64) func(*catalog.Shard) bool {
	// The horizon of a stream younger than its retention is its creation.
	horizon := max(st.HorizonMs(now), st.CreatedMs)
	at := max(f.TimestampMs, horizon)
	switch f.Type {
	case "AT_LATEST":
		return func(sh *catalog.Shard) bool { return !sh.Closed }
	case "AT_TRIM_HORIZON":
		at = horizon
		fallthrough
	case "AT_TIMESTAMP":
		return func(sh *catalog.Shard) bool { return sh.OpenedMs <= at && (!sh.Closed || sh.ClosedMs >= at) }
	case "FROM_TIMESTAMP":
		return func(sh *catalog.Shard) bool { return !sh.Closed || sh.ClosedMs >= at }
	}
	return func(*catalog.Shard) bool { return true }
}
