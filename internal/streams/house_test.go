package streams

import (
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/clock"
	"millrace/internal/engine"
	"millrace/internal/engine/disk"
	"millrace/internal/hashkey"
	"millrace/internal/vfs"
)

// house is a Service over an engine, with a clock that stands still until it
// is pushed.
type house struct {
	testing.TB
	*Service
	engine engine.Engine
	clock  *clock.Manual
	delay  time.Duration
}

var epoch = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, delay time.Duration) *house {
	h := &house{TB: t, engine: memoryDisk(t), clock: clock.NewManual(epoch), delay: delay}
	h.open()
	t.Cleanup(func() { h.Service.Close() })
	return h
}

// memoryDisk is the real engine on a file system in memory.
func memoryDisk(t testing.TB) engine.Engine {
	e := openDisk(t, vfs.NewMem())
	t.Cleanup(func() { e.Close() })
	return e
}

func openDisk(t testing.TB, fs vfs.FS) engine.Engine {
	t.Helper()
	e, err := disk.Open(t.Context(), disk.Options{FS: fs, Dir: "data", JournalBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (h *house) config() Config {
	return Config{
		Engine:     h.engine,
		Clock:      h.clock,
		Log:        slog.New(slog.NewTextHandler(h.Output(), nil)),
		StateDelay: h.delay,
	}
}

func (h *house) open() {
	h.Helper()
	s, err := Open(h.Context(), h.config())
	if err != nil {
		h.Fatal(err)
	}
	h.Service = s
}

func (h *house) reopen() {
	h.Helper()
	h.Service.Close()
	h.open()
}

func named(stream string) catalog.Name {
	return catalog.Name{Account: "000000000000", Region: "us-east-1", Stream: stream}
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// create makes a stream and waits its delay out.
func (h *house) create(stream string, shards int) *catalog.Stream {
	h.Helper()
	h.ok(h.Create(h.Context(), CreateSpec{Name: named(stream), Mode: catalog.Provisioned, ShardCount: shards}))
	h.clock.Advance(h.delay)
	return h.look(stream)
}

func (h *house) look(stream string) *catalog.Stream {
	h.Helper()
	st, err := h.Lookup(named(stream))
	h.ok(err)
	return st
}

// stored says whether the engine has a shard.
func (h *house) stored(uid engine.StreamUID, shard uint32) bool {
	_, err := h.engine.Find(h.Context(), engine.ShardRef{Stream: uid, Shard: shard}, engine.Target{Latest: true})
	return !errors.Is(err, engine.ErrNoShard)
}

// put writes one record with a key and returns it.
func (h *house) put(stream, key, data string) Put {
	h.Helper()
	puts := []Put{{Hash: hashkey.Of(key), PartitionKey: key, Data: []byte(data)}}
	st := h.look(stream)
	Route(st, puts)
	h.ok(h.Append(h.Context(), st, puts))
	h.ok(puts[0].Err)
	return puts[0]
}

func (h *house) start(stream string, shard uint32, start Start) Iterator {
	h.Helper()
	it, err := h.Open(h.Context(), h.look(stream), shard, start)
	h.ok(err)
	return it
}

func (h *house) page(it Iterator) Page {
	h.Helper()
	p, err := h.Read(h.Context(), it, 10000, 10<<20)
	h.ok(err)
	return p
}

// drain reads a shard from its horizon to its tip or end.
func (h *house) drain(stream string, shard uint32) (data []string, end Page) {
	h.Helper()
	it := h.start(stream, shard, Start{Type: TrimHorizon})
	for {
		p := h.page(it)
		for _, r := range p.Records {
			data = append(data, string(r.Data))
		}
		if p.Next == nil || p.MillisBehindLatest == 0 {
			return data, p
		}
		it = *p.Next
	}
}

func wantError[E error](t testing.TB, err error) E {
	t.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		var want E
		t.Fatalf("error %v, want %T", err, want)
	}
	return e
}

// seeded is a source of random bits that repeats.
type seeded struct{ r *rand.Rand }

func (s seeded) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s.r.Uint32())
	}
	return len(b), nil
}

var _ io.Reader = seeded{}
