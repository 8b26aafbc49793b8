package catalog

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"millrace/internal/hashkey"
)

func created(t testing.TB, shards int) (*State, *Stream) {
	s := play(t, []Command{
		&CreateStream{Ms: t0, Name: name("s"), UID: uidOf(1), Mode: Provisioned, ShardCount: shards},
		&Activate{UID: uidOf(1)},
	})
	return s, s.Stream(name("s"))
}

// finish commits rounds until the stream is at rest, and counts them.
func finish(t testing.TB, s *State) (st *Stream, rounds, steps int) {
	t.Helper()
	for st = s.Stream(name("s")); st.Pending != nil; st = s.Stream(name("s")) {
		round := st.NextRound()
		var ends []ShardEnd
		for _, step := range round {
			for _, p := range step.Parents {
				ends = append(ends, ShardEnd{Shard: p, End: 1})
			}
		}
		out := s.Apply(&CommitReshard{Ms: t0 + 5000, UID: UID(st.UID), FirstChild: st.NextShard, Ends: ends})
		if out.Err != nil {
			t.Fatalf("round %d of %d steps: %v", rounds, len(round), out.Err)
		}
		if err := out.Stream.check(); err != nil {
			t.Fatalf("after round %d: %v", rounds, err)
		}
		rounds, steps = rounds+1, steps+len(round)
	}
	return st, rounds, steps
}

func resize(t testing.TB, s *State, target int) (st *Stream, rounds, steps int) {
	t.Helper()
	if out := s.Apply(&BeginResize{Ms: t0 + 4000, Name: name("s"), Target: target}); out.Err != nil {
		t.Fatal(out.Err)
	}
	return finish(t, s)
}

// uneven is how much the widest range differs from the narrowest, in parts of
// a million of the mean.
func uneven(st *Stream) float64 {
	lo, hi := hashkey.Max, hashkey.Key{}
	for _, sh := range st.Open {
		w := sh.Range.Width()
		if w.Less(lo) {
			lo = w
		}
		if hi.Less(w) {
			hi = w
		}
	}
	mean := hashkey.Ranges(max(2, len(st.Open)))[0].Width()
	return float64(hi.Sub(lo).Hi) / float64(mean.Hi) * 1e6
}

func TestResize(t *testing.T) {
	tests := []struct{ from, to, rounds, steps int }{
		{1, 1, 0, 0},
		{1, 2, 1, 1},
		{2, 4, 1, 2},
		{4, 8, 1, 4},
		{3, 6, 1, 3},
		{300, 600, 3, 300},
		{8, 4, 1, 4},
		{6, 3, 1, 3},
		{2, 1, 1, 1},
		{600, 300, 3, 300},
		{2, 3, 2, 3},
		{4, 5, 2, 7},
		{4, 6, 2, 6},
		{5, 4, 2, 7},
		{4, 3, 2, 5},
		{1, 7, 3, 6},
		{7, 1, 3, 6},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.from, " to ", tt.to), func(t *testing.T) {
			s, _ := created(t, tt.from)
			st, rounds, steps := resize(t, s, tt.to)
			if len(st.Open) != tt.to || st.Status != Active || uneven(st) > 10 {
				t.Errorf("%d shards, %s, uneven %f", len(st.Open), st.Status, uneven(st))
			}
			if rounds != tt.rounds || steps != tt.steps {
				t.Errorf("%d rounds and %d steps, want %d and %d", rounds, steps, tt.rounds, tt.steps)
			}
		})
	}
}

// However often a stream was resized, it ends with what was asked for.
func TestResizeAgainAndAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	s, st := created(t, 3)
	for range 60 {
		target := 1 + r.IntN(min(200, 4*len(st.Open)))
		if target == len(st.Open) {
			continue
		}
		was := len(st.Open)
		st, _, _ = resize(t, s, target)
		if len(st.Open) != target {
			t.Fatalf("from %d: %d shards, want %d", was, len(st.Open), target)
		}
		if target != 2*was && 2*target != was && uneven(st) > 10 {
			t.Fatalf("from %d to %d: uneven by %f", was, target, uneven(st))
		}
	}
}

func TestHalvesAreHalves(t *testing.T) {
	s, _ := created(t, 2)
	st, _, _ := resize(t, s, 4)
	for i, r := range hashkey.Ranges(4) {
		if st.Open[i].Range != r {
			t.Errorf("range %d is %v, want %v", i, st.Open[i].Range, r)
		}
	}
}

// Ranges too narrow to split leave the halves to the other layout.
func TestDoublingAroundANarrowShard(t *testing.T) {
	s, st := created(t, 1)
	for _, at := range []uint64{1 << 20, 4, 2} {
		out := s.Apply(&BeginSplit{Ms: t0, Name: st.Name, Shard: st.Route(hashkey.Key{}).Number, At: hashkey.Key{Lo: at}})
		if out.Err != nil {
			t.Fatal(out.Err)
		}
		st, _, _ = finish(t, s)
	}
	if st, _, _ = resize(t, s, 8); len(st.Open) != 8 || uneven(st) > 10 {
		t.Errorf("%d shards, uneven by %f", len(st.Open), uneven(st))
	}
}

func TestStaleCommits(t *testing.T) {
	s, st := created(t, 2)
	before := s.Hash()
	commit := func(first uint32, ends ...ShardEnd) error {
		return s.Apply(&CommitReshard{Ms: t0, UID: UID(st.UID), FirstChild: first, Ends: ends}).Err
	}
	if err := commit(2, ShardEnd{Shard: 0}); err != ErrStale {
		t.Errorf("with nothing under way: %v", err)
	}
	for _, c := range []Command{
		&Activate{UID: UID(st.UID)}, &Purge{UID: UID(st.UID)}, &CommitRetention{UID: UID(st.UID)}, &Purge{UID: uidOf(9)},
		&ExpireShards{Ms: t0 + 100*dayMs, UID: UID(st.UID), Shards: []uint32{0, 1}},
	} {
		if err := s.Apply(c).Err; err != ErrStale {
			t.Errorf("%s: %v", c.kind(), err)
		}
	}
	if s.Hash() != before {
		t.Error("a refused command changed the state")
	}
	s.Apply(&BeginMerge{Ms: t0, Name: st.Name, Lower: 0, Upper: 1})
	for name, err := range map[string]error{
		"other round":   commit(3, ShardEnd{Shard: 0}, ShardEnd{Shard: 1}),
		"other parents": commit(2, ShardEnd{Shard: 1}, ShardEnd{Shard: 0}),
		"too few":       commit(2, ShardEnd{Shard: 0}),
		"none":          commit(2),
	} {
		if err != ErrStale {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := commit(2, ShardEnd{Shard: 0}, ShardEnd{Shard: 1}); err != nil {
		t.Error(err)
	}
	if err := commit(2, ShardEnd{Shard: 0}, ShardEnd{Shard: 1}); err != ErrStale {
		t.Errorf("a second time: %v", err)
	}
}

// A clock that goes back must not let a child start below its parent's end.
func TestClockGoingBack(t *testing.T) {
	s, st := created(t, 1)
	for i := range int64(5) {
		open := st.Open[0]
		s.Apply(&BeginSplit{Ms: t0 - i*hourMs, Name: st.Name, Shard: open.Number, At: open.Range.Half()})
		out := s.Apply(&CommitReshard{Ms: t0 - i*hourMs, UID: UID(st.UID), FirstChild: st.NextShard, Ends: []ShardEnd{{Shard: open.Number}}})
		if out.Err != nil {
			t.Fatal(out.Err)
		}
		st = out.Stream
		parent, child := st.Shard(open.Number), st.Open[0]
		if child.CreatedSec <= parent.ClosedMs/1000 || parent.ClosedMs < parent.OpenedMs || child.OpenedMs != parent.ClosedMs {
			t.Errorf("parent %+v, child %+v", parent, child)
		}
	}
}

func TestRouteFindsTheShard(t *testing.T) {
	_, st := created(t, 7)
	for _, sh := range st.Shards {
		for _, k := range []hashkey.Key{sh.Range.Start, sh.Range.Half(), sh.Range.End} {
			if got := st.Route(k); got != sh {
				t.Errorf("key %v goes to shard %d, want %d", k, got.Number, sh.Number)
			}
		}
	}
}

func BenchmarkSnapshot10000Shards(b *testing.B) {
	s, _ := created(b, 10000)
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(s.Snapshot())))
	}
}

func BenchmarkRestore10000Shards(b *testing.B) {
	s, _ := created(b, 10000)
	stored := s.Snapshot()
	for b.Loop() {
		if _, err := Restore(stored); err != nil {
			b.Fatal(err)
		}
	}
}
