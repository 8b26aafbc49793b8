package streams

import (
	"context"
	"errors"
	"sort"
	"sync"

	"millrace/internal/engine"
)

// memEngine keeps the contract of engine.Engine in plain maps, so that a test
// can cut a Service off at any call and open the next one on what is left.
type memEngine struct {
	mu      sync.Mutex
	shards  map[engine.ShardRef]*memShard
	changed chan struct{} // closed at the next change
	log     memLog
}

type memShard struct {
	records []engine.Record
	next    engine.Position
	arrival int64
	sealed  bool
}

func newMemEngine() *memEngine {
	return &memEngine{shards: map[engine.ShardRef]*memShard{}, changed: make(chan struct{})}
}

func (e *memEngine) wake() {
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *memEngine) CreateShard(_ context.Context, refs ...engine.ShardRef) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ref := range refs {
		if e.shards[ref] == nil {
			e.shards[ref] = &memShard{next: 1}
		}
	}
	return nil
}

func (e *memEngine) DropStream(_ context.Context, stream engine.StreamUID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for ref := range e.shards {
		if ref.Stream == stream {
			delete(e.shards, ref)
		}
	}
	e.wake()
	return nil
}

func (e *memEngine) DropShard(_ context.Context, ref engine.ShardRef) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.shards, ref)
	e.wake()
	return nil
}

func (e *memEngine) Append(_ context.Context, runs []engine.Run) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range runs {
		run := &runs[i]
		sh := e.shards[run.Shard]
		switch {
		case sh == nil:
			run.Err = engine.ErrNoShard
			continue
		case sh.sealed:
			run.Err = engine.ErrSealed
			continue
		}
		sh.arrival = max(sh.arrival, run.Arrival)
		for j := range run.Records {
			r := &run.Records[j]
			r.Position, r.Arrival = sh.next, sh.arrival
			kept := *r
			kept.Key, kept.Data = append([]byte(nil), r.Key...), append([]byte(nil), r.Data...)
			sh.records = append(sh.records, kept)
			// Positions need not follow one another: let nobody rely on it.
			sh.next += 1 + sh.next%3
		}
	}
	e.wake()
	return nil
}

func (e *memEngine) Seal(_ context.Context, ref engine.ShardRef) (engine.Position, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sh := e.shards[ref]
	if sh == nil {
		return 0, engine.ErrNoShard
	}
	sh.sealed = true
	e.wake()
	return sh.next, nil
}

func (e *memEngine) Read(_ context.Context, ref engine.ShardRef, from engine.Position, limits engine.Limits, into []engine.Record) (engine.Batch, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sh := e.shards[ref]
	if sh == nil {
		return engine.Batch{}, engine.ErrNoShard
	}
	b := engine.Batch{Records: into, Next: from}
	i := sort.Search(len(sh.records), func(i int) bool { return sh.records[i].Position >= from })
	size := 0
	for ; i < len(sh.records); i++ {
		r := sh.records[i]
		if r.Arrival >= limits.MinArrival {
			n := len(r.Key) + len(r.Data)
			if got := len(b.Records) - len(into); got == limits.MaxRecords || got > 0 && size+n > limits.MaxBytes {
				return b, nil
			}
			size += n
			b.Records = append(b.Records, r)
		}
		b.Next = r.Position + 1
	}
	b.AtTip, b.Ended = true, sh.sealed
	if sh.sealed {
		b.Next = max(b.Next, sh.next)
	}
	return b, nil
}

func (e *memEngine) Find(_ context.Context, ref engine.ShardRef, target engine.Target) (engine.Position, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sh := e.shards[ref]
	if sh == nil {
		return 0, engine.ErrNoShard
	}
	if !target.Latest {
		for _, r := range sh.records {
			if r.Arrival >= target.Arrival {
				return r.Position, nil
			}
		}
	}
	return sh.next, nil
}

func (e *memEngine) Wait(ctx context.Context, ref engine.ShardRef, from engine.Position) error {
	for {
		e.mu.Lock()
		sh, changed := e.shards[ref], e.changed
		ready := sh == nil || sh.sealed || sh.next > from && len(sh.records) > 0 && sh.records[len(sh.records)-1].Position >= from
		e.mu.Unlock()
		if sh == nil {
			return engine.ErrNoShard
		}
		if ready {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *memEngine) Trim(_ context.Context, ref engine.ShardRef, before int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	sh := e.shards[ref]
	if sh == nil {
		return engine.ErrNoShard
	}
	i := sort.Search(len(sh.records), func(i int) bool { return sh.records[i].Arrival >= before })
	sh.records = sh.records[i:]
	return nil
}

func (e *memEngine) Catalog() engine.Log { return &e.log }
func (e *memEngine) Close() error        { return nil }

// memLog is the engine's catalog log.
type memLog struct {
	mu       sync.Mutex
	commands [][]byte // all of them: the snapshot only hides some
	snapshot []byte
	at       engine.Index
}

func (l *memLog) Append(_ context.Context, command []byte) (engine.Index, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commands = append(l.commands, append([]byte(nil), command...))
	return engine.Index(len(l.commands)), nil
}

func (l *memLog) Read(_ context.Context, from engine.Index, limit int) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from <= l.at {
		return nil, errors.New("commands are folded into the snapshot")
	}
	rest := l.commands[min(int(from-1), len(l.commands)):]
	return rest[:min(limit, len(rest))], nil
}

func (l *memLog) Barrier(context.Context) (engine.Index, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return engine.Index(len(l.commands)), nil
}

func (l *memLog) Snapshot(context.Context) ([]byte, engine.Index, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.snapshot, l.at, nil
}

func (l *memLog) SaveSnapshot(_ context.Context, state []byte, at engine.Index) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.snapshot, l.at = append([]byte(nil), state...), at
	return nil
}
