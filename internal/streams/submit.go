package streams

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

const (
	// maxSubmissions bounds the commands on their way into the log at a time.
	maxSubmissions = 128
	// readCommands bounds the commands taken from the log at a time.
	readCommands = 256
	// minSnapshotBytes of commands are logged at least between two snapshots;
	// beyond that, as many as the last snapshot has bytes, so that neither
	// replaying nor saving ever costs more than about twice the state.
	minSnapshotBytes = 256 << 10
)

// submissions is the way of commands through the catalog's log: appended by
// anyone, applied in the order of the log, and each outcome handed to its
// submitter.
type submissions struct {
	log   engine.Log
	slots chan struct{} // holds one element for each submission under way

	outcomesMu sync.Mutex // guards the two fields below; taken last
	waiting    int        // submissions whose outcome was not taken yet
	outcomes   map[engine.Index]catalog.Outcome

	logMu         sync.Mutex   // guards the fields below; held across reads of the log
	applied       engine.Index // the last command that went into the state
	bytesSince    int          // of commands since the last snapshot
	snapshotBytes int          // of the last snapshot
	failed        error        // why no command can be applied any more
}

func newSubmissions(log engine.Log) submissions {
	return submissions{
		log:      log,
		slots:    make(chan struct{}, maxSubmissions),
		outcomes: map[engine.Index]catalog.Outcome{},
	}
}

// replay builds the state from the newest snapshot and the commands behind it.
func (s *Service) replay(ctx context.Context) error {
	stored, at, err := s.log.Snapshot(ctx)
	if err != nil {
		return err
	}
	s.state = catalog.NewState()
	if stored != nil {
		if s.state, err = catalog.Restore(stored); err != nil {
			return err
		}
	}
	s.applied, s.snapshotBytes = at, len(stored)
	end, err := s.log.Barrier(ctx)
	if err != nil {
		return err
	}
	return s.catchUp(ctx, end)
}

// submit appends a command and returns the stream as it left it. The error is
// the catalog's refusal, ErrUnavailable if the command was not logged, or
// another failure after which it may or may not have been.
func (s *Service) submit(ctx context.Context, c catalog.Command) (*catalog.Stream, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.slots }()
	s.expect()
	defer s.unexpect()
	index, err := s.log.Append(ctx, catalog.Encode(c))
	if err != nil {
		return nil, unavailable(err)
	}
	// The command is in the log: the caller's patience no longer matters.
	if err := s.catchUp(context.WithoutCancel(ctx), index); err != nil {
		return nil, err
	}
	out := s.take(index)
	return out.Stream, out.Err
}

func (s *submissions) expect() {
	s.outcomesMu.Lock()
	defer s.outcomesMu.Unlock()
	s.waiting++
}

// unexpect forgets the outcomes that nobody will ask for: those of commands
// that others appended.
func (s *submissions) unexpect() {
	s.outcomesMu.Lock()
	defer s.outcomesMu.Unlock()
	if s.waiting--; s.waiting == 0 {
		clear(s.outcomes)
	}
}

func (s *submissions) take(index engine.Index) catalog.Outcome {
	s.outcomesMu.Lock()
	defer s.outcomesMu.Unlock()
	out := s.outcomes[index]
	delete(s.outcomes, index)
	return out
}

func (s *submissions) hand(index engine.Index, out catalog.Outcome) {
	s.outcomesMu.Lock()
	defer s.outcomesMu.Unlock()
	if s.waiting > 0 {
		s.outcomes[index] = out
	}
}

// catchUp applies the commands of the log up to the given one, whoever
// appended them.
func (s *Service) catchUp(ctx context.Context, upTo engine.Index) error {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	for s.applied < upTo {
		if s.failed != nil {
			return s.failed
		}
		commands, err := s.log.Read(ctx, s.applied+1, readCommands)
		if err != nil {
			return unavailable(err)
		}
		if len(commands) == 0 {
			return fmt.Errorf("catalog log ends at %d, %d was expected", s.applied, upTo)
		}
		for _, stored := range commands {
			if err := s.applyNext(stored); err != nil {
				return err
			}
		}
	}
	s.maybeSnapshot(ctx)
	return nil
}

// applyNext applies the command behind the last applied one. logMu is held.
func (s *Service) applyNext(stored []byte) error {
	c, err := catalog.Decode(stored)
	if err != nil {
		// Others may have applied it: going on without would part the states.
		s.failed = fmt.Errorf("catalog command %d: %w", s.applied+1, err)
		return s.failed
	}
	s.mu.Lock()
	out := s.state.Apply(c)
	if ch := s.watchers[out.Changed]; ch != nil {
		close(ch)
		delete(s.watchers, out.Changed)
	}
	if out.Err == nil {
		s.seating.changed(out.Changed, s.state.StreamByUID(out.Changed))
	}
	s.mu.Unlock()
	s.applied++
	s.bytesSince += len(stored)
	s.hand(s.applied, out)
	return nil
}

// maybeSnapshot saves the state if enough commands have come since the last
// time. A failure costs nothing but a longer replay. logMu is held.
func (s *Service) maybeSnapshot(ctx context.Context) {
	if s.bytesSince < max(minSnapshotBytes, s.snapshotBytes) {
		return
	}
	// Only applyNext changes the state, under logMu: no need to keep those
	// waiting who need mu.
	stored := s.state.Snapshot()
	hash := sha256.Sum256(stored)
	s.bytesSince = 0
	err := s.log.SaveSnapshot(ctx, stored, s.applied)
	if err != nil && !errors.Is(err, engine.ErrClosed) {
		s.slog.Warn("catalog snapshot not saved", "error", err)
		return
	}
	s.snapshotBytes = len(stored)
	s.slog.Info("catalog snapshot saved", "index", uint64(s.applied), "bytes", len(stored),
		"state_hash", hex.EncodeToString(hash[:8]))
}
