package catalog

import (
	"sort"

	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

// Name is what a stream is called: unique per account and region.
type Name struct {
	Account string `json:"account"` // 12 digits
	Region  string `json:"region"`
	Stream  string `json:"stream"`
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

// Shard is one shard, open or closed. It is immutable: closing makes a new one.
type Shard struct {
	Number uint32
	Range  hashkey.Range
	// Parent and AdjacentParent are shard numbers, NoShard where there is none.
	Parent, AdjacentParent int64
	// CreatedSec is the creation time in Unix seconds that the shard's
	// sequence numbers carry. A child's is at least one more than the second
	// in which its parents closed.
	CreatedSec int64
	// OpenedMs is when the shard began to take records, in Unix milliseconds:
	// the moment its parents closed, or the creation of the stream.
	OpenedMs int64
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
	// TrimmedMs is the floor under the retention period: records that arrived
	// at it or before, in Unix milliseconds, stay gone when the period grows.
	TrimmedMs int64
	Tags      map[string]string
	// Shards are all listed shards in ascending order of Number, closed ones
	// included until their data has expired.
	Shards []*Shard
	// Open are the open shards in ascending order of their range; together
	// they cover the whole hash key space. Empty while CREATING.
	Open []*Shard
	// NextShard is the number that the next new shard gets.
	NextShard uint32
	// Condemned are the shards that the last ExpireShards took from the list.
	// Their data may still have to be dropped.
	Condemned []uint32
	// Resizes are the times of the UpdateShardCount calls of the last 24
	// hours, in Unix milliseconds.
	Resizes []int64
	// Pending is the change under way while CREATING, UPDATING or DELETING.
	Pending *Change
	// Consumers are the registered consumers in byte order of their names.
	Consumers []*Consumer
	// FormerConsumers are the last ones that are gone, at most one of a name.
	FormerConsumers []FormerConsumer
}

const hourMs = 3_600_000

// HorizonMs is the trim horizon: at nowMs, both in Unix milliseconds, exactly
// the records that arrived after it are readable.
func (s *Stream) HorizonMs(nowMs int64) int64 {
	return max(nowMs-int64(s.RetentionHours)*hourMs, s.TrimmedMs)
}

// Shard returns the listed shard with a number, nil where there is none.
func (s *Stream) Shard(number uint32) *Shard {
	i, ok := s.shardIndex(number)
	if !ok {
		return nil
	}
	return s.Shards[i]
}

func (s *Stream) shardIndex(number uint32) (int, bool) {
	return sort.Find(len(s.Shards), func(i int) int {
		return int(int64(number) - int64(s.Shards[i].Number))
	})
}

// Route returns the open shard that a hash key belongs to, nil while the
// stream has no shards.
func (s *Stream) Route(k hashkey.Key) *Shard {
	if len(s.Open) == 0 {
		return nil
	}
	lo, hi := 0, len(s.Open)-1
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if s.Open[mid].Range.End.Less(k) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return s.Open[lo]
}

// Children returns the listed shards that a shard is a parent of, in order
// of their numbers.
func (s *Stream) Children(number uint32) []*Shard {
	var children []*Shard
	i, _ := s.shardIndex(number)
	for _, sh := range s.Shards[min(i, len(s.Shards)):] {
		if sh.Parent == int64(number) || sh.AdjacentParent == int64(number) {
			children = append(children, sh)
		}
	}
	return children
}

// shardsAhead counts the open shards of a stream, those included that an
// accepted change will add. They count towards the account's limit.
func (s *Stream) shardsAhead() int {
	n := len(s.Open)
	if s.Pending == nil {
		return n
	}
	switch s.Pending.Kind {
	case ChangeCreate, ChangeResize:
		return max(n, s.Pending.ShardCount)
	case ChangeSplit:
		return n + 1
	}
	return n
}

// clone is a copy to change: the slices and maps are still shared and must be
// replaced, not written to.
func (s *Stream) clone() *Stream {
	c := *s
	return &c
}
