package catalog

import (
	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

// Name is what a stream is called: unique per account and region.
type Name struct {
	Account string // 12 digits
	Region  string
	Stream  string
}

// Status is the state of a stream. The values are those of StreamStatus.
type Status string

// The states of a stream (API reference, StreamDescription.StreamStatus).
const (
	Creating Status = "CREATING"
	Active   Status = "ACTIVE"
	Updating Status = "UPDATING"
	Deleting Status = "DELETING"
)

// Mode is the capacity mode of a stream. The values are those of StreamMode.
type Mode string

// The capacity modes (API reference, StreamModeDetails).
const (
	Provisioned Mode = "PROVISIONED"
	OnDemand    Mode = "ON_DEMAND"
)

// NoShard stands where a shard has no parent.
const NoShard int64 = -1

// Shard is one shard, open or closed.
type Shard struct {
	Number uint32
	Range  hashkey.Range
	// Parent and AdjacentParent are shard numbers, NoShard where there is none.
	Parent, AdjacentParent int64
	// CreatedSec is the creation time in Unix seconds that the shard's
	// sequence numbers carry. A child's is at least one more than the second
	// in which its parents closed.
	CreatedSec int64
	// Closed says that the shard takes no more records.
	Closed bool
	// ClosedMs is when it closed, in Unix milliseconds.
	ClosedMs int64
	// End is the engine position behind the last record of a closed shard.
	End engine.Position
}

// Stream is one stream as of some command. It is immutable: a change makes a
// new one.
type Stream struct {
	Name   Name
	UID    engine.StreamUID
	Status Status
	Mode   Mode
	// CreatedMs is StreamCreationTimestamp in Unix milliseconds.
	CreatedMs      int64
	RetentionHours int32
	Tags           map[string]string
	// Shards are all listed shards in ascending order of Number, closed ones
	// included until their data has expired.
	Shards []*Shard
	// Open are the open shards in ascending order of their range; together
	// they cover the whole hash key space. Empty while CREATING.
	Open []*Shard
	// NextShard is the number that the next new shard gets.
	NextShard uint32
	// Resizes are the times of the UpdateShardCount calls of the last 24
	// hours, in Unix milliseconds.
	Resizes []int64
	// Pending is the change under way while CREATING, UPDATING or DELETING.
	Pending *Change
}
