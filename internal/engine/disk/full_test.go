package disk

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

func putOne(e *Engine, r engine.ShardRef, arrival int64, data []byte) (engine.Record, error) {
	runs := []engine.Run{{Shard: r, Arrival: arrival, Records: []engine.Record{{Data: data}}}}
	err := e.Append(context.Background(), runs)
	return runs[0].Records[0], errors.Join(err, runs[0].Err)
}

// TestDiskFull fills the disk and frees it again, over and over: puts are
// refused, reads and deletions go on, and writing comes back by itself.
func TestDiskFull(t *testing.T) {
	mem := vfs.NewMem()
	opts := small(t, mem, "data")
	e := mustOpen(t, opts)
	keep := at(9, 0)
	if err := e.CreateShard(t.Context(), keep); err != nil {
		t.Fatal(err)
	}
	var kept []engine.Record
	cycles := 10
	if testing.Short() {
		cycles = 2
	}
	capacity := int64(700 << 10)
	mem.SetCapacity(capacity)
	for cycle := range cycles {
		r := at(1+byte(cycle%3), uint32(cycle))
		if err := e.CreateShard(t.Context(), r); err != nil {
			t.Fatalf("cycle %d: create: %v", cycle, err)
		}
		for full := false; !full; {
			for _, to := range []engine.ShardRef{r, r, r, keep} {
				rec, err := putOne(e, to, time.Now().UnixMilli(), make([]byte, 5000))
				if err != nil && !errors.Is(err, engine.ErrFull) {
					t.Fatalf("cycle %d: %v", cycle, err)
				}
				full = full || err != nil
				if err == nil && to == keep {
					kept = append(kept, rec)
				}
			}
		}
		b, err := e.Read(t.Context(), keep, 0, engine.Limits{MaxRecords: 1 << 20, MaxBytes: 1 << 30}, nil)
		if err != nil || len(b.Records) != len(kept) {
			t.Fatalf("cycle %d: reading on a full disk: %d of %d records, %v", cycle, len(b.Records), len(kept), err)
		}
		// Half of the cycles free space by deletion alone. The disk never
		// shrinks below what is on it: then only its owner could help.
		if cycle%2 == 0 {
			capacity += 200 << 10
			mem.SetCapacity(capacity)
		}
		if err := e.DropStream(t.Context(), r.Stream); err != nil {
			t.Fatalf("cycle %d: dropping on a full disk: %v", cycle, err)
		}
		if len(kept) > 20 {
			if err := e.DropShard(t.Context(), keep); err != nil {
				t.Fatal(err)
			}
			if kept = nil; e.CreateShard(t.Context(), keep) != nil {
				t.Fatal("create on a full disk")
			}
		}
		start := time.Now()
		for {
			if rec, err := putOne(e, keep, time.Now().UnixMilli(), make([]byte, 5000)); err == nil {
				kept = append(kept, rec)
				break
			} else if !errors.Is(err, engine.ErrFull) || time.Since(start) > 10*time.Second {
				t.Fatalf("cycle %d: writing has not come back: %v; %+v", cycle, err, e.Stats())
			}
			time.Sleep(time.Millisecond)
		}
		t.Logf("cycle %d: writing came back after %v", cycle, time.Since(start))
	}
}

// TestRestartOnFullDisk: what is stored is readable when there is no space at all.
func TestRestartOnFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	opts := small(t, mem, "data")
	e := mustOpen(t, opts)
	if err := e.CreateShard(t.Context(), at(1, 0)); err != nil {
		t.Fatal(err)
	}
	n := 0
	mem.SetCapacity(500 << 10)
	for ; ; n++ {
		if _, err := putOne(e, at(1, 0), 1, make([]byte, 3000)); errors.Is(err, engine.ErrFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	e.Close()
	e = mustOpen(t, opts)
	b, err := e.Read(t.Context(), at(1, 0), 0, engine.Limits{MaxRecords: 1 << 20, MaxBytes: 1 << 30}, nil)
	if err != nil || len(b.Records) != n {
		t.Fatalf("%d of %d records, %v", len(b.Records), n, err)
	}
	mem.SetCapacity(0)
	for start := time.Now(); time.Since(start) < 5*time.Second; time.Sleep(time.Millisecond) {
		if _, err = putOne(e, at(1, 0), 1, make([]byte, 3000)); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// TestSyncs: never more syncs than commit groups, never more groups than
// there must be, however many shards a group touches.
func TestSyncs(t *testing.T) {
	hold := make(chan struct{})
	started := make(chan struct{}, 1000)
	opts := Options{Dir: "data", FS: vfs.WithHook(vfs.NewMem(), func(op vfs.Op) error {
		if op.Kind == "sync" {
			started <- struct{}{}
			<-hold
		}
		return nil
	})}
	open := make(chan *Engine)
	go func() { open <- mustOpen(t, opts) }()
	hold <- struct{}{} // the first journal file
	hold <- struct{}{} // FORMAT
	e := <-open
	go func() { hold <- struct{}{} }()
	var refs []engine.ShardRef
	for i := range 1000 {
		refs = append(refs, at(byte(i%50), uint32(i)))
	}
	if err := e.CreateShard(t.Context(), refs...); err != nil {
		t.Fatal(err)
	}
	before := e.Stats()
	for len(started) > 0 {
		<-started
	}
	done := make(chan error, len(refs)+1)
	put := func(r engine.ShardRef) {
		_, err := putOne(e, r, 1, []byte("x"))
		done <- err
	}
	go put(refs[0])
	<-started // the first group is at its sync; everything else gathers behind it
	for _, r := range refs {
		go put(r)
	}
	each := int64(runOverhead + recordBytes(&engine.Record{Data: []byte("x")}))
	for e.Stats().QueueBytes < 1000*each {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	for range len(refs) + 1 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	s := e.Stats()
	if groups, syncs := s.Groups-before.Groups, s.Syncs-before.Syncs; groups != 2 || syncs != 2 {
		t.Errorf("%d puts to 1000 shards took %d groups and %d syncs", len(refs)+1, groups, syncs)
	}
	if s.Syncs > s.Groups {
		t.Errorf("%d syncs for %d groups", s.Syncs, s.Groups)
	}
}

// TestFailedSync: a failed sync is final, nothing of its group is readable,
// and what was durable before stays so.
func TestFailedSync(t *testing.T) {
	fault := &vfs.Fault{Match: func(op vfs.Op) bool { return op.Kind == "sync" }, Nth: 5, Err: errors.New("medium error")}
	opts := small(t, vfs.WithHook(vfs.NewMem(), fault.Hook), "data")
	e := mustOpen(t, opts)
	r := at(1, 0)
	if err := e.CreateShard(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := putOne(e, r, 1, []byte("safe")); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := putOne(e, r, 1, fmt.Append(nil, "unknown ", i)); !errors.Is(err, engine.ErrUnknownOutcome) {
			t.Fatalf("put %d: %v", i, err)
		}
	}
	b, err := e.Read(t.Context(), r, 0, engine.Limits{MaxRecords: 10, MaxBytes: 1 << 20}, nil)
	if err != nil || len(b.Records) != 1 || string(b.Records[0].Data) != "safe" {
		t.Errorf("read: %v, %v", b.Records, err)
	}
	if n := fault.Fired(); n != 1 || fault.Seen() != 5 {
		t.Errorf("%d syncs were tried, %d failed", fault.Seen(), n)
	}
}
