package disk

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"millrace/internal/engine"
)

// catalogLog is the log of catalog commands. Appending goes through the
// committer; mu guards what readers see.
type catalogLog struct {
	e *Engine

	assigned engine.Index // the committer's: the last index given out

	mu       sync.Mutex
	base     engine.Index // the commands up to it are gone
	commands [][]byte     // from base+1 on
	snapshot []byte
	at       engine.Index // the last command that snapshot covers
}

var _ engine.Log = (*catalogLog)(nil)

// assign gives out the next index. Only the committer calls it.
func (l *catalogLog) assign() engine.Index {
	l.assigned++
	return l.assigned
}

func (l *catalogLog) publish(at engine.Index, command []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commands = append(l.commands, command)
}

// Append implements engine.Log.
func (l *catalogLog) Append(ctx context.Context, command []byte) (engine.Index, error) {
	if len(command) > maxCommandBytes {
		return 0, fmt.Errorf("catalog command of %d bytes, the most is %d", len(command), maxCommandBytes)
	}
	r := l.e.queue.newRequest(entryCommand)
	r.command = slices.Clone(command)
	r.bytes = commandEntryBytes + int64(len(command))
	if err := l.e.queue.do(ctx, r); err != nil {
		return 0, l.e.finished(r, err)
	}
	at := r.index
	r.release()
	return at, nil
}

// Read implements engine.Log.
func (l *catalogLog) Read(_ context.Context, from engine.Index, max int) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from <= l.base {
		return nil, fmt.Errorf("catalog commands up to %d are folded into the snapshot; %d was asked for", l.base, from)
	}
	skip := uint64(from - l.base - 1)
	if skip >= uint64(len(l.commands)) || max <= 0 {
		return nil, nil
	}
	rest := l.commands[skip:]
	return slices.Clone(rest[:min(max, len(rest))]), nil
}

// Barrier implements engine.Log.
func (l *catalogLog) Barrier(context.Context) (engine.Index, error) {
	if err := l.e.failure(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last(), nil
}

func (l *catalogLog) last() engine.Index { return l.base + engine.Index(len(l.commands)) }

// Snapshot implements engine.Log.
func (l *catalogLog) Snapshot(context.Context) ([]byte, engine.Index, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.snapshot, l.at, nil
}

// SaveSnapshot implements engine.Log. The snapshot becomes durable with the
// next checkpoint; until then the journal has the commands.
func (l *catalogLog) SaveSnapshot(_ context.Context, state []byte, at engine.Index) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at > l.last() {
		return fmt.Errorf("snapshot at command %d, but the last one is %d", at, l.last())
	}
	if at > l.at {
		l.snapshot, l.at = slices.Clone(state), at
	}
	return nil
}

// catalogState is the catalog's part of a checkpoint.
type catalogState struct {
	snapshot []byte
	at       engine.Index
	commands [][]byte // behind at
}

func (l *catalogLog) state() catalogState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return catalogState{l.snapshot, l.at, slices.Clone(l.commands[l.at-l.base:])}
}

// forget drops the commands that a durable checkpoint has folded in.
func (l *catalogLog) forget(upTo engine.Index) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if upTo > l.base {
		l.commands = cutFront(l.commands, int(upTo-l.base))
		l.base = upTo
	}
}

// restore sets the log to what a checkpoint says.
func (l *catalogLog) restore(s catalogState) {
	l.snapshot, l.at, l.base, l.commands = s.snapshot, s.at, s.at, s.commands
	l.assigned = l.last()
}
