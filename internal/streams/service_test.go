package streams

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

// fullEngine has no space left while full is set.
type fullEngine struct {
	engine.Engine
	full atomic.Bool
}

func (e *fullEngine) err() error {
	if e.full.Load() {
		return fmt.Errorf("test: %w", engine.ErrFull)
	}
	return nil
}

func (e *fullEngine) CreateShard(ctx context.Context, refs ...engine.ShardRef) error {
	return errors.Join(e.err(), e.Engine.CreateShard(ctx, refs...))
}

func (e *fullEngine) DropShard(ctx context.Context, ref engine.ShardRef) error {
	if err := e.err(); err != nil {
		return err
	}
	return e.Engine.DropShard(ctx, ref)
}

func (e *fullEngine) Append(ctx context.Context, runs []engine.Run) error {
	if err := e.err(); err != nil {
		return err
	}
	return e.Engine.Append(ctx, runs)
}

func TestDiskFull(t *testing.T) {
	h := newHouse(t, time.Second)
	h.create("s", 1)
	full := &fullEngine{Engine: h.engine}
	h.engine = full
	h.reopen()
	st := h.look("s")
	h.ok(h.Split(t.Context(), st.Name, 0, hashkey.Whole.Half(), 0))
	full.full.Store(true)
	if err := h.Append(t.Context(), st, []Put{{}}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("put: %v", err)
	}
	h.clock.Advance(time.Second)
	if st := h.look("s"); st.Status != catalog.Updating {
		t.Errorf("status %s on a full disk", st.Status)
	}
	full.full.Store(false)
	h.clock.Advance(retryTransition)
	if st := h.look("s"); st.Status != catalog.Active || len(st.Open) != 2 {
		t.Errorf("status %s when space is back", st.Status)
	}
	h.put("s", "k", "data")
}

// What a crash or a full disk left of an expired shard goes at the next start.
func TestExpiredShardIsDroppedInTheEnd(t *testing.T) {
	h := newHouse(t, 0)
	full := &fullEngine{Engine: h.engine}
	h.engine = full
	h.reopen()
	st := h.create("s", 1)
	h.ok(h.Split(t.Context(), st.Name, 0, hashkey.Whole.Half(), 0))
	full.full.Store(true)
	h.clock.Advance(24 * time.Hour)
	if h.look("s").Shard(0) != nil || !h.stored(st.UID, 0) {
		t.Fatal("the shard is still listed, or its data is gone")
	}
	full.full.Store(false)
	h.reopen()
	if h.stored(st.UID, 0) {
		t.Error("the data is still there after a restart")
	}
}

func TestClockSetBackDelaysNoLongerThanTheDelay(t *testing.T) {
	h := newHouse(t, time.Second)
	h.ok(h.Create(t.Context(), CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 1}))
	h.clock.Advance(-24 * time.Hour)
	h.reopen()
	h.clock.Advance(time.Second)
	if st := h.look("s"); st.Status == catalog.Active {
		return
	}
	t.Error("the stream waits for the old time to come")
}

func TestSnapshotsBoundTheReplay(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 2)
	tags := map[string]string{}
	for i := range 50 {
		tags[fmt.Sprint("key", i)] = strings.Repeat("v", 256)
	}
	for i := range 80 {
		tags["key0"] = fmt.Sprint(i)
		h.ok(h.Tag(t.Context(), named("s"), tags, 50))
	}
	stored, at, err := h.engine.Catalog().Snapshot(t.Context())
	if err != nil || at == 0 {
		t.Fatalf("snapshot at %d: %v", at, err)
	}
	if rest, err := h.engine.Catalog().Read(t.Context(), at+1, 1000); err != nil || len(rest) > 40 {
		t.Errorf("%d commands behind the snapshot, %v", len(rest), err)
	}
	if _, err := catalog.Restore(stored); err != nil {
		t.Error(err)
	}
	h.reopen()
	st := h.look("s")
	if st.Tags["key0"] != "79" || len(st.Tags) != 50 || len(st.Open) != 2 {
		t.Errorf("after a restart: %d tags, %s", len(st.Tags), st.Tags["key0"])
	}
	h.put("s", "k", "data")
}

// The log settles who was first, also between two services on one engine.
func TestTwoServicesOnOneLog(t *testing.T) {
	a := newHouse(t, 0)
	b := &house{TB: t, engine: a.engine, clock: a.clock}
	b.open()
	defer b.Service.Close()
	a.create("mine", 1)
	wantError[*ExistsError](t, b.Create(t.Context(), CreateSpec{Name: named("mine"), Mode: catalog.Provisioned, ShardCount: 1}))
	if b.look("mine").UID != a.look("mine").UID {
		t.Error("the two disagree")
	}
	if _, err := b.OpenIterator(a.SealIterator(Iterator{IssuedMs: a.nowMs(), Name: named("mine")})); err != nil {
		t.Errorf("another key: %v", err)
	}
}

func TestRacingCreates(t *testing.T) {
	h := newHouse(t, 0)
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			name := named(fmt.Sprint("s", i%4))
			err := h.Create(t.Context(), CreateSpec{Name: name, Mode: catalog.Provisioned, ShardCount: 1})
			if _, taken := errors.AsType[*ExistsError](err); err != nil && !taken {
				t.Error(err)
			}
			if err == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 4 {
		t.Errorf("%d creates won, want 4", won.Load())
	}
}

func TestUnreadableCommandStopsTheStart(t *testing.T) {
	h := newHouse(t, 0)
	_, err := h.engine.Catalog().Append(t.Context(), []byte(`{"v":9}`))
	h.ok(err)
	if err := h.Create(t.Context(), CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 1}); !errors.Is(err, catalog.ErrFormat) {
		t.Errorf("create: %v", err)
	}
	h.Service.Close()
	if _, err := Open(t.Context(), h.config()); !errors.Is(err, catalog.ErrFormat) {
		t.Errorf("open: %v", err)
	}
}

// The same seed, clock and calls give the same state: nothing else gets in.
func TestStateIsDeterministic(t *testing.T) {
	run := func() [32]byte {
		h := &house{TB: t, engine: memoryDisk(t), clock: newHouse(t, 0).clock}
		cfg := h.config()
		cfg.Rand = seeded{rand.New(rand.NewPCG(1, 1))}
		s, err := Open(t.Context(), cfg)
		h.ok(err)
		defer s.Close()
		h.Service = s
		h.create("a", 3)
		h.create("b", 2)
		h.put("a", "k", "data")
		_, err = h.Resize(t.Context(), ResizeSpec{Name: named("a"), Target: 5})
		h.ok(err)
		h.ok(h.Delete(t.Context(), named("b")))
		return s.state.Hash()
	}
	if run() != run() {
		t.Error("two runs differ")
	}
}
