package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

func dataOf(p Page) []string {
	var data []string
	for _, r := range p.Records {
		data = append(data, string(r.Data))
	}
	return data
}

func TestStarts(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 1)
	var puts []Put
	for i := range 5 {
		puts = append(puts, h.put("s", "k", fmt.Sprint(i)))
		h.clock.Advance(time.Second)
	}
	sh := st.Shard(0)
	ms := epoch.UnixMilli()
	tests := []struct {
		name  string
		start Start
		want  []string
	}{
		{"trim horizon", Start{Type: TrimHorizon}, []string{"0", "1", "2", "3", "4"}},
		{"latest", Start{Type: Latest}, nil},
		{"at first", Start{Type: AtSequenceNumber, Sequence: puts[0].Sequence}, []string{"0", "1", "2", "3", "4"}},
		{"at third", Start{Type: AtSequenceNumber, Sequence: puts[2].Sequence}, []string{"2", "3", "4"}},
		{"after third", Start{Type: AfterSequenceNumber, Sequence: puts[2].Sequence}, []string{"3", "4"}},
		{"after last", Start{Type: AfterSequenceNumber, Sequence: puts[4].Sequence}, nil},
		{"at shard start", Start{Type: AtSequenceNumber, Sequence: StartingSequence(sh)}, []string{"0", "1", "2", "3", "4"}},
		{"after shard start", Start{Type: AfterSequenceNumber, Sequence: StartingSequence(sh)}, []string{"0", "1", "2", "3", "4"}},
		{"at the highest counter", Start{Type: AtSequenceNumber, Sequence: sequenceOf(sh, maxCounter, sh.CreatedSec)}, nil},
		{"after the highest counter", Start{Type: AfterSequenceNumber, Sequence: sequenceOf(sh, maxCounter, sh.CreatedSec)}, nil},
		{"at time of third", Start{Type: AtTimestamp, TimestampMs: ms + 2000}, []string{"2", "3", "4"}},
		{"just behind third", Start{Type: AtTimestamp, TimestampMs: ms + 2001}, []string{"3", "4"}},
		{"time before the horizon", Start{Type: AtTimestamp, TimestampMs: 5}, []string{"0", "1", "2", "3", "4"}},
		{"time behind the tip", Start{Type: AtTimestamp, TimestampMs: ms + 4500}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := h.page(h.start("s", 0, tt.start))
			if !slices.Equal(dataOf(p), tt.want) {
				t.Errorf("read %v, want %v", dataOf(p), tt.want)
			}
			if p.Next == nil || p.MillisBehindLatest != 0 || p.ChildShards != nil {
				t.Errorf("page %+v", p)
			}
		})
	}
	latest := h.start("s", 0, Start{Type: Latest})
	h.put("s", "k", "new")
	if p := h.page(latest); !slices.Equal(dataOf(p), []string{"new"}) {
		t.Errorf("LATEST sees %v", dataOf(p))
	}
}

func TestStartRefusals(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 2)
	open := func(shard uint32, n SequenceNumber) error {
		_, err := h.Open(t.Context(), st, shard, Start{Type: AtSequenceNumber, Sequence: n})
		return err
	}
	older := *st.Shard(0)
	older.CreatedSec--
	five, _ := ParseSequenceNumber("5")
	zero, _ := ParseSequenceNumber("0")
	for _, tt := range []struct {
		name string
		n    SequenceNumber
		kind SequenceErrorKind
	}{
		{"other shard", StartingSequence(st.Shard(1)), SequenceOfOtherShard},
		{"other shard in version 0", five, SequenceOfOtherShard},
		{"other stream", StartingSequence(&older), SequenceOfOtherStream},
		{"version 0", zero, SequenceOfOtherStream},
	} {
		if e := wantError[*SequenceError](t, open(0, tt.n)); e.Kind != tt.kind {
			t.Errorf("%s: %v", tt.name, e)
		}
	}
	wantError[*ShardNotFoundError](t, open(7, zero))
}

func TestPagesAndMillisBehindLatest(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	for i := range 4 {
		h.put("s", "k", fmt.Sprint(i, "...."))
		h.clock.Advance(time.Second)
	}
	it := h.start("s", 0, Start{Type: TrimHorizon})
	want := []int64{4000, 3000, 2000, 0}
	for i := range 4 {
		p, err := h.Read(t.Context(), it, 1, 1<<20)
		h.ok(err)
		if len(p.Records) != 1 || p.Bytes != len("k")+len("0....") || p.MillisBehindLatest != want[i] {
			t.Errorf("page %d: %d records, %d bytes, %d ms", i, len(p.Records), p.Bytes, p.MillisBehindLatest)
		}
		if r := p.Records[0]; string(r.PartitionKey) != "k" || r.ArrivalMs != epoch.UnixMilli()+int64(i)*1000 {
			t.Errorf("record %+v", r)
		}
		it = *p.Next
	}
	p, err := h.Read(t.Context(), h.start("s", 0, Start{Type: TrimHorizon}), 100, 15)
	h.ok(err)
	if len(p.Records) != 2 {
		t.Errorf("%d records in 15 bytes", len(p.Records))
	}
}

func TestEndOfAClosedShard(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 2)
	h.put("s", "k", "old")
	shard := st.Route(hashkey.Of("k")).Number
	before := h.start("s", shard, Start{Type: Latest})
	h.ok(h.Merge(t.Context(), st.Name, 0, 1))
	h.clock.Advance(time.Minute)
	p := h.page(h.start("s", shard, Start{Type: TrimHorizon}))
	if !slices.Equal(dataOf(p), []string{"old"}) || p.Next != nil || len(p.ChildShards) != 1 || p.ChildShards[0].Number != 2 {
		t.Errorf("last page %+v", p)
	}
	if p := h.page(before); p.Next != nil || len(p.ChildShards) != 1 || p.MillisBehindLatest != 60_000 {
		t.Errorf("page behind the end %+v", p)
	}
	for _, start := range []Start{{Type: Latest}, {Type: AtTimestamp, TimestampMs: epoch.UnixMilli() + 30_000}} {
		if p := h.page(h.start("s", shard, start)); len(p.Records) != 0 || p.Next != nil {
			t.Errorf("%s on a closed shard: %+v", start.Type, p)
		}
	}
	end, _ := EndingSequence(h.look("s").Shard(shard))
	for _, typ := range []IteratorType{AtSequenceNumber, AfterSequenceNumber} {
		if p := h.page(h.start("s", shard, Start{Type: typ, Sequence: end})); p.Next != nil {
			t.Errorf("%s the end: %+v", typ, p)
		}
	}
}

// Between the seal and the catalog's commit the children are not known.
func TestEndOfASealedShardThatIsNotClosed(t *testing.T) {
	h := newHouse(t, time.Second)
	st := h.create("s", 1)
	h.ok(h.Split(t.Context(), st.Name, 0, hashkey.Whole.Half(), 0))
	_, err := h.engine.Seal(t.Context(), engine.ShardRef{Stream: st.UID})
	h.ok(err)
	it := h.start("s", 0, Start{Type: TrimHorizon})
	p := h.page(it)
	if p.Next == nil || p.ChildShards != nil {
		t.Fatalf("page %+v", p)
	}
	h.clock.Advance(time.Second)
	if p = h.page(*p.Next); p.Next != nil || len(p.ChildShards) != 2 {
		t.Errorf("page %+v", p)
	}
}

func TestIteratorOfARecreatedStream(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	h.put("s", "k", "old")
	it := h.start("s", 0, Start{Type: TrimHorizon})
	h.ok(h.Delete(t.Context(), named("s")))
	_, err := h.Read(t.Context(), it, 1, 1)
	wantError[*ShardNotFoundError](t, err)
	h.create("s", 1)
	_, err = h.Read(t.Context(), it, 1, 1)
	wantError[*ShardNotFoundError](t, err)
	wantError[*ShardNotFoundError](t, h.Wait(t.Context(), it))
	if data, _ := h.drain("s", 0); len(data) != 0 {
		t.Errorf("the new stream holds %v", data)
	}
}

func TestRetentionMasksExactly(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	h.put("s", "k", "a")
	h.clock.Advance(time.Hour)
	h.put("s", "k", "b")
	h.clock.Advance(23*time.Hour - time.Millisecond)
	if data, _ := h.drain("s", 0); !slices.Equal(data, []string{"a", "b"}) {
		t.Errorf("a millisecond before: %v", data)
	}
	h.clock.Advance(time.Millisecond)
	if data, _ := h.drain("s", 0); !slices.Equal(data, []string{"b"}) {
		t.Errorf("at 24 h: %v", data)
	}
	h.ok(h.SetRetention(t.Context(), named("s"), 48, true))
	if data, _ := h.drain("s", 0); !slices.Equal(data, []string{"b"}) {
		t.Errorf("raising brought back: %v", data)
	}
	h.clock.Advance(20 * time.Hour)
	h.put("s", "k", "c")
	if data, _ := h.drain("s", 0); !slices.Equal(data, []string{"b", "c"}) {
		t.Errorf("after raising: %v", data)
	}
	h.ok(h.SetRetention(t.Context(), named("s"), 24, false))
	h.ok(h.SetRetention(t.Context(), named("s"), 48, true))
	if data, _ := h.drain("s", 0); !slices.Equal(data, []string{"c"}) {
		t.Errorf("lowering did not trim for good: %v", data)
	}
}

func TestClosedShardsExpire(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 1)
	h.put("s", "k", "a")
	h.ok(h.Split(t.Context(), st.Name, 0, hashkey.Whole.Half(), 0))
	it := h.start("s", 0, Start{Type: TrimHorizon})
	h.clock.Advance(24*time.Hour - time.Millisecond)
	if n := len(h.ListShards(h.look("s"), ShardFilter{After: catalog.NoShard})); n != 3 {
		t.Errorf("%d shards listed before the end of retention", n)
	}
	h.clock.Advance(time.Millisecond)
	if n := len(h.ListShards(h.look("s"), ShardFilter{After: catalog.NoShard})); n != 2 {
		t.Errorf("%d shards listed behind it", n)
	}
	_, err := h.Read(t.Context(), it, 1, 1)
	wantError[*ShardNotFoundError](t, err)
	h.clock.Advance(time.Minute)
	st = h.look("s")
	if len(st.Shards) != 2 || st.Shard(0) != nil || !slices.Equal(st.Condemned, []uint32{0}) {
		t.Errorf("%d shards, condemned %v", len(st.Shards), st.Condemned)
	}
	if h.stored(st.UID, 0) {
		t.Error("the shard is still in the engine")
	}
	h.ok(h.Split(t.Context(), st.Name, 1, st.Shard(1).Range.Half(), 0))
	if h.look("s").Shard(3) == nil {
		t.Error("a number was used again")
	}
}

func TestShardFilters(t *testing.T) {
	h := newHouse(t, 0)
	ctx := t.Context()
	at := func(d time.Duration) int64 { return epoch.Add(d).UnixMilli() }
	st := h.create("s", 2) // 0 1
	h.clock.Advance(time.Hour)
	h.ok(h.Split(ctx, st.Name, 0, st.Shard(0).Range.Half(), 0)) // 2 3 at 1 h
	h.clock.Advance(time.Hour)
	h.ok(h.Merge(ctx, st.Name, 3, 1)) // 4 at 2 h
	h.clock.Advance(time.Hour)
	tests := []struct {
		name   string
		filter ShardFilter
		want   []uint32
	}{
		{"none", ShardFilter{After: -1}, []uint32{0, 1, 2, 3, 4}},
		{"after", ShardFilter{Type: "AFTER_SHARD_ID", After: 2}, []uint32{3, 4}},
		{"after the last", ShardFilter{Type: "AFTER_SHARD_ID", After: 4}, nil},
		{"from trim horizon", ShardFilter{Type: "FROM_TRIM_HORIZON", After: -1}, []uint32{0, 1, 2, 3, 4}},
		{"at trim horizon", ShardFilter{Type: "AT_TRIM_HORIZON", After: -1}, []uint32{0, 1}},
		{"at latest", ShardFilter{Type: "AT_LATEST", After: -1}, []uint32{2, 4}},
		{"at latest, a page on", ShardFilter{Type: "AT_LATEST", After: 2}, []uint32{4}},
		{"at 0:30", ShardFilter{Type: "AT_TIMESTAMP", TimestampMs: at(30 * time.Minute), After: -1}, []uint32{0, 1}},
		{"at 1:30", ShardFilter{Type: "AT_TIMESTAMP", TimestampMs: at(90 * time.Minute), After: -1}, []uint32{1, 2, 3}},
		{"a millisecond into the split", ShardFilter{Type: "AT_TIMESTAMP", TimestampMs: at(time.Hour) + 1, After: -1}, []uint32{1, 2, 3}},
		{"at 2:30", ShardFilter{Type: "AT_TIMESTAMP", TimestampMs: at(150 * time.Minute), After: -1}, []uint32{2, 4}},
		{"at the epoch", ShardFilter{Type: "AT_TIMESTAMP", TimestampMs: 0, After: -1}, []uint32{0, 1}},
		{"from 1:30", ShardFilter{Type: "FROM_TIMESTAMP", TimestampMs: at(90 * time.Minute), After: -1}, []uint32{1, 2, 3, 4}},
		{"from 2:30", ShardFilter{Type: "FROM_TIMESTAMP", TimestampMs: at(150 * time.Minute), After: -1}, []uint32{2, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []uint32
			for _, sh := range h.ListShards(h.look("s"), tt.filter) {
				got = append(got, sh.Number)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("shards %v, want %v", got, tt.want)
			}
		})
	}
	h.clock.Set(epoch.Add(25*time.Hour + time.Minute))
	var got []uint32
	for _, sh := range h.ListShards(h.look("s"), ShardFilter{Type: "AT_TRIM_HORIZON", After: -1}) {
		got = append(got, sh.Number)
	}
	if !slices.Equal(got, []uint32{1, 2, 3}) {
		t.Errorf("a day later, at trim horizon: %v", got)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{TB: t, engine: memoryDisk(t), delay: time.Second}
		cfg := h.config()
		cfg.Clock = nil // the bubble's own
		s, err := Open(t.Context(), cfg)
		h.ok(err)
		defer s.Close()
		h.Service = s
		h.ok(s.Create(t.Context(), CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 1}))
		time.Sleep(time.Second)
		synctest.Wait()
		woken := func(it Iterator) chan error {
			ch := make(chan error, 1)
			go func() { ch <- s.Wait(t.Context(), it) }()
			synctest.Wait()
			return ch
		}
		quiet := func(ch chan error, when string) {
			t.Helper()
			synctest.Wait()
			select {
			case err := <-ch:
				t.Fatalf("%s: woken with %v", when, err)
			default:
			}
		}
		it := h.start("s", 0, Start{Type: Latest})
		ch := woken(it)
		quiet(ch, "nothing there")
		h.put("s", "k", "a")
		h.ok(<-ch)
		p := h.page(it)
		it = *p.Next

		ch = woken(it)
		h.ok(s.Split(t.Context(), named("s"), 0, hashkey.Whole.Half(), 0))
		_, err = h.engine.Seal(t.Context(), engine.ShardRef{Stream: it.UID})
		h.ok(err)
		quiet(ch, "sealed, not closed")
		h.ok(<-ch)
		if p := h.page(it); len(p.ChildShards) != 2 {
			t.Errorf("woken to %+v", p)
		}

		it = h.start("s", 1, Start{Type: Latest})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Wait(ctx, it); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		ch = woken(it)
		h.ok(s.Delete(t.Context(), named("s")))
		<-ch // with or without an error: Read tells
		_, err = s.Read(t.Context(), it, 1, 1)
		wantError[*ShardNotFoundError](t, err)
	})
}
