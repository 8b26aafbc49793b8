package catalog

import "millrace/internal/hashkey"

// Change is a transition that was accepted and has not been carried out yet.
// It is part of the state, so a crash does not lose it.
type Change struct {
	// Kind says which of the fields below count.
	Kind ChangeKind
	// AcceptedMs is when the change was accepted, in Unix milliseconds.
	AcceptedMs int64
	// ShardCount is the number of shards to make (create) or to end with (resize).
	ShardCount int
	// Shard is the shard to split, or the lower one to merge.
	Shard uint32
	// Adjacent is the upper shard to merge.
	Adjacent uint32
	// At is the starting hash key of a split's upper child.
	At hashkey.Key
	// RetentionHours is the new retention period.
	RetentionHours int32
}

// ChangeKind is a kind of transition.
type ChangeKind uint8

// The kinds of transition.
const (
	ChangeCreate ChangeKind = iota + 1
	ChangeDelete
	ChangeSplit
	ChangeMerge
	ChangeResize
	ChangeRetention
)
