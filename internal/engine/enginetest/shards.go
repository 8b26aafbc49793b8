package enginetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"millrace/internal/engine"
)

func seal(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	want := v.put(r, 1, "a", "b")
	end, err := v.e.Seal(t.Context(), r)
	if err != nil || end <= want[1].Position {
		t.Fatalf("Seal: end %d, %v", end, err)
	}
	check := func() {
		t.Helper()
		if again, err := v.e.Seal(t.Context(), r); again != end || err != nil {
			t.Errorf("sealing again: %d, %v, want %d", again, err, end)
		}
		b := v.read(r, 0, unlimited)
		v.same(b.Records, want)
		if !b.Ended || !b.AtTip || b.Next < end {
			t.Errorf("batch at the end: %+v", b)
		}
		part := v.read(r, 0, engine.Limits{MaxRecords: 1, MaxBytes: 1 << 20})
		if part.Ended || part.AtTip {
			t.Errorf("batch before the end: %+v", part)
		}
		if b := v.read(r, end, unlimited); len(b.Records) > 0 || !b.Ended {
			t.Errorf("batch behind the end: %+v", b)
		}
		runs := []engine.Run{{Shard: r, Records: []engine.Record{{}}}}
		if err := v.e.Append(t.Context(), runs); err != nil || !errors.Is(runs[0].Err, engine.ErrSealed) {
			t.Errorf("append after seal: %v, %v", err, runs[0].Err)
		}
		if err := v.e.Wait(t.Context(), r, end+100); err != nil {
			t.Errorf("waiting on a sealed shard: %v", err)
		}
	}
	check()
	v.between()
	check()
	v.between()
	check()
	if _, err := v.e.Seal(t.Context(), ref(9, 9)); !errors.Is(err, engine.ErrNoShard) {
		t.Errorf("sealing a missing shard: %v", err)
	}
}

func (v *env) gone(r engine.ShardRef) {
	v.Helper()
	if _, err := v.e.Read(v.Context(), r, 0, unlimited, nil); !errors.Is(err, engine.ErrNoShard) {
		v.Errorf("reading %v: %v, want ErrNoShard", r, err)
	}
	if _, err := v.e.Find(v.Context(), r, engine.Target{Latest: true}); !errors.Is(err, engine.ErrNoShard) {
		v.Errorf("find in %v: %v, want ErrNoShard", r, err)
	}
	if err := v.e.Wait(v.Context(), r, 0); err != nil && !errors.Is(err, engine.ErrNoShard) {
		v.Errorf("waiting on %v: %v", r, err)
	}
}

func createAndDrop(t *testing.T, v *env) {
	a, b, c := ref(1, 0), ref(1, 1), ref(2, 0)
	v.create(a, b, c)
	v.create(b, a)
	inA := v.put(a, 1, "a")
	v.put(b, 1, "b")
	inC := v.put(c, 1, "c")
	v.create(a)
	v.between()
	v.same(v.read(a, 0, unlimited).Records, inA)
	for range 2 {
		if err := v.e.DropShard(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	v.gone(b)
	v.between()
	v.gone(b)
	v.same(v.read(a, 0, unlimited).Records, inA)
	for range 2 {
		if err := v.e.DropStream(t.Context(), uid(1)); err != nil {
			t.Fatal(err)
		}
	}
	v.gone(a)
	v.between()
	v.gone(a)
	v.gone(b)
	v.same(v.read(c, 0, unlimited).Records, inC)
	if err := v.e.DropStream(t.Context(), uid(77)); err != nil {
		t.Errorf("dropping what was never there: %v", err)
	}
}

func recreate(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r, ref(1, 1))
	last := engine.Position(0)
	for i := range 4 {
		rec := v.put(r, 1, fmt.Sprint("life ", i))
		if rec[0].Position <= last {
			t.Errorf("position %d was used in an earlier life", rec[0].Position)
		}
		last = rec[0].Position
		v.between()
		v.same(v.read(r, 0, unlimited).Records, rec)
		if err := v.e.DropShard(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			v.between()
		}
		v.create(r)
		if b := v.read(r, 0, unlimited); len(b.Records) > 0 {
			t.Errorf("a shard made anew has records: %s", show(b.Records))
		}
	}
}

func trim(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	var all []engine.Record
	for i := range 20 {
		all = append(all, v.put(r, int64(i*10), "x")...)
		if i == 10 {
			v.between()
		}
	}
	// What goes is up to the engine, but it goes from the front and no record
	// that arrived at the time or later is touched.
	horizon := int64(0)
	for _, before := range []int64{0, 35, 30, 100, 145, 1000} {
		horizon = max(horizon, before)
		if err := v.e.Trim(t.Context(), r, before); err != nil {
			t.Fatal(err)
		}
		if before == 100 {
			v.between()
		}
		got := v.read(r, 0, unlimited)
		if len(got.Records) > len(all) || !got.AtTip {
			t.Fatalf("trimmed to %d: %s", before, show(got.Records))
		}
		v.same(got.Records, all[len(all)-len(got.Records):])
		if len(got.Records) < len(all) && all[len(all)-len(got.Records)-1].Arrival >= horizon {
			t.Fatalf("trim to %d took too much: %s", before, show(got.Records))
		}
		v.same(v.read(r, v.find(r, engine.Target{Arrival: horizon}), unlimited).Records, since(all, horizon))
	}
	tip := v.find(r, engine.Target{Latest: true})
	more := v.put(r, 2000, "after")
	v.same(v.read(r, tip, unlimited).Records, more)
	if more[0].Position <= all[len(all)-1].Position {
		t.Error("a position came again after trimming")
	}
}

func since(all []engine.Record, arrival int64) []engine.Record {
	for i, r := range all {
		if r.Arrival >= arrival {
			return all[i:]
		}
	}
	return nil
}

func wait(t *testing.T, v *env) {
	r, other := ref(1, 0), ref(1, 1)
	v.create(r, other)
	start := func(r engine.ShardRef, from engine.Position) <-chan error {
		done := make(chan error, 1)
		go func() { done <- v.e.Wait(t.Context(), r, from) }()
		return done
	}
	ends := func(what string, done <-chan error) {
		t.Helper()
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, engine.ErrNoShard) {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: still waiting", what)
		}
	}
	first := start(r, 0)
	v.put(other, 1, "elsewhere")
	recs := v.put(r, 1, "a")
	ends("append", first)
	ends("already there", start(r, recs[0].Position))
	next := v.read(r, 0, unlimited).Next
	second := start(r, next)
	select {
	case err := <-second:
		t.Fatalf("nothing is there yet, but Wait returned %v", err)
	default:
	}
	if _, err := v.e.Seal(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	ends("seal", second)
	third := start(other, 1<<40)
	if err := v.e.DropShard(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	ends("drop", third)
	ctx, cancel := context.WithCancel(t.Context())
	v.create(ref(1, 2))
	done := make(chan error, 1)
	go func() { done <- v.e.Wait(ctx, ref(1, 2), 0) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func cancelled(t *testing.T, v *env) {
	v.create(ref(1, 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	runs := []engine.Run{{Shard: ref(1, 0), Records: []engine.Record{{Data: []byte("x")}}}}
	err := v.e.Append(ctx, runs)
	n := len(v.read(ref(1, 0), 0, unlimited).Records)
	if err != nil && n != 0 {
		t.Errorf("Append gave up with %v, but the record is there", err)
	}
	if err == nil && n != 1 {
		t.Error("Append succeeded, but the record is not there")
	}
}

func manyShards(t *testing.T, v *env) {
	const shards = 2000
	refs := make([]engine.ShardRef, shards)
	for i := range refs {
		refs[i] = ref(byte(i%7), uint32(i))
	}
	v.create(refs...)
	runs := make([]engine.Run, shards)
	for i := range runs {
		runs[i] = engine.Run{Shard: refs[i], Arrival: 1, Records: []engine.Record{{Data: fmt.Append(nil, i)}}}
	}
	if err := v.e.Append(t.Context(), runs); err != nil {
		t.Fatal(err)
	}
	v.between()
	for i, r := range refs {
		v.same(v.read(r, 0, unlimited).Records, runs[i].Records)
	}
}

func closed(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	waiting := make(chan error, 1)
	go func() { waiting <- v.e.Wait(context.Background(), r, 0) }()
	if err := v.e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Wait: %v, want ErrClosed", err)
	}
	for name, call := range map[string]func() error{
		"Append": func() error {
			return v.e.Append(context.Background(), []engine.Run{{Shard: r, Records: []engine.Record{{}}}})
		},
		"CreateShard": func() error { return v.e.CreateShard(context.Background(), ref(1, 1)) },
		"DropStream":  func() error { return v.e.DropStream(context.Background(), uid(1)) },
		"Seal":        func() error { _, err := v.e.Seal(context.Background(), r); return err },
		"catalog":     func() error { _, err := v.e.Catalog().Append(context.Background(), nil); return err },
	} {
		if err := call(); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	if err := v.e.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}
