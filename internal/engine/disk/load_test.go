package disk

import (
	"context"
	"runtime"
	"testing"
	"time"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestIdle: what an engine costs that does nothing, and what a shard costs.
func TestIdle(t *testing.T) {
	before := heap()
	e := mustOpen(t, Options{FS: vfs.NewMem(), Dir: "data", JournalBytes: 4 * mib})
	if cost := heap() - before; cost > 300<<10 {
		t.Errorf("an idle engine in memory takes %d bytes", cost)
	}
	const shards = 10000
	refs := make([]engine.ShardRef, shards)
	for i := range refs {
		refs[i] = engine.ShardRef{Stream: engine.StreamUID{byte(i), byte(i >> 8 & 3)}, Shard: uint32(i)}
	}
	before = heap()
	if err := e.CreateShard(t.Context(), refs...); err != nil {
		t.Fatal(err)
	}
	if err := e.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	goroutines := runtime.NumGoroutine()
	each := (heap() - before) / shards
	t.Logf("%d bytes per idle shard", each)
	if each > 1024 {
		t.Errorf("an idle shard takes %d bytes", each)
	}
	if goroutines > 50 {
		t.Errorf("%d goroutines", goroutines)
	}
	runtime.KeepAlive(refs)
}

// TestSlowDisk: while a sync hangs, nothing is acknowledged, what waits is
// bounded, and readers are not held up.
func TestSlowDisk(t *testing.T) {
	release := make(chan struct{})
	slow := make(chan bool, 1)
	hung := make(chan struct{}, 1)
	opts := Options{Dir: "data", QueueBytes: 20000, FS: vfs.WithHook(vfs.NewMem(), func(op vfs.Op) error {
		if op.Kind == "sync" && len(slow) > 0 {
			select {
			case hung <- struct{}{}:
			default:
			}
			<-release
		}
		return nil
	})}
	e := mustOpen(t, opts)
	if err := e.CreateShard(t.Context(), at(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := putOne(e, at(1, 0), 1, []byte("before")); err != nil {
		t.Fatal(err)
	}
	slow <- true
	done := make(chan error, 100)
	for range 100 {
		go func() {
			_, err := putOne(e, at(1, 0), 1, make([]byte, 1000))
			done <- err
		}()
	}
	<-hung
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for ctx.Err() == nil {
		b, err := e.Read(t.Context(), at(1, 0), 0, engine.Limits{MaxRecords: 10, MaxBytes: 1000}, nil)
		if err != nil || len(b.Records) != 1 {
			t.Fatalf("read %d records, %v", len(b.Records), err)
		}
		if s := e.Stats(); s.QueueBytes > opts.QueueBytes {
			t.Fatalf("%d bytes are queued, the bound is %d", s.QueueBytes, opts.QueueBytes)
		}
		time.Sleep(time.Millisecond)
	}
	if len(done) > 0 {
		t.Fatalf("a put was answered before its sync: %v", <-done)
	}
	// Whoever still waits for room may give up, and nothing is stored then.
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := e.Append(ended, []engine.Run{{Shard: at(1, 0), Records: []engine.Record{{}}}}); err == nil {
		t.Error("no room, a context that has ended, and no error")
	}
	<-slow
	close(release)
	for range 100 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
