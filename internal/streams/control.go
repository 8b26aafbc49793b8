package streams

import (
	"context"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

// CreateSpec says what stream to create and the limits that hold for it.
type CreateSpec struct {
	Name       catalog.Name
	Mode       catalog.Mode
	ShardCount int
	Tags       map[string]string
	// MaxCreating is how many streams of the account and region may be CREATING; 0 is no limit.
	MaxCreating int
	// MaxShards is the limit of open shards of the account and region; 0 is no limit.
	MaxShards int
	// MaxOnDemand is the limit of on-demand streams of the account and region; 0 is no limit.
	MaxOnDemand int
}

// change submits a command of which a change of a stream may follow, and
// carries that out at once if there is no delay.
func (s *Service) change(ctx context.Context, c catalog.Command) (*catalog.Stream, error) {
	st, err := s.submit(ctx, c)
	if err != nil {
		return nil, err
	}
	s.settle(st)
	return st, nil
}

// Create accepts a new stream. Errors: *ExistsError, *LimitError.
func (s *Service) Create(ctx context.Context, spec CreateSpec) error {
	_, err := s.change(ctx, &catalog.CreateStream{
		Ms:          s.nowMs(),
		Name:        spec.Name,
		UID:         catalog.UID(s.random(len(engine.StreamUID{}))),
		Mode:        spec.Mode,
		ShardCount:  spec.ShardCount,
		Tags:        spec.Tags,
		MaxCreating: spec.MaxCreating,
		MaxShards:   spec.MaxShards,
		MaxOnDemand: spec.MaxOnDemand,
	})
	return err
}

// Delete accepts the deletion of a stream in any state but DELETING. Errors:
// *NotFoundError, *StateError (already DELETING).
func (s *Service) Delete(ctx context.Context, name catalog.Name) error {
	_, err := s.change(ctx, &catalog.DeleteStream{Ms: s.nowMs(), Name: name})
	return err
}

// DeleteUnused is Delete for a stream without consumers. Further error:
// *HasConsumersError.
func (s *Service) DeleteUnused(ctx context.Context, name catalog.Name) error {
	_, err := s.change(ctx, &catalog.DeleteUnusedStream{Ms: s.nowMs(), Name: name})
	return err
}

// Split accepts a split. Checks in the order that SplitShard was seen to keep:
// stream exists, ACTIVE, shard exists, shard open, shard limit, hash key.
// Errors: *NotFoundError, *StateError, *ShardNotFoundError,
// *ShardClosedError, *LimitError, *SplitKeyError.
func (s *Service) Split(ctx context.Context, name catalog.Name, shard uint32, at hashkey.Key, maxShards int) error {
	_, err := s.change(ctx, &catalog.BeginSplit{Ms: s.nowMs(), Name: name, Shard: shard, At: at, MaxShards: maxShards})
	return err
}

// Merge accepts a merge of two adjacent open shards, the lower one first.
// Errors: *NotFoundError, *StateError, *ShardNotFoundError,
// *ShardClosedError, *NotAdjacentError.
func (s *Service) Merge(ctx context.Context, name catalog.Name, lower, upper uint32) error {
	_, err := s.change(ctx, &catalog.BeginMerge{Ms: s.nowMs(), Name: name, Lower: lower, Upper: upper})
	return err
}

// ResizeSpec is an UpdateShardCount with the limits that hold for it; 0 is no limit.
type ResizeSpec struct {
	Name         catalog.Name
	Target       int
	MaxShards    int // account limit of open shards
	MaxPerDay    int // calls per rolling 24 hours
	MaxPerStream int // 10000
	HalfToDouble bool
}

// Resize accepts a new shard count and returns how many shards are open now.
// A target equal to the current count is accepted and changes nothing. Errors:
// *NotFoundError, *StateError, *LimitError, *ResizeError (half/double rule).
func (s *Service) Resize(ctx context.Context, spec ResizeSpec) (current int, err error) {
	st, err := s.change(ctx, &catalog.BeginResize{
		Ms:           s.nowMs(),
		Name:         spec.Name,
		Target:       spec.Target,
		MaxShards:    spec.MaxShards,
		MaxPerDay:    spec.MaxPerDay,
		MaxPerStream: spec.MaxPerStream,
		HalfToDouble: spec.HalfToDouble,
	})
	if err != nil {
		return 0, err
	}
	return len(st.Open), nil
}

// SetRetention accepts a new retention period. increase says which of the two
// operations asks; the same value is accepted by both. Errors:
// *NotFoundError, *StateError, *RetentionError.
func (s *Service) SetRetention(ctx context.Context, name catalog.Name, hours int32, increase bool) error {
	_, err := s.change(ctx, &catalog.BeginRetention{Ms: s.nowMs(), Name: name, Hours: hours, Increase: increase})
	return err
}

// Tag adds or overwrites tags; maxTags bounds what the stream has afterwards.
// Errors: *NotFoundError, *StateError (CREATING, DELETING), *LimitError.
func (s *Service) Tag(ctx context.Context, name catalog.Name, tags map[string]string, maxTags int) error {
	_, err := s.submit(ctx, &catalog.Tag{Name: name, Tags: tags, MaxTags: maxTags})
	return err
}

// Untag removes tags; keys that are not there are ignored. Errors as Tag.
func (s *Service) Untag(ctx context.Context, name catalog.Name, keys []string) error {
	_, err := s.submit(ctx, &catalog.Untag{Name: name, Keys: keys})
	return err
}
