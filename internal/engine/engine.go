// Package engine is the seam between the stream semantics and the storage
// under them: durable, ordered records per shard, and the log that carries
// the catalog.
//
// It holds only the contract. Package engine/disk keeps it on one machine's
// disk; the suite in engine/enginetest says what every engine must do. The
// caller is package streams and nobody else. Nothing here knows a Kinesis
// shape: below this line the words are journal, segment and position.
//
// Promises that every engine keeps:
//
//   - A record is readable only after it is durable to the degree that the
//     engine was opened for, and Append returns success only after that.
//   - Records of one shard have strictly rising positions. Position p+1 need
//     not follow position p, and no caller may assume that it writes alone.
//   - A position that was acknowledged or readable is never given to another
//     record, whatever crashes.
//   - All methods may be called concurrently.
package engine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// StreamUID names one incarnation of a stream. It is random, so re-creating a
// stream under its old name never finds the old stream's data.
type StreamUID [16]byte

// String gives the uid as 32 lower-case hexadecimal digits, the form used in
// file names and logs.
func (u StreamUID) String() string { return hex.EncodeToString(u[:]) }

// ShardRef names one shard of one incarnation of a stream.
type ShardRef struct {
	Stream StreamUID
	Shard  uint32
}

// String gives the form used in logs and errors.
func (r ShardRef) String() string { return fmt.Sprintf("%s/%d", r.Stream, r.Shard) }

// Position orders the records of a shard. The first record's position is at
// least 1, so that 0 stands for "before everything". A position has 63 bits:
// the top bit is always 0.
type Position uint64

// Record is one stored record. Key and Data given to Append belong to the
// caller and are copied before it returns; Key and Data that came from Read
// are shared and must not be written to, and stay valid as long as they are
// referenced.
type Record struct {
	Position Position
	// Arrival is when the shard took the record, in Unix milliseconds. It
	// never falls from one record of a shard to the next.
	Arrival int64
	// Attr is kept with the record for the layer above, unread.
	Attr byte
	Key  []byte
	Data []byte
}

// Run is the part of an Append that goes to one shard. Its records get
// positions in the order given, one after the other, with no record of
// another caller in between them.
type Run struct {
	Shard ShardRef
	// Records carry Attr, Key and Data in; Position and Arrival are filled by
	// Append where Err stays nil.
	Records []Record
	// Arrival is the time to stamp, in Unix milliseconds. The engine raises
	// it to the shard's last arrival where the clock went backwards.
	Arrival int64
	// Err is why this run alone was refused: ErrSealed or ErrNoShard. Nothing
	// of a refused run is stored, and the other runs go on.
	Err error
}

// Limits bound one Read.
type Limits struct {
	// MaxRecords is the most records to return; at least 1.
	MaxRecords int
	// MaxBytes bounds the sum of len(Key)+len(Data); a first record larger
	// than that is returned alone.
	MaxBytes int
	// MinArrival masks records that arrived before it, in Unix milliseconds:
	// they are skipped as if they had been trimmed.
	MinArrival int64
}

// Batch is what one Read found.
type Batch struct {
	// Records extends the slice that the caller passed to Read.
	Records []Record
	// Next is where reading goes on: pass it as from.
	Next Position
	// AtTip says that nothing readable lay at or after Next when this batch was made.
	AtTip bool
	// Ended says that the shard is sealed and Next lies behind its last record.
	Ended bool
}

// Target says which position Find looks for.
type Target struct {
	// Latest finds the position behind the newest readable record.
	Latest bool
	// Arrival, where Latest is false, finds the first record that arrived at
	// or after this time in Unix milliseconds; where there is none, the
	// position behind the newest readable record.
	Arrival int64
}

// Errors that callers act on. They come wrapped, with the detail that an
// operator needs; test with errors.Is.
var (
	// ErrSealed refuses a run on a sealed shard. Nothing was stored.
	ErrSealed = errors.New("shard is sealed")
	// ErrNoShard says that the shard was never created or was dropped.
	ErrNoShard = errors.New("no such shard")
	// ErrFull refuses an Append, CreateShard, Seal or catalog append for want
	// of disk space. Nothing was stored; the caller may try again later, and
	// reads go on.
	ErrFull = errors.New("no space left for the journal")
	// ErrUnknownOutcome says that the write may or may not become durable.
	// The engine refuses every further write until it is opened anew, and
	// never serves what it could not prove to be durable.
	ErrUnknownOutcome = errors.New("write outcome unknown")
	// ErrCorrupt says that stored bytes are not what was written. It names
	// file and offset.
	ErrCorrupt = errors.New("stored data is damaged")
	// ErrClosed says that the engine was closed.
	ErrClosed = errors.New("engine is closed")
)

// Engine stores the records of shards, durably and in order.
type Engine interface {
	// CreateShard makes a shard ready for records. It is durable when it
	// returns and idempotent: creating an existing shard changes nothing.
	CreateShard(ctx context.Context, refs ...ShardRef) error
	// DropStream removes every shard of a stream with its records, durably;
	// disk space follows in the background. Dropping what is not there
	// changes nothing.
	DropStream(ctx context.Context, stream StreamUID) error
	// DropShard is DropStream for one shard.
	DropShard(ctx context.Context, ref ShardRef) error

	// Append stores the runs. It returns nil when each run is either durable
	// and readable or carries its own Err. An error says that no run was
	// stored (ErrFull, ErrClosed) or that each may or may not be
	// (ErrUnknownOutcome). ctx bounds only the wait for a place in the queue:
	// once a run is on its way to the disk, Append waits for the outcome.
	Append(ctx context.Context, runs []Run) error
	// Seal ends a shard: no record is ever added after it returned. end is
	// the position behind its last record, the same for every caller,
	// forever. Sealing a sealed shard returns that end.
	Seal(ctx context.Context, ref ShardRef) (end Position, err error)

	// Read appends records from the position from on to into. It never
	// blocks for new records and never returns one that is not yet durable.
	Read(ctx context.Context, ref ShardRef, from Position, limits Limits, into []Record) (Batch, error)
	// Find translates a time or the tip into a position.
	Find(ctx context.Context, ref ShardRef, target Target) (Position, error)
	// Wait blocks until something is readable at or behind from, the shard is
	// sealed or dropped, or ctx ends (then its error is returned).
	Wait(ctx context.Context, ref ShardRef, from Position) error
	// Trim lets the engine forget records that arrived before the given Unix
	// milliseconds. How much of them it forgets, and when, is up to the
	// engine: masking is Limits.MinArrival's work.
	Trim(ctx context.Context, ref ShardRef, beforeArrival int64) error

	// Catalog is the log of catalog commands, in the same durability domain.
	Catalog() Log
	// Close stops all work in order and releases everything. Appends under
	// way finish or fail; what was acknowledged is durable.
	Close() error
}

// Index numbers the commands of a Log from 1 on, without gaps.
type Index uint64

// Log is an ordered, durable sequence of opaque commands with a snapshot to
// start from. Every reader sees the same commands in the same order.
type Log interface {
	// Append adds a command; it is durable when Append returns, and its index
	// is final. Errors are those of Engine.Append.
	Append(ctx context.Context, command []byte) (Index, error)
	// Read returns the commands from index from on that are durable, at most
	// max of them. Commands folded into the snapshot are gone.
	Read(ctx context.Context, from Index, max int) ([][]byte, error)
	// Barrier returns the index of the last command that was durable at some
	// moment during the call, 0 if there is none.
	Barrier(ctx context.Context) (Index, error)
	// Snapshot returns the newest saved snapshot and the index of the last
	// command that it covers; nil and 0 if none was saved.
	Snapshot(ctx context.Context) (state []byte, at Index, err error)
	// SaveSnapshot replaces the commands up to at by state. The engine may
	// make it durable later, at its own pace: until then it keeps the commands.
	SaveSnapshot(ctx context.Context, state []byte, at Index) error
}
