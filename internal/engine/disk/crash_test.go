package disk

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"millrace/internal/clock"
	"millrace/internal/engine"
	"millrace/internal/vfs"
)

func at(stream byte, shard uint32) engine.ShardRef {
	return engine.ShardRef{Stream: engine.StreamUID{stream}, Shard: shard}
}

// workloads are the scripts of the crash matrix. Each leaves its mark on every
// kind of file.
var workloads = []struct {
	name string
	run  func(w *world)
}{
	{"append and roll", func(w *world) {
		w.create(at(1, 0), at(1, 1))
		for range 9 {
			w.put(1500, at(1, 0))
			w.put(700, at(1, 0), at(1, 1))
		}
		// Two old files at once: one is kept for re-use, one removed.
		w.flush()
		w.put(1500, at(1, 0))
	}},
	{"flush and recycle", func(w *world) {
		w.create(at(1, 0), at(2, 0))
		for range 4 {
			w.put(1200, at(1, 0), at(2, 0))
			w.put(900, at(1, 0))
			w.put(2500, at(2, 0))
			w.flush()
			w.put(100, at(1, 0))
		}
	}},
	{"seal, drop and create", func(w *world) {
		w.create(at(1, 0), at(1, 1), at(2, 0), at(2, 1))
		w.put(300, at(1, 0), at(1, 1), at(2, 0), at(2, 1))
		w.seal(at(1, 0))
		w.put(300, at(1, 1))
		w.flush()
		w.drop(at(1, 1))
		w.seal(at(2, 1))
		w.create(at(3, 0))
		w.drop(at(2, 0), at(2, 1))
		w.put(300, at(3, 0))
		w.flush()
		w.put(300, at(3, 0))
	}},
	{"trim", func(w *world) {
		w.create(at(1, 0), at(1, 1))
		for i := range 4 {
			w.put(1200, at(1, 0), at(1, 1))
			w.put(1200, at(1, 0))
			w.flush()
			w.clock.Advance(2 * time.Hour)
			if i%2 == 1 {
				w.trim(at(1, 0))
				w.trim(at(1, 1))
				w.clock.Advance(deleteDelay)
			}
		}
		w.put(100, at(1, 0))
		w.flush()
	}},
	{"catalog", func(w *world) {
		w.create(at(1, 0))
		for i := range 6 {
			w.command(fmt.Sprint("command ", i))
			w.put(200, at(1, 0))
			if i == 3 {
				w.e.Catalog().SaveSnapshot(context.Background(), []byte("three"), 3)
				w.flush()
			}
		}
		w.flush()
		w.command("last")
	}},
}

// snapshot is the world as it might be found after a crash.
type crashState struct {
	where string
	fs    *vfs.Mem
	o     *oracle
}

// run performs a workload with a hook on its file system, from the opening to
// the closing of the engine.
func runWorkload(script func(*world), mem *vfs.Mem, hook func(w *world, op vfs.Op) error, d Durability) (*world, error) {
	w := &world{clock: clock.NewManual(epoch), o: &oracle{shards: map[engine.ShardRef]*shardOracle{}}}
	opts := crashOptions(vfs.WithHook(mem, func(op vfs.Op) error { return hook(w, op) }), w.clock)
	opts.Durability = d
	var err error
	if w.e, err = Open(context.Background(), opts); err != nil {
		return w, err
	}
	script(w)
	return w, nil
}

// TestCrash cuts the power before each operation that changes the disk.
func TestCrash(t *testing.T) {
	for _, wl := range workloads {
		t.Run(wl.name, func(t *testing.T) {
			t.Parallel()
			states := collectStates(t, wl.run)
			t.Logf("%d states", len(states))
			for i, s := range states {
				if testing.Short() && i%5 != 0 {
					continue
				}
				if err := survive(s, i%7 == 0); err != nil {
					t.Fatalf("%s: %v", s.where, err)
				}
			}
		})
	}
}

var fates = []vfs.Fate{vfs.Lost, vfs.Kept, vfs.Torn, vfs.Mixed, vfs.Mixed}

func collectStates(t *testing.T, script func(*world)) []crashState {
	mem := vfs.NewCrashable()
	rnd := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	var states []crashState
	n := 0
	snap := func(w *world, where string) {
		for i, fate := range fates {
			// First what was acknowledged: a sync on another goroutine may
			// end between the two.
			o := w.o.clone()
			states = append(states, crashState{fmt.Sprintf("before op %d (%s), unsynced %v/%d", n, where, fate, i), mem.Crash(rnd, fate), o})
		}
	}
	// The workload waits for the engine whenever the hook runs, but for the
	// journal maker: it is held up until the workload has gone on.
	w, err := runWorkload(script, mem, func(w *world, op vfs.Op) error {
		if !op.Mutates() {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		n++
		snap(w, op.String())
		return nil
	}, Fsync)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.e.Close(); err != nil {
		t.Fatal(err)
	}
	snap(w, "after close")
	return states
}

// survive opens a crashed state and checks it; then crashes again at once with
// everything unsynced lost, since what was read must stay; then writes on.
// With deep it also crashes at each operation of the recovery.
func survive(s crashState, deep bool) error {
	rnd := rand.New(rand.NewPCG(3, 4))
	if deep {
		if err := crashRecovery(s, rnd); err != nil {
			return err
		}
	}
	seen, err := reopen(s.fs, s.o, nil)
	if err != nil {
		return err
	}
	after := s.fs.Crash(rnd, vfs.Lost)
	again, err := reopen(after, s.o, func(e *Engine) error { return writeOn(e, s.o) })
	if err == nil && !slices.Equal(seen, again) {
		err = fmt.Errorf("what was read did not stay: %d records, then %d", len(seen), len(again))
	}
	return err
}

func crashRecovery(s crashState, rnd *rand.Rand) error {
	var inner []crashState
	start := s.fs.Crash(rnd, vfs.Kept)
	hooked := vfs.WithHook(start, func(op vfs.Op) error {
		if op.Mutates() {
			fate := fates[len(inner)%len(fates)]
			inner = append(inner, crashState{"recovery, " + op.String(), start.Crash(rnd, fate), s.o})
		}
		return nil
	})
	if _, err := reopen(hooked, s.o, nil); err != nil {
		return err
	}
	for _, in := range inner {
		if err := survive(in, false); err != nil {
			return fmt.Errorf("%s: %w", in.where, err)
		}
	}
	return nil
}

// reopen opens what is there, checks it, and leaves without closing.
func reopen(fs vfs.FS, o *oracle, then func(*Engine) error) ([]string, error) {
	e, err := Open(context.Background(), crashOptions(fs, clock.NewManual(epoch.Add(24*time.Hour))))
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	defer kill(e)
	seen, err := o.check(e)
	if err == nil && then != nil {
		err = then(e)
	}
	return seen, err
}

// kill stops the engine's goroutines without the disk noticing, as far as the
// hook can tell: nothing is written from here on.
func kill(e *Engine) {
	e.fail(io.ErrClosedPipe)
	e.Close()
}

// writeOn puts a record into each open shard and looks for it behind all others.
func writeOn(e *Engine, o *oracle) error {
	for r, s := range o.shards {
		if !s.created || s.mayDrop || s.maySeal {
			continue
		}
		runs := []engine.Run{{Shard: r, Arrival: 1, Records: []engine.Record{{Data: []byte("onward")}}}}
		if err := e.Append(context.Background(), runs); err != nil || runs[0].Err != nil {
			return fmt.Errorf("append after recovery: %v, %v", err, runs[0].Err)
		}
		if n := len(s.acked); n > 0 && runs[0].Records[0].Position <= s.acked[n-1].Position {
			return fmt.Errorf("position %d was used before", runs[0].Records[0].Position)
		}
	}
	return e.Flush(context.Background())
}

// TestFailures makes each operation fail, once or for good, then cuts the power.
func TestFailures(t *testing.T) {
	for _, wl := range workloads {
		for _, f := range []struct {
			name    string
			err     error
			forever bool
			short   bool
		}{
			{"EIO once", syscall.EIO, false, false},
			{"EIO for ever", syscall.EIO, true, false},
			{"short write", syscall.EIO, false, true},
			{"full once", syscall.ENOSPC, false, false},
			{"full for ever", syscall.ENOSPC, true, true},
		} {
			t.Run(wl.name+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				step := 1
				if testing.Short() {
					step = 7
				}
				for n := 1; ; n += step {
					fault := &vfs.Fault{Nth: n, Err: f.err, Forever: f.forever, Short: f.short}
					if err := failAt(wl.run, fault, n); err != nil {
						t.Fatalf("failure of operation %d: %v", n, err)
					}
					if fault.Fired() == 0 {
						t.Logf("%d operations", n)
						break
					}
				}
			})
		}
	}
}

func failAt(script func(*world), fault *vfs.Fault, seed int) error {
	mem := vfs.NewCrashable()
	w, err := runWorkload(script, mem, func(_ *world, op vfs.Op) error { return fault.Hook(op) }, Fsync)
	rnd := rand.New(rand.NewPCG(uint64(seed), 5))
	if err == nil {
		// Reads go on, whatever happened to writing.
		if _, err := w.o.check(w.e); err != nil {
			return fmt.Errorf("before the crash: %w", err)
		}
		w.e.Close()
	}
	var states []crashState
	for _, fate := range []vfs.Fate{vfs.Lost, vfs.Kept, vfs.Mixed} {
		states = append(states, crashState{fmt.Sprintf("unsynced %v", fate), mem.Crash(rnd, fate), w.o})
	}
	// The process ends but the machine goes on: the system still shows what
	// it failed to write.
	for _, s := range append(states, crashState{"process restarted", mem, w.o}) {
		if err := survive(s, false); err != nil {
			return fmt.Errorf("%s: %w", s.where, err)
		}
	}
	return nil
}
