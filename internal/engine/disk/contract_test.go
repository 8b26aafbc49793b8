package disk

import (
	"log/slog"
	"path/filepath"
	"testing"

	"millrace/internal/engine"
	"millrace/internal/engine/enginetest"
	"millrace/internal/vfs"
)

// small are settings with which a few hundred records already make the engine
// roll, flush and wait.
func small(t testing.TB, fs vfs.FS, dir string) Options {
	return Options{
		FS: fs, Dir: dir, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		JournalBytes: 64 << 10, FlushBytes: 128 << 10, SegmentBytes: 100 << 10, BlockBytes: 4 << 10, CacheBytes: 64 << 10,
	}
}

func mustOpen(t testing.TB, opts Options) *Engine {
	t.Helper()
	e, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

func TestContract(t *testing.T) {
	reopen := func(t testing.TB, e engine.Engine) engine.Engine {
		opts := e.(*Engine).opts
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		return mustOpen(t, opts)
	}
	flush := func(t testing.TB, e engine.Engine) engine.Engine {
		if err := e.(*Engine).Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return e
	}
	inMemory := func(change func(*Options)) func(t testing.TB) engine.Engine {
		return func(t testing.TB) engine.Engine {
			opts := small(t, vfs.NewMem(), "data")
			if change != nil {
				change(&opts)
			}
			return mustOpen(t, opts)
		}
	}
	defaults := func(t testing.TB) engine.Engine {
		return mustOpen(t, Options{FS: vfs.NewMem(), Dir: "data"})
	}
	onDisk := func(t testing.TB) engine.Engine {
		opts := small(t, vfs.OS{}, filepath.Join(t.TempDir(), "data"))
		// Real syncs take their time: fewer flushes than in memory.
		opts.JournalBytes, opts.FlushBytes, opts.SegmentBytes = mib, 2*mib, mib
		return mustOpen(t, opts)
	}
	for name, s := range map[string]enginetest.Subject{
		"memory":          {Open: inMemory(nil), Volume: 2},
		"memory flushed":  {Open: inMemory(nil), Between: flush},
		"memory reopened": {Open: inMemory(nil), Between: reopen},
		"flushed and reopened": {Open: inMemory(nil), Between: func(t testing.TB, e engine.Engine) engine.Engine {
			return reopen(t, flush(t, e))
		}},
		"defaults": {Open: defaults, Between: reopen},
		"interval": {Open: inMemory(func(o *Options) { o.Durability = Interval(1e6) }), Between: reopen},
		"none":     {Open: inMemory(func(o *Options) { o.Durability = None }), Between: reopen},
		"disk":     {Open: onDisk, Between: reopen},
	} {
		t.Run(name, func(t *testing.T) { enginetest.Run(t, s) })
	}
}
