package streams

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/clock"
	"millrace/internal/engine"
	"millrace/internal/hashkey"
	"millrace/internal/vfs"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0 draws one")

// seededRand prints its seed, so that a failure can be had again.
func seededRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-seed %d", seed)
	return rand.New(rand.NewPCG(seed, seed))
}

// load is a number of writers, each with a hash key of its own, that put
// their records 0, 1, 2 … one after the other, and a hand that reshards the
// stream under them.
type load struct {
	*house
	hashes []hashkey.Key
	mu     sync.Mutex // guards acked
	acked  [][]Put    // by writer
}

func newLoad(h *house, r *rand.Rand, writers int) *load {
	l := &load{house: h, acked: make([][]Put, writers)}
	for range writers {
		l.hashes = append(l.hashes, hashkey.Key{Hi: r.Uint64(), Lo: r.Uint64()})
	}
	return l
}

// write puts up to count records, two at a time, until one is refused.
func (l *load) write(w, count int) error {
	for i := 0; i < count; i += 2 {
		st, err := l.Lookup(named("s"))
		if err != nil {
			return err
		}
		puts := make([]Put, 2)
		for j := range puts {
			puts[j] = Put{Hash: l.hashes[w], PartitionKey: fmt.Sprint(w), Data: []byte(fmt.Sprint(i + j))}
		}
		Route(st, puts)
		if err := errors.Join(l.Append(l.Context(), st, puts), puts[0].Err, puts[1].Err); err != nil {
			return err
		}
		l.mu.Lock()
		l.acked[w] = append(l.acked[w], puts...)
		l.mu.Unlock()
	}
	return nil
}

// reshard makes one random change of the shards.
func (l *load) reshard(r *rand.Rand) error {
	st, err := l.Lookup(named("s"))
	if err != nil {
		return err
	}
	i := r.IntN(len(st.Open))
	switch op := r.IntN(3); {
	case op == 0 && len(st.Open) < 12:
		sh := st.Open[i]
		return l.Split(l.Context(), st.Name, sh.Number, sh.Range.Half(), 0)
	case op == 1 && i+1 < len(st.Open):
		return l.Merge(l.Context(), st.Name, st.Open[i].Number, st.Open[i+1].Number)
	case op == 2:
		_, err := l.Resize(l.Context(), ResizeSpec{Name: st.Name, Target: 1 + r.IntN(8)})
		return err
	}
	return nil
}

// verify reads the whole stream from parents to children: every acknowledged
// record is there once, in order, where and under the number that was said.
func (l *load) verify() {
	l.Helper()
	st := l.look("s")
	if st.Status != catalog.Active {
		l.Errorf("stream is %s", st.Status)
	}
	found := make([][]ReadRecord, len(l.hashes))
	for _, sh := range st.Shards {
		for it := l.start("s", sh.Number, Start{Type: TrimHorizon}); ; {
			p, err := l.Read(l.Context(), it, 100, 1<<20)
			l.ok(err)
			for _, r := range p.Records {
				var w int
				fmt.Sscan(string(r.PartitionKey), &w)
				if !sh.Range.Contains(l.hashes[w]) || r.Sequence.Shard() != sh.Number {
					l.Errorf("record %s of writer %d is in shard %d, number %v", r.Data, w, sh.Number, r.Sequence)
				}
				found[w] = append(found[w], r)
			}
			if p.Next == nil || p.MillisBehindLatest == 0 {
				break
			}
			it = *p.Next
		}
	}
	for w, records := range found {
		for i, r := range records {
			if string(r.Data) != fmt.Sprint(i) || i > 0 && r.Sequence.Cmp(records[i-1].Sequence) <= 0 {
				l.Fatalf("writer %d: record %d is %s, number %v", w, i, r.Data, r.Sequence)
			}
		}
		if len(records) < len(l.acked[w]) || len(records) > len(l.acked[w])+2 {
			l.Fatalf("writer %d: %d records found, %d acknowledged", w, len(records), len(l.acked[w]))
		}
		for i, p := range l.acked[w] {
			if p.Sequence != records[i].Sequence {
				l.Fatalf("writer %d: record %d has number %v, %v was said", w, i, records[i].Sequence, p.Sequence)
			}
		}
	}
}

func TestReshardingUnderLoad(t *testing.T) {
	r := seededRand(t)
	h := &house{TB: t, engine: memoryDisk(t)}
	cfg := h.config()
	cfg.Clock = nil
	s, err := Open(t.Context(), cfg)
	h.ok(err)
	defer s.Close()
	h.Service = s
	h.ok(s.Create(t.Context(), CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 3}))
	l := newLoad(h, r, 6)
	var writers sync.WaitGroup
	for w := range l.hashes {
		writers.Go(func() {
			if err := l.write(w, 1000); err != nil {
				t.Errorf("writer %d: %v", w, err)
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	changes := 0
	for running := true; running && changes < 300; changes++ {
		h.ok(l.reshard(r))
		select {
		case <-done:
			running = false
		default:
		}
	}
	<-done
	t.Logf("%d changes", changes)
	l.verify()
}

// TestCrashUnderLoad stops the file system at some write under load, crashes
// it, and opens what is left.
func TestCrashUnderLoad(t *testing.T) {
	r := seededRand(t)
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	for _, fate := range []vfs.Fate{vfs.Lost, vfs.Kept, vfs.Torn, vfs.Mixed} {
		for range rounds {
			at := 10 + r.IntN(400)
			t.Run(fmt.Sprintf("%v at %d", fate, at), func(t *testing.T) { crashUnderLoad(t, r, fate, at) })
		}
	}
}

func crashUnderLoad(t *testing.T, r *rand.Rand, fate vfs.Fate, at int) {
	fs := vfs.NewCrashable()
	var started atomic.Bool // opening an empty directory is not the load
	fault := &vfs.Fault{Nth: at, Forever: true, Err: errors.New("power is gone"), Match: func(op vfs.Op) bool {
		return started.Load() && op.Mutates()
	}}
	h := &house{TB: t, engine: openDisk(t, vfs.WithHook(fs, fault.Hook)), clock: clock.NewManual(epoch), delay: time.Second}
	h.open()
	started.Store(true)
	l := newLoad(h, r, 4)
	h.ok(h.Create(t.Context(), CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 3}))
	h.clock.Advance(time.Second)
	var writers sync.WaitGroup
	for w := range l.hashes {
		writers.Go(func() { l.write(w, 1e6) })
	}
	for fault.Fired() == 0 {
		if err := l.reshard(r); err != nil && errors.Is(err, engine.ErrUnknownOutcome) {
			break
		}
		h.clock.Advance(time.Second)
	}
	h.Service.Close()
	writers.Wait()
	h.engine.Close()
	fault.Stop()

	h.engine = openDisk(t, fs.Crash(r, fate))
	t.Cleanup(func() { h.engine.Close() })
	h.open()
	h.clock.Advance(time.Second)
	defer h.Service.Close()
	l.verify()
	before := len(h.look("s").Shards)
	for range 3 {
		h.ok(l.reshard(r))
		h.clock.Advance(time.Second)
	}
	if after := len(h.look("s").Shards); after < before {
		t.Errorf("%d shards, %d before", after, before)
	}
	if open := h.look("s").Open; !slices.IsSortedFunc(open, func(a, b *catalog.Shard) int { return a.Range.Start.Cmp(b.Range.Start) }) {
		t.Error("open shards are out of order")
	}
}
