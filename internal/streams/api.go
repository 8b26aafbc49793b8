package streams

import (
	"context"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

// This file is the contract with package ops, to be filled in and split up.

// Service is the streams of one installation.
type Service struct{}

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

// Create accepts a new stream. Errors: *ExistsError, *LimitError.
func (s *Service) Create(ctx context.Context, spec CreateSpec) error { panic("not built") }

// Delete accepts the deletion of a stream in any state but DELETING. Errors:
// *NotFoundError, *StateError (already DELETING).
func (s *Service) Delete(ctx context.Context, name catalog.Name) error { panic("not built") }

// Lookup returns the stream as it is now. Errors: *NotFoundError.
func (s *Service) Lookup(name catalog.Name) (*catalog.Stream, error) { panic("not built") }

// List returns the streams of an account and region in byte order of their
// names, those after the given name only, at most max.
func (s *Service) List(account, region, after string, max int) (list []*catalog.Stream, more bool) {
	panic("not built")
}

// Usage counts the open shards (pending ones included) and the on-demand streams of an account and region.
func (s *Service) Usage(account, region string) (openShards, onDemandStreams int) { panic("not built") }

// Split accepts a split. Checks in the order of operations.md: stream exists,
// ACTIVE, shard exists, shard open, shard limit, hash key. Errors:
// *NotFoundError, *StateError, *ShardNotFoundError, *ShardClosedError,
// *LimitError, *SplitKeyError.
func (s *Service) Split(ctx context.Context, name catalog.Name, shard uint32, at hashkey.Key, maxShards int) error {
	panic("not built")
}

// Merge accepts a merge of two adjacent open shards, the lower one first.
// Errors: *NotFoundError, *StateError, *ShardNotFoundError,
// *ShardClosedError, *NotAdjacentError.
func (s *Service) Merge(ctx context.Context, name catalog.Name, lower, upper uint32) error {
	panic("not built")
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
	panic("not built")
}

// SetRetention accepts a new retention period. increase says which of the two
// operations asks; the same value is accepted by both. Errors:
// *NotFoundError, *StateError, *RetentionError.
func (s *Service) SetRetention(ctx context.Context, name catalog.Name, hours int32, increase bool) error {
	panic("not built")
}

// Tag adds or overwrites tags; maxTags bounds what the stream has afterwards.
// Errors: *NotFoundError, *StateError (CREATING, DELETING), *LimitError.
func (s *Service) Tag(ctx context.Context, name catalog.Name, tags map[string]string, maxTags int) error {
	panic("not built")
}

// Untag removes tags; keys that are not there are ignored. Errors as Tag.
func (s *Service) Untag(ctx context.Context, name catalog.Name, keys []string) error {
	panic("not built")
}

// Put is one record to write, and what became of it.
type Put struct {
	Hash         hashkey.Key
	PartitionKey string
	Data         []byte
	// Shard is set by Route, and again by Append where the shard had been
	// closed in the meantime and the record went to a child.
	Shard uint32
	// Err set by the caller (throttled) makes Append pass the record over;
	// Append sets it where this record alone failed.
	Err error
	// Sequence is the record's sequence number where Err is nil.
	Sequence SequenceNumber
}

// Route sets Shard of every put to the open shard that its hash belongs to.
func Route(st *catalog.Stream, puts []Put) { panic("not built") }

// Append writes the puts whose Err is nil, durably, in order within each
// shard. A shard that closed under way is followed to its children. The
// error, if any, holds for all of them: *NotFoundError, ErrUnavailable (disk
// full: retry later), or an unknown failure.
func (s *Service) Append(ctx context.Context, st *catalog.Stream, puts []Put) error {
	panic("not built")
}

// IteratorType is where an iterator starts; the values are those of ShardIteratorType.
type IteratorType string

// Start is the position asked for by GetShardIterator or SubscribeToShard.
type Start struct {
	Type        IteratorType
	Sequence    SequenceNumber // AT_/AFTER_SEQUENCE_NUMBER
	TimestampMs int64          // AT_TIMESTAMP
}

// Iterator is an opened shard iterator.
type Iterator struct {
	Name     catalog.Name
	UID      engine.StreamUID
	Shard    uint32
	From     engine.Position
	IssuedMs int64
}

// Open turns a start into an iterator issued now. Errors:
// *ShardNotFoundError, *SequenceError (not of this stream or shard).
func (s *Service) Open(ctx context.Context, st *catalog.Stream, shard uint32, start Start) (Iterator, error) {
	panic("not built")
}

// SealIterator gives the wire form of an iterator: at most 512 characters,
// different at every call.
func (s *Service) SealIterator(it Iterator) string { panic("not built") }

// OpenIterator is the inverse of SealIterator. Surrounding double quotes are
// accepted. Errors: ErrIteratorInvalid, *IteratorExpiredError.
func (s *Service) OpenIterator(token string) (Iterator, error) { panic("not built") }

// ReadRecord is one record as a consumer sees it.
type ReadRecord struct {
	Sequence     SequenceNumber
	ArrivalMs    int64
	PartitionKey []byte // empty: none was given
	Data         []byte
}

// Page is the answer to one read.
type Page struct {
	Records            []ReadRecord
	Bytes              int       // of the data and partition keys
	Next               *Iterator // nil at the end of a closed shard
	MillisBehindLatest int64
	ChildShards        []*catalog.Shard // at the end of a closed shard
}

// Read returns at most limit records and maxBytes bytes. Errors:
// *ShardNotFoundError (stream or shard gone or re-created).
func (s *Service) Read(ctx context.Context, it Iterator, limit, maxBytes int) (Page, error) {
	panic("not built")
}

// SealToken seals the state of a paged listing for one operation and account, issued now.
func (s *Service) SealToken(operation, account string, state []byte) string { panic("not built") }

// OpenToken is the inverse of SealToken. Errors: ErrTokenInvalid, *TokenExpiredError.
func (s *Service) OpenToken(operation, account, token string) ([]byte, error) { panic("not built") }

// ShardFilter selects shards (ListShards); the values of Type are those of ShardFilterType.
type ShardFilter struct {
	Type        string // "" is FROM_TRIM_HORIZON
	TimestampMs int64
	After       int64 // shards with a greater number only; catalog.NoShard for all
}

// ListShards returns the listed shards that pass the filter, in order of their numbers.
func (s *Service) ListShards(st *catalog.Stream, filter ShardFilter) []*catalog.Shard {
	panic("not built")
}
