package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"millrace/internal/clock"
	"millrace/internal/vfs"
)

// Durability says when Append may return. The zero value is Fsync.
type Durability struct {
	relaxed bool
	every   time.Duration // 0 with relaxed: never
}

var (
	// Fsync waits for the disk: what was acknowledged survives a power loss.
	Fsync = Durability{}
	// None never waits for the disk and syncs the journal only at Close. What
	// was acknowledged survives the end of the process, not of the machine.
	None = Durability{relaxed: true}
)

// Interval acknowledges after the write to the system and syncs at least once
// per d: a power loss costs what was acknowledged within the last d.
func Interval(d time.Duration) Durability { return Durability{relaxed: true, every: d} }

// String gives the form that the flag --durability takes.
func (d Durability) String() string {
	switch {
	case !d.relaxed:
		return "fsync"
	case d.every == 0:
		return "none"
	}
	return "interval=" + d.every.String()
}

// Options says where and how an engine keeps its data. Only Dir is needed.
type Options struct {
	// FS is the file system; nil is vfs.OS.
	FS vfs.FS
	// Dir is the data directory; it is made where it is missing.
	Dir string
	// Clock is the time; nil is the machine's.
	Clock clock.Clock
	// Rand gives salts and ids; nil is crypto/rand.
	Rand io.Reader
	// Log takes what an operator should know; nil discards it.
	Log *slog.Logger
	// Durability says when Append may return.
	Durability Durability

	// JournalBytes is the size of a journal file; 0 is 64 MiB.
	JournalBytes int64
	// FlushBytes is how much the tail holds before it is flushed to segments;
	// 0 is 32 MiB, or twice JournalBytes where that is less. With the part
	// being flushed the tail is at most about twice that; beyond it Append waits.
	FlushBytes int64
	// ReplayBytes is how much journal may lie behind the last checkpoint
	// before a flush starts whatever the tail holds; 0 is twice FlushBytes.
	ReplayBytes int64
	// QueueBytes bounds what waits for the committer; 0 is 16 MiB.
	QueueBytes int64
	// GroupBytes bounds a commit group, except that a single Append is never
	// split; 0 is 8 MiB.
	GroupBytes int64
	// SegmentBytes is the size at which a segment is rolled; 0 is 64 MiB.
	SegmentBytes int64
	// SegmentAge is the age of its oldest record at which a segment is rolled,
	// so that retention finds whole segments to delete; 0 is 6 hours.
	SegmentAge time.Duration
	// BlockBytes is about the size of a block; 0 is 256 KiB.
	BlockBytes int64
	// CacheBytes bounds the block cache; 0 is 16 MiB, negative is no cache.
	CacheBytes int64
	// BallastBytes is set aside so that checkpoints, deletions and a restart
	// find space on a full disk; 0 is a quarter of JournalBytes, at least
	// 64 KiB and at most 16 MiB; negative is none.
	BallastBytes int64
	// Spares is how many old journal files are kept for re-use; 0 is 2.
	Spares int
}

const (
	mib = 1 << 20
	// maxAppendBytes bounds one Append, encoded.
	maxAppendBytes = 64 * mib
	// maxCommandBytes bounds one catalog command.
	maxCommandBytes = 16 * mib
	// openSegments bounds the segment files that are held open for reading.
	openSegments = 128
	// retryEvery is how long the engine waits before it looks again whether
	// space has come back; it bounds how long writing stays refused afterwards.
	retryEvery = 250 * time.Millisecond
	// deleteDelay is how long dead segments may gather before a checkpoint is
	// written to get rid of them.
	deleteDelay = 200 * time.Millisecond
)

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	set := func(v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
	}
	set(&o.JournalBytes, 64*mib)
	set(&o.FlushBytes, min(32*mib, 2*o.JournalBytes))
	set(&o.ReplayBytes, 2*o.FlushBytes)
	set(&o.QueueBytes, 16*mib)
	set(&o.GroupBytes, 8*mib)
	set(&o.SegmentBytes, 64*mib)
	set(&o.BlockBytes, 256<<10)
	set(&o.CacheBytes, 16*mib)
	set(&o.BallastBytes, max(64<<10, min(16*mib, o.JournalBytes/4)))
	if o.SegmentAge == 0 {
		o.SegmentAge = 6 * time.Hour
	}
	if o.Spares == 0 {
		o.Spares = 2
	}
	return o
}

// Validate reports options that make no sense. It expects defaults to be filled in.
func (o Options) Validate() error {
	switch {
	case o.Dir == "":
		return errors.New("disk engine: no data directory given")
	case o.Durability.every < 0:
		return fmt.Errorf("disk engine: durability interval %v is negative", o.Durability.every)
	case o.JournalBytes < 16<<10:
		return fmt.Errorf("disk engine: JournalBytes %d is less than 16 KiB", o.JournalBytes)
	case o.SegmentBytes > 1<<30:
		return fmt.Errorf("disk engine: SegmentBytes %d is more than 1 GiB", o.SegmentBytes)
	case min(o.FlushBytes, o.ReplayBytes, o.QueueBytes, o.GroupBytes, o.SegmentBytes, o.BlockBytes) < 0:
		return errors.New("disk engine: a size is negative")
	}
	return nil
}

// journalReserve is the end of a journal file that only drops, seals and
// catalog commands may use while there is no space for a next file.
func (o Options) journalReserve() int64 { return min(64<<10, o.JournalBytes/8) }

// maxJournals is how many journal files may lie behind the last checkpoint
// before a flush starts.
func (o Options) maxJournals() int { return int(max(4, o.ReplayBytes/o.JournalBytes+2)) }
