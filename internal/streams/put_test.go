package streams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

func TestAppendKeepsOrderWithinShards(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 4)
	puts := make([]Put, 200)
	throttled := errors.New("throttled")
	for i := range puts {
		key := fmt.Sprint("key", i%17)
		puts[i] = Put{Hash: hashkey.Of(key), PartitionKey: key, Data: []byte(fmt.Sprint(i))}
		if i%10 == 3 {
			puts[i].Err = throttled
		}
	}
	Route(st, puts)
	h.ok(h.Append(t.Context(), st, puts))
	want := map[uint32][]string{}
	last := map[uint32]SequenceNumber{}
	for i, p := range puts {
		if i%10 == 3 {
			if p.Err != throttled || p.Sequence != (SequenceNumber{}) {
				t.Errorf("put %d: %v, %v", i, p.Err, p.Sequence)
			}
			continue
		}
		sh := st.Route(p.Hash)
		if p.Err != nil || p.Shard != sh.Number || p.Sequence.Shard() != sh.Number || p.Sequence.TimeSec() != epoch.Unix() {
			t.Fatalf("put %d: shard %d, %v, %v", i, p.Shard, p.Sequence, p.Err)
		}
		if p.Sequence.Cmp(last[p.Shard]) <= 0 || p.Sequence.Cmp(StartingSequence(sh)) <= 0 {
			t.Fatalf("put %d does not lie above the one before", i)
		}
		last[p.Shard] = p.Sequence
		want[p.Shard] = append(want[p.Shard], string(p.Data))
	}
	for n := range uint32(4) {
		if got, _ := h.drain("s", n); !slices.Equal(got, want[n]) {
			t.Errorf("shard %d holds %v, want %v", n, got, want[n])
		}
	}
}

func TestPutToADeletedStream(t *testing.T) {
	h := newHouse(t, time.Second)
	st := h.create("s", 1)
	puts := []Put{{PartitionKey: "k"}}
	h.ok(h.Delete(t.Context(), st.Name))
	h.clock.Advance(time.Second)
	wantError[*NotFoundError](t, h.Append(t.Context(), st, puts))
}

// A view from before a split still reaches the children.
func TestPutThroughAnOldView(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 1)
	h.ok(h.Split(t.Context(), st.Name, 0, hashkey.Whole.Half(), 0))
	puts := []Put{{Hash: hashkey.Max}, {Hash: hashkey.Key{}}, {Hash: hashkey.Max}}
	Route(st, puts)
	h.ok(h.Append(t.Context(), st, puts))
	for i, want := range []uint32{2, 1, 2} {
		if p := puts[i]; p.Err != nil || p.Shard != want || p.Sequence.Shard() != want {
			t.Errorf("put %d: %+v", i, p)
		}
	}
	// Two generations on, with the shard of the view gone from the engine.
	h.ok(h.Split(t.Context(), st.Name, 1, hashkey.Key{Lo: 100}, 0))
	h.clock.Advance(25 * time.Hour)
	h.clock.Advance(time.Minute)
	if h.look("s").Shard(0) != nil {
		t.Fatal("shard 0 has not expired")
	}
	Route(st, puts)
	h.ok(h.Append(t.Context(), st, puts))
	if puts[1].Err != nil || puts[1].Shard != 3 || puts[0].Shard != 2 {
		t.Errorf("puts %+v", puts)
	}
}

func TestPutWaitsForTheCommitOfAReshard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{TB: t, engine: memoryDisk(t), delay: time.Second}
		cfg := h.config()
		cfg.Clock = nil
		s, err := Open(t.Context(), cfg)
		h.ok(err)
		defer s.Close()
		h.Service = s
		h.ok(s.Create(t.Context(), CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 2}))
		time.Sleep(time.Second)
		synctest.Wait()
		st := h.look("s")
		h.ok(s.Split(t.Context(), st.Name, 0, st.Shard(0).Range.Half(), 0))
		_, err = h.engine.Seal(t.Context(), engine.ShardRef{Stream: st.UID})
		h.ok(err)
		puts := []Put{{Hash: hashkey.Key{}}, {Hash: hashkey.Max}}
		Route(st, puts)
		done := make(chan error, 1)
		began := time.Now()
		go func() { done <- s.Append(t.Context(), st, puts) }()
		h.ok(<-done)
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		if puts[0].Err != nil || puts[0].Shard != 2 || puts[1].Err != nil || puts[1].Shard != 1 {
			t.Errorf("puts %+v", puts)
		}

		// Sealed with no reshard to come: the put gives up in the end, alone.
		_, err = h.engine.Seal(t.Context(), engine.ShardRef{Stream: st.UID, Shard: 1})
		h.ok(err)
		st = h.look("s")
		Route(st, puts)
		began = time.Now()
		h.ok(s.Append(t.Context(), st, puts))
		if puts[0].Err != nil || !errors.Is(puts[1].Err, ErrUnavailable) || time.Since(began) != reshardPatience {
			t.Errorf("puts %+v after %v", puts, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		only := puts[1:]
		only[0].Err = nil
		if err := s.Append(ctx, st, only); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

func TestCheckOrdering(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 2)
	p := h.put("s", "k", "data")
	sh := st.Shard(p.Shard)
	now := epoch.UnixMilli()
	parse := func(s string) SequenceNumber {
		n, err := ParseSequenceNumber(s)
		h.ok(err)
		return n
	}
	tests := []struct {
		name string
		n    SequenceNumber
		kind SequenceErrorKind // 0: accepted
	}{
		{"own", p.Sequence, 0},
		{"start of the shard", StartingSequence(sh), 0},
		{"never issued", sequenceOf(sh, 1000, epoch.Unix()), SequenceNotIssued},
		{"future", sequenceOf(sh, 1, epoch.Unix()+1), SequenceFuture},
		{"future with no counter", SequenceNumber{hi: 2 << 56, mid: uint64(epoch.Unix()+2) >> 28, lo: uint64(epoch.Unix()+2)<<36 | 2}, SequenceFuture},
		{"zero but for its version", SequenceNumber{hi: 2 << 56, lo: 2}, 0},
		{"version 0", parse("5"), 0},
		{"other shard", StartingSequence(st.Shard(1 - p.Shard)), 0},
		{"seen elsewhere", parse("49600902273357540915989931256902715169698037101720764562"), 0},
	}
	for _, tt := range tests {
		err := h.CheckOrdering(st, p.Shard, tt.n, now)
		e, _ := errors.AsType[*SequenceError](err)
		if (err == nil) != (tt.kind == 0) || e != nil && e.Kind != tt.kind {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// discard takes appends without keeping them, to measure what is above it.
type discard struct{ engine.Engine }

func (discard) Append(_ context.Context, runs []engine.Run) error {
	p := engine.Position(1)
	for i := range runs {
		for j := range runs[i].Records {
			runs[i].Records[j].Position, runs[i].Records[j].Arrival = p, runs[i].Arrival
			p++
		}
	}
	return nil
}

func fiveHundred(st *catalog.Stream) []Put {
	puts := make([]Put, 500)
	for i := range puts {
		key := strings.Repeat("k", i%100) + fmt.Sprint(i)
		puts[i] = Put{Hash: hashkey.Of(key), PartitionKey: key, Data: bytes.Repeat([]byte("d"), 1024)}
	}
	Route(st, puts)
	return puts
}

func TestAppendAllocatesNothingPerRecord(t *testing.T) {
	h := &house{TB: t, engine: discard{memoryDisk(t)}, clock: newHouse(t, 0).clock}
	h.open()
	defer h.Service.Close()
	st := h.create("s", 16)
	puts := fiveHundred(st)
	n := testing.AllocsPerRun(50, func() {
		Route(st, puts)
		if err := h.Append(t.Context(), st, puts); err != nil {
			t.Fatal(err)
		}
	})
	if n > 4 && !poolsForget {
		t.Errorf("Append of 500 records allocates %v times", n)
	}
}

func BenchmarkAppend500(b *testing.B) {
	h := &house{TB: b, engine: discard{memoryDisk(b)}, clock: newHouse(b, 0).clock}
	h.open()
	defer h.Service.Close()
	st := h.create("s", 16)
	puts := fiveHundred(st)
	b.ReportAllocs()
	for b.Loop() {
		Route(st, puts)
		if err := h.Append(b.Context(), st, puts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
}
