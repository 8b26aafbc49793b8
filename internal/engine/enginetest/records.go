package enginetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"millrace/internal/engine"
)

func appendAndRead(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	b := v.read(r, 0, unlimited)
	if len(b.Records) != 0 || !b.AtTip || b.Ended {
		t.Fatalf("an empty shard reads as %+v", b)
	}
	want := v.put(r, 1000, "a", "b", "")
	want = append(want, v.put(r, 1001, "c")...)
	last := engine.Position(0)
	for _, rec := range want {
		if rec.Position <= last {
			t.Fatalf("positions do not rise: %s", show(want))
		}
		last = rec.Position
	}
	v.between()
	b = v.read(r, 0, unlimited)
	v.same(b.Records, want)
	if !b.AtTip || b.Ended || b.Next <= last {
		t.Fatalf("batch is %+v", b)
	}
	for i, rec := range want {
		v.same(v.read(r, rec.Position, unlimited).Records, want[i:])
	}
	more := v.put(r, 1002, "d")
	v.same(v.read(r, b.Next, unlimited).Records, more)
	into := []engine.Record{{Attr: 42}}
	got, err := v.e.Read(t.Context(), r, b.Next, unlimited, into)
	if err != nil || len(got.Records) != 2 || got.Records[0].Attr != 42 {
		t.Fatalf("Read does not extend the caller's slice: %s, %v", show(got.Records), err)
	}
}

func severalRuns(t *testing.T, v *env) {
	var refs []engine.ShardRef
	for i := range 10 {
		refs = append(refs, ref(byte(i%3), uint32(i)))
	}
	v.create(refs...)
	var runs []engine.Run
	for i, r := range refs {
		run := engine.Run{Shard: r, Arrival: 5}
		for j := range i + 1 {
			run.Records = append(run.Records, engine.Record{Key: []byte("k"), Data: fmt.Append(nil, i, j)})
		}
		runs = append(runs, run)
	}
	if err := v.e.Append(t.Context(), runs); err != nil {
		t.Fatal(err)
	}
	// What was given belongs to the caller again.
	want := make([][]engine.Record, len(runs))
	for i := range runs {
		for _, rec := range runs[i].Records {
			old := rec.Data
			rec.Data = bytes.Clone(old)
			want[i] = append(want[i], rec)
			clear(old)
		}
	}
	v.between()
	for i, r := range refs {
		v.same(v.read(r, 0, unlimited).Records, want[i])
	}
}

func refusedRuns(t *testing.T, v *env) {
	good, sealed, missing := ref(1, 0), ref(1, 1), ref(1, 2)
	v.create(good, sealed)
	if _, err := v.e.Seal(t.Context(), sealed); err != nil {
		t.Fatal(err)
	}
	rec := func() []engine.Record { return []engine.Record{{Data: []byte("x")}} }
	runs := []engine.Run{
		{Shard: missing, Records: rec()}, {Shard: sealed, Records: rec()}, {Shard: good, Records: rec(), Err: errors.New("left over")},
	}
	if err := v.e.Append(t.Context(), runs); err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{engine.ErrNoShard, engine.ErrSealed, nil} {
		if !errors.Is(runs[i].Err, want) || want == nil && runs[i].Err != nil {
			t.Errorf("run %d: error is %v, want %v", i, runs[i].Err, want)
		}
	}
	v.between()
	v.same(v.read(good, 0, unlimited).Records, runs[2].Records)
	if b := v.read(sealed, 0, unlimited); len(b.Records) > 0 || !b.Ended {
		t.Errorf("sealed shard reads as %+v", b)
	}
	if _, err := v.e.Read(t.Context(), missing, 0, unlimited, nil); !errors.Is(err, engine.ErrNoShard) {
		t.Errorf("reading a missing shard: %v", err)
	}
	if err := v.e.Append(t.Context(), nil); err != nil {
		t.Errorf("appending nothing: %v", err)
	}
}

func arrival(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	for i, at := range []struct{ given, stamped int64 }{{100, 100}, {90, 100}, {100, 100}, {150, 150}, {-5, 150}, {151, 151}} {
		if rec := v.put(r, at.given, "x"); rec[0].Arrival != at.stamped {
			t.Errorf("record %d: given %d, stamped %d, want %d", i, at.given, rec[0].Arrival, at.stamped)
		}
		if i == 3 {
			v.between()
		}
	}
}

func limits(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	var want []engine.Record
	for i := range 40 {
		want = append(want, v.put(r, int64(i), fmt.Sprint("first", i), fmt.Sprint("second", i))...)
	}
	v.between()
	want = append(want, v.put(r, 100, "late")...)
	for _, l := range []engine.Limits{
		{MaxRecords: 1, MaxBytes: 1 << 20}, {MaxRecords: 7, MaxBytes: 1 << 20}, {MaxRecords: 1000, MaxBytes: 60}, {MaxRecords: 3, MaxBytes: 1},
	} {
		var got []engine.Record
		from := engine.Position(0)
		for {
			b := v.read(r, from, l)
			bytes := 0
			for _, rec := range b.Records {
				bytes += len(rec.Key) + len(rec.Data)
			}
			if len(b.Records) > l.MaxRecords || len(b.Records) > 1 && bytes > l.MaxBytes {
				t.Fatalf("limits %+v: %d records, %d bytes", l, len(b.Records), bytes)
			}
			if len(b.Records) == 0 && !b.AtTip {
				t.Fatalf("limits %+v: nothing read at %d, but not at the tip", l, from)
			}
			got, from = append(got, b.Records...), b.Next
			if b.AtTip {
				break
			}
		}
		v.same(got, want)
	}
}

func mask(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	var all []engine.Record
	for i := range 30 {
		all = append(all, v.put(r, int64(100+i/2*10), "x", "y")...)
		if i == 20 {
			v.between()
		}
	}
	for min := int64(90); min < 270; min += 5 {
		l := unlimited
		l.MinArrival = min
		i := slices.IndexFunc(all, func(r engine.Record) bool { return r.Arrival >= min })
		if i < 0 {
			i = len(all)
		}
		b := v.read(r, 0, l)
		v.same(b.Records, all[i:])
		if !b.AtTip {
			t.Errorf("mask %d: not at the tip", min)
		}
	}
}

func find(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	if p := v.find(r, engine.Target{Latest: true}); len(v.read(r, p, unlimited).Records) > 0 {
		t.Fatal("latest of an empty shard")
	}
	var all []engine.Record
	for i := range 30 {
		all = append(all, v.put(r, int64(100+i/3*10), "x", "y")...)
		if i == 20 {
			v.between()
		}
	}
	for at := int64(90); at < 210; at += 5 {
		p := v.find(r, engine.Target{Arrival: at})
		i := slices.IndexFunc(all, func(r engine.Record) bool { return r.Arrival >= at })
		if i < 0 {
			i = len(all)
		}
		v.same(v.read(r, p, unlimited).Records, all[i:])
		if i < len(all) && p != all[i].Position {
			t.Errorf("time %d: position %d, want %d", at, p, all[i].Position)
		}
	}
	latest := v.find(r, engine.Target{Latest: true})
	if b := v.read(r, latest, unlimited); len(b.Records) > 0 || !b.AtTip {
		t.Errorf("latest is not behind the newest record: %+v", b)
	}
	next := v.put(r, 1000, "next")
	v.same(v.read(r, latest, unlimited).Records, next)
}

func largeRecords(t *testing.T, v *env) {
	r := ref(1, 0)
	v.create(r)
	var want []engine.Record
	for i, size := range []int{10 << 20, 1, 300 << 10, 0, 256 << 10, 1 << 20} {
		data := bytes.Repeat([]byte{byte(i + 1)}, size)
		runs := []engine.Run{{Shard: r, Arrival: 1, Records: []engine.Record{{Key: []byte("k"), Data: data}}}}
		if err := v.e.Append(t.Context(), runs); err != nil {
			t.Fatal(err)
		}
		want = append(want, runs[0].Records...)
	}
	v.between()
	v.same(v.read(r, 0, unlimited).Records, want)
	v.same(v.read(r, 0, engine.Limits{MaxRecords: 10, MaxBytes: 100}).Records, want[:1])
}
