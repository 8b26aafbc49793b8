package catalog

import (
	"fmt"

	"millrace/internal/hashkey"
)

// NotFoundError refuses a command on a stream that does not exist.
type NotFoundError struct{ Name Name }

// ExistsError refuses to create a stream whose name is taken, by a stream in
// any state.
type ExistsError struct{ Name Name }

// StateError refuses a command that the stream's status does not allow.
type StateError struct {
	Name   Name
	Status Status
}

// ShardNotFoundError says that a shard is not, or no longer, listed.
type ShardNotFoundError struct {
	Name  Name
	Shard uint32
}

// ShardClosedError refuses to split or merge a shard a second time.
type ShardClosedError struct {
	Name  Name
	Shard uint32
}

// NotAdjacentError refuses to merge shards of which the first does not end
// where the second starts.
type NotAdjacentError struct {
	Name         Name
	Lower, Upper uint32
}

// SplitKeyError refuses a split whose key does not satisfy
// Range.Start+1 < Key < Range.End.
type SplitKeyError struct {
	Name  Name
	Shard uint32
	Range hashkey.Range
	Key   hashkey.Key
}

// LimitKind says which limit a LimitError is about.
type LimitKind string

// The limits that commands are judged by.
const (
	LimitCreating  LimitKind = "creating_streams"  // streams of the account and region in CREATING
	LimitShards    LimitKind = "shards"            // open shards of the account and region
	LimitOnDemand  LimitKind = "on_demand_streams" // on-demand streams of the account and region
	LimitTags      LimitKind = "tags"              // tags of the stream
	LimitResizes   LimitKind = "resizes"           // UpdateShardCount calls on the stream in 24 hours
	LimitPerStream LimitKind = "shards_per_stream" // open shards of the stream

	LimitConsumers         LimitKind = "consumers"          // registered consumers of the stream
	LimitCreatingConsumers LimitKind = "creating_consumers" // consumers of the stream in CREATING
)

// LimitError refuses a command that would pass a limit.
type LimitError struct {
	Kind LimitKind
	// Current is what counts towards Limit now, Additional what the command
	// would have added.
	Current, Limit, Additional int
}

// ResizeError refuses a shard count that is more than double or less than
// half of the current one.
type ResizeError struct {
	Name            Name
	Current, Target int
}

// RetentionError refuses a retention period on the wrong side of the current one.
type RetentionError struct {
	Name               Name
	Current, Requested int32 // hours
	// Increase says that the call was to lengthen the period.
	Increase bool
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("stream %s not found", e.Name.Stream) }
func (e *ExistsError) Error() string   { return fmt.Sprintf("stream %s already exists", e.Name.Stream) }
func (e *StateError) Error() string {
	return fmt.Sprintf("stream %s is %s", e.Name.Stream, e.Status)
}
func (e *ShardNotFoundError) Error() string {
	return fmt.Sprintf("shard %d of stream %s not found", e.Shard, e.Name.Stream)
}
func (e *ShardClosedError) Error() string {
	return fmt.Sprintf("shard %d of stream %s is closed", e.Shard, e.Name.Stream)
}
func (e *NotAdjacentError) Error() string {
	return fmt.Sprintf("shards %d and %d of stream %s are not adjacent", e.Lower, e.Upper, e.Name.Stream)
}
func (e *SplitKeyError) Error() string {
	return fmt.Sprintf("shard %d of stream %s, %v to %v, cannot be split at %v",
		e.Shard, e.Name.Stream, e.Range.Start, e.Range.End, e.Key)
}
func (e *LimitError) Error() string {
	return fmt.Sprintf("limit of %s: %d and %d more would pass %d", e.Kind, e.Current, e.Additional, e.Limit)
}
func (e *ResizeError) Error() string {
	return fmt.Sprintf("stream %s cannot go from %d to %d shards", e.Name.Stream, e.Current, e.Target)
}
func (e *RetentionError) Error() string {
	return fmt.Sprintf("stream %s has a retention of %d hours, %d requested (increase: %t)",
		e.Name.Stream, e.Current, e.Requested, e.Increase)
}
