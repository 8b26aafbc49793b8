package streams

import (
	"errors"
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// Refusals of the catalog, as the callers of this package know them.
type (
	NotFoundError      = catalog.NotFoundError
	ExistsError        = catalog.ExistsError
	StateError         = catalog.StateError
	ShardNotFoundError = catalog.ShardNotFoundError
	ShardClosedError   = catalog.ShardClosedError
	NotAdjacentError   = catalog.NotAdjacentError
	SplitKeyError      = catalog.SplitKeyError
	LimitError         = catalog.LimitError
	ResizeError        = catalog.ResizeError
	RetentionError     = catalog.RetentionError
)

// LimitKind says which limit a LimitError is about.
type LimitKind = catalog.LimitKind

// The limits that calls are judged by.
const (
	LimitCreating  = catalog.LimitCreating
	LimitShards    = catalog.LimitShards
	LimitOnDemand  = catalog.LimitOnDemand
	LimitTags      = catalog.LimitTags
	LimitResizes   = catalog.LimitResizes
	LimitPerStream = catalog.LimitPerStream
)

// ErrUnavailable says that the call could not be carried out now and that
// nothing was stored: no disk space, or the server is closing. The caller may
// try again later.
var ErrUnavailable = errors.New("storage is not available now")

// ErrIteratorInvalid says that a string is no shard iterator of this installation.
var ErrIteratorInvalid = errors.New("shard iterator is invalid")

// ErrTokenInvalid says that a string is no token of this installation for the
// operation and account that it was given to.
var ErrTokenInvalid = errors.New("token is invalid")

// IteratorExpiredError refuses a shard iterator more than 300 s old.
type IteratorExpiredError struct {
	IssuedMs, NowMs int64 // Unix milliseconds
}

// TokenExpiredError refuses a token more than 300 s old.
type TokenExpiredError struct {
	IssuedMs, NowMs int64 // Unix milliseconds
}

// SequenceErrorKind says what is wrong with a sequence number.
type SequenceErrorKind uint8

// The kinds of SequenceError.
const (
	// SequenceOfOtherShard: the number encodes another shard than the one asked for.
	SequenceOfOtherShard SequenceErrorKind = iota + 1
	// SequenceOfOtherStream: the shard it encodes was not created when ours was.
	SequenceOfOtherStream
	// SequenceFuture: its time lies in the future.
	SequenceFuture
	// SequenceNotIssued: no record of the shard has had a number that high.
	SequenceNotIssued
)

// SequenceError refuses a well-formed sequence number.
type SequenceError struct {
	Kind     SequenceErrorKind
	Name     catalog.Name
	Shard    uint32 // the shard asked for
	Sequence SequenceNumber
}

func (e *IteratorExpiredError) Error() string {
	return fmt.Sprintf("shard iterator expired: issued at %d, now %d", e.IssuedMs, e.NowMs)
}

func (e *TokenExpiredError) Error() string {
	return fmt.Sprintf("token expired: issued at %d, now %d", e.IssuedMs, e.NowMs)
}

func (e *SequenceError) Error() string {
	what := map[SequenceErrorKind]string{
		SequenceOfOtherShard:  "encodes another shard",
		SequenceOfOtherStream: "did not come from this stream",
		SequenceFuture:        "lies in the future",
		SequenceNotIssued:     "was never issued",
	}[e.Kind]
	return fmt.Sprintf("sequence number %v for shard %d of stream %s %s", e.Sequence, e.Shard, e.Name.Stream, what)
}

// unavailable marks the engine's refusals that left nothing behind.
func unavailable(err error) error {
	if errors.Is(err, engine.ErrFull) || errors.Is(err, engine.ErrClosed) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
