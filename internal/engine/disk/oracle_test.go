package disk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"millrace/internal/clock"
	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// oracle knows what a workload asked for and what was acknowledged. It stands
// outside of the engine: it never looks at a file.
type oracle struct {
	mu       sync.Mutex // guards all of it: hooks of the engine's own goroutines take copies
	shards   map[engine.ShardRef]*shardOracle
	commands []string // acknowledged
	maybe    []string // without an answer, or not yet
}

type shardOracle struct {
	created, mayDrop, dropped bool
	acked                     []engine.Record
	maybe                     map[string]bool // data of records that may or may not be there
	sealed                    engine.Position
	maySeal                   bool
	trim                      int64
}

func (o *oracle) shard(r engine.ShardRef) *shardOracle {
	if o.shards[r] == nil {
		o.shards[r] = &shardOracle{maybe: map[string]bool{}}
	}
	return o.shards[r]
}

// note changes the oracle.
func (o *oracle) note(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
}

func (o *oracle) clone() *oracle {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := &oracle{shards: map[engine.ShardRef]*shardOracle{}, commands: slices.Clone(o.commands), maybe: slices.Clone(o.maybe)}
	for r, s := range o.shards {
		t := *s
		t.acked, t.maybe = slices.Clone(s.acked), maps.Clone(s.maybe)
		c.shards[r] = &t
	}
	return c
}

// check compares an engine with what it must hold. It returns what it read,
// as one string per record, so that a later look can be held against it.
func (o *oracle) check(e *Engine) (seen []string, err error) {
	for r, s := range o.shards {
		got, err := s.check(e, r)
		if err != nil {
			return nil, fmt.Errorf("shard %v: %w", r, err)
		}
		seen = append(seen, got...)
	}
	last, err := e.Catalog().Barrier(context.Background())
	if err != nil && e.failure() == nil {
		return nil, err
	}
	if err == nil && int(last) < len(o.commands) {
		return nil, fmt.Errorf("%d commands are left of %d", last, len(o.commands))
	}
	_, at, _ := e.Catalog().Snapshot(context.Background())
	commands, err := e.Catalog().Read(context.Background(), at+1, 1000)
	for i, c := range commands {
		n := int(at) + i
		if n < len(o.commands) && o.commands[n] != string(c) || n >= len(o.commands) && !slices.Contains(o.maybe, string(c)) {
			return nil, fmt.Errorf("command %d is %q", n+1, c)
		}
	}
	slices.Sort(seen)
	return seen, err
}

func (s *shardOracle) check(e *Engine, r engine.ShardRef) (seen []string, err error) {
	b, err := e.Read(context.Background(), r, 0, engine.Limits{MaxRecords: 1 << 20, MaxBytes: 1 << 30}, nil)
	if errors.Is(err, engine.ErrNoShard) && (!s.created || s.mayDrop) {
		return nil, nil
	}
	if err == nil && s.dropped {
		return nil, errors.New("it was dropped and is back")
	}
	if err != nil {
		return nil, err
	}
	want := s.acked
	for len(want) > 0 && want[0].Arrival < s.trim && (len(b.Records) == 0 || want[0].Position < b.Records[0].Position) {
		want = want[1:]
	}
	last, lastArrival := engine.Position(0), int64(-1)
	for _, rec := range b.Records {
		if rec.Position <= last || rec.Arrival < lastArrival {
			return nil, fmt.Errorf("position %d at %d follows %d at %d", rec.Position, rec.Arrival, last, lastArrival)
		}
		last, lastArrival = rec.Position, rec.Arrival
		if len(want) > 0 && want[0].Position == rec.Position && string(want[0].Data) == string(rec.Data) && string(want[0].Key) == string(rec.Key) {
			want = want[1:]
		} else if !s.maybe[string(rec.Data)] {
			return nil, fmt.Errorf("record %d with %.20q is not what was written there", rec.Position, rec.Data)
		}
		seen = append(seen, fmt.Sprintf("%v %d %s", r, rec.Position, rec.Data))
	}
	if len(want) > 0 {
		return nil, fmt.Errorf("record %d with %.20q is lost, and %d more", want[0].Position, want[0].Data, len(want)-1)
	}
	if b.Ended && s.sealed == 0 && !s.maySeal || s.sealed != 0 && (!b.Ended || b.Next != s.sealed) {
		return nil, fmt.Errorf("ended is %v at %d, sealed at %d", b.Ended, b.Next, s.sealed)
	}
	return seen, nil
}

// world is an engine with a workload's oracle beside it. lock is held by the
// workload but while it waits for the engine.
type world struct {
	e     *Engine
	clock *clock.Manual
	o     *oracle
	n     int
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// crashOptions make every record count: a few of them fill a journal file.
func crashOptions(fs vfs.FS, c clock.Clock) Options {
	return Options{
		FS: fs, Dir: "data", Clock: c, Rand: &counter{}, JournalBytes: 16 << 10, FlushBytes: 1 << 30, ReplayBytes: 1 << 30,
		SegmentBytes: 3 << 10, BlockBytes: 1 << 10, SegmentAge: time.Hour, BallastBytes: 4 << 10, Spares: 1,
	}
}

// counter is randomness that is the same in each run.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n = c.n*5 + 3
		p[i] = c.n
	}
	return len(p), nil
}

// unsure says that an error leaves the outcome open.
func unsure(err error) bool { return errors.Is(err, engine.ErrUnknownOutcome) }

func (w *world) create(refs ...engine.ShardRef) {
	err := w.e.CreateShard(context.Background(), refs...)
	w.o.note(func() {
		for _, r := range refs {
			s := w.o.shard(r)
			s.created = s.created || err == nil
		}
	})
}

// put appends one record of a size to each shard.
func (w *world) put(size int, refs ...engine.ShardRef) {
	var runs []engine.Run
	for _, r := range refs {
		w.n++
		data := fmt.Appendf(nil, "%d:%*d", w.n, size, w.n)
		w.o.note(func() { w.o.shard(r).maybe[string(data)] = true })
		runs = append(runs, engine.Run{Shard: r, Arrival: w.clock.Now().UnixMilli(), Records: []engine.Record{{Key: []byte("k"), Data: data}}})
	}
	err := w.e.Append(context.Background(), runs)
	w.o.note(func() {
		for _, run := range runs {
			s := w.o.shard(run.Shard)
			if err == nil && run.Err == nil {
				s.acked = append(s.acked, run.Records[0])
			}
			if !unsure(err) {
				delete(s.maybe, string(run.Records[0].Data))
			}
		}
	})
}

func (w *world) seal(r engine.ShardRef) {
	w.o.note(func() { w.o.shard(r).maySeal = true })
	end, err := w.e.Seal(context.Background(), r)
	w.o.note(func() {
		s := w.o.shard(r)
		if err == nil {
			s.sealed = end
		} else if !unsure(err) {
			s.maySeal = false
		}
	})
}

func (w *world) drop(refs ...engine.ShardRef) {
	w.o.note(func() {
		for _, r := range refs {
			w.o.shard(r).mayDrop = true
		}
	})
	err := w.e.DropShard(context.Background(), refs[0])
	if len(refs) > 1 {
		err = w.e.DropStream(context.Background(), refs[0].Stream)
	}
	w.o.note(func() {
		for _, r := range refs {
			w.o.shard(r).dropped = err == nil
			w.o.shard(r).mayDrop = err == nil || unsure(err)
		}
	})
}

func (w *world) command(c string) {
	w.o.note(func() { w.o.maybe = append(w.o.maybe, c) })
	if _, err := w.e.Catalog().Append(context.Background(), []byte(c)); err == nil {
		w.o.note(func() { w.o.commands = append(w.o.commands, c) })
	}
}

func (w *world) trim(r engine.ShardRef) {
	before := w.clock.Now().UnixMilli()
	w.o.note(func() { w.o.shard(r).trim = before })
	w.e.Trim(context.Background(), r, before)
}

func (w *world) flush() { w.e.Flush(context.Background()) }
