package enginetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"millrace/internal/engine"
)

// volume writes more than a subject's memory settings and reads it back.
func volume(t *testing.T, v *env) {
	const shards = 8
	size := 1000
	rounds := 60 * v.Volume
	var refs []engine.ShardRef
	for i := range shards {
		refs = append(refs, ref(byte(i%2), uint32(i)))
	}
	v.create(refs...)
	content := func(shard, n int) []byte {
		b := make([]byte, size)
		binary.LittleEndian.PutUint32(b, uint32(shard))
		binary.LittleEndian.PutUint32(b[4:], uint32(n))
		b[size-1] = byte(n * 7)
		return b
	}
	const perRun = 20
	for n := range rounds {
		var runs []engine.Run
		for s, r := range refs {
			run := engine.Run{Shard: r, Arrival: int64(n)}
			for i := range perRun {
				run.Records = append(run.Records, engine.Record{Data: content(s, n*perRun+i)})
			}
			runs = append(runs, run)
		}
		if err := v.e.Append(t.Context(), runs); err != nil {
			t.Fatal(err)
		}
	}
	v.between()
	for s, r := range refs {
		n, from := 0, engine.Position(0)
		for {
			b := v.read(r, from, engine.Limits{MaxRecords: 777, MaxBytes: 1 << 20})
			for _, rec := range b.Records {
				if string(rec.Data) != string(content(s, n)) {
					t.Fatalf("shard %d: record %d is not what was written", s, n)
				}
				n++
			}
			if from = b.Next; b.AtTip {
				break
			}
		}
		if n != rounds*perRun {
			t.Fatalf("shard %d: %d records, want %d", s, n, rounds*perRun)
		}
	}
}

// concurrent has writers, readers that follow them, and a sealer per shard.
// Each reader must see each writer's acknowledged records once and in order.
func concurrent(t *testing.T, v *env) {
	const shards, writers = 4, 6
	perWriter := 100 * v.Volume
	var all, readers sync.WaitGroup
	for s := range shards {
		r := ref(1, uint32(s))
		v.create(r)
		acked := make([][]engine.Record, writers)
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() { acked[w] = v.write(r, w, perWriter) })
		}
		seen := make([][]engine.Record, 2)
		for i := range seen {
			readers.Go(func() { seen[i] = v.follow(r) })
		}
		all.Go(func() {
			wg.Wait()
			if _, err := v.e.Seal(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() { readers.Wait() })
		t.Cleanup(func() {
			for _, got := range seen {
				checkFollowed(t, got, acked)
			}
		})
	}
	all.Wait()
}

func (v *env) write(r engine.ShardRef, writer, n int) []engine.Record {
	var out []engine.Record
	rnd := rand.New(rand.NewPCG(uint64(writer), 1))
	for i := 0; i < n; {
		run := engine.Run{Shard: r, Arrival: int64(i)}
		for range 1 + rnd.IntN(5) {
			run.Records = append(run.Records, engine.Record{Key: fmt.Append(nil, writer), Data: fmt.Append(nil, i)})
			i++
		}
		runs := []engine.Run{run}
		if err := v.e.Append(v.Context(), runs); err != nil || runs[0].Err != nil {
			v.Errorf("Append: %v, %v", err, runs[0].Err)
			return out
		}
		out = append(out, runs[0].Records...)
	}
	return out
}

// follow reads a shard to its end.
func (v *env) follow(r engine.ShardRef) []engine.Record {
	var out []engine.Record
	from := engine.Position(0)
	for {
		b, err := v.e.Read(v.Context(), r, from, engine.Limits{MaxRecords: 50, MaxBytes: 1 << 20}, nil)
		if err != nil {
			v.Errorf("Read: %v", err)
			return out
		}
		out, from = append(out, b.Records...), b.Next
		if b.Ended {
			return out
		}
		if b.AtTip {
			if err := v.e.Wait(v.Context(), r, from); err != nil {
				v.Errorf("Wait: %v", err)
				return out
			}
		}
	}
}

func checkFollowed(t *testing.T, got []engine.Record, acked [][]engine.Record) {
	t.Helper()
	next := make([]int, len(acked))
	last := engine.Position(0)
	for _, rec := range got {
		var w int
		fmt.Sscan(string(rec.Key), &w)
		if rec.Position <= last {
			t.Fatalf("position %d after %d", rec.Position, last)
		}
		last = rec.Position
		if next[w] >= len(acked[w]) || acked[w][next[w]].Position != rec.Position || string(acked[w][next[w]].Data) != string(rec.Data) {
			t.Fatalf("writer %d: record %d is %s", w, next[w], show([]engine.Record{rec}))
		}
		next[w]++
	}
	for w := range acked {
		if next[w] != len(acked[w]) {
			t.Fatalf("writer %d: %d of %d records were seen", w, next[w], len(acked[w]))
		}
	}
}
