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
	// Layout is how a resize arrives at ShardCount.
	Layout Layout
	// FirstShard is the number of the first shard that the resize makes: open
	// shards below it are the ones that it found.
	FirstShard uint32
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

var changeNames = names[ChangeKind]{
	ChangeCreate: "create", ChangeDelete: "delete", ChangeSplit: "split",
	ChangeMerge: "merge", ChangeResize: "resize", ChangeRetention: "retention",
}

// String is the name used in snapshots and logs.
func (k ChangeKind) String() string { return changeNames.name(k) }

// Layout is the shape that a resize gives the shards.
type Layout uint8

// The layouts of a resize.
const (
	// LayoutHalves splits every shard in half: the count doubles in one round.
	LayoutHalves Layout = iota + 1
	// LayoutPairs merges the shards two by two: the count halves in one round.
	LayoutPairs
	// LayoutEqual ends with ranges of equal size: what crosses a border of
	// the final ranges is split there, and the pieces between are merged.
	LayoutEqual
)

var layoutNames = names[Layout]{LayoutHalves: "halves", LayoutPairs: "pairs", LayoutEqual: "equal"}

// String is the name used in snapshots and logs.
func (l Layout) String() string { return layoutNames.name(l) }
