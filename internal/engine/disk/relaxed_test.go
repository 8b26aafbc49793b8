package disk

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"millrace/internal/clock"
	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// TestRelaxedPositions: with relaxed durability a power loss may take
// acknowledged records, but never lets a position come again.
func TestRelaxedPositions(t *testing.T) {
	for _, d := range []Durability{None, Interval(time.Hour)} {
		for _, fate := range fates {
			t.Run(d.String()+"/"+fate.String(), func(t *testing.T) {
				mem := vfs.NewCrashable()
				rnd := rand.New(rand.NewPCG(1, uint64(fate)))
				highest := engine.Position(0)
				for life := range 6 {
					opts := crashOptions(mem, clock.NewManual(epoch))
					if life != 3 { // a run that waits for the disk, in between
						opts.Durability = d
					}
					e, err := Open(t.Context(), opts)
					if err != nil {
						t.Fatalf("life %d: %v", life, err)
					}
					if err := e.CreateShard(t.Context(), at(1, 0), at(1, 1)); err != nil {
						t.Fatal(err)
					}
					for i := range life * 4 {
						rec, err := putOne(e, at(1, 0), 1, make([]byte, 1500))
						if err != nil {
							t.Fatal(err)
						}
						if rec.Position <= highest {
							t.Fatalf("life %d: position %d was given out before", life, rec.Position)
						}
						highest = rec.Position
						if i == 9 {
							if err := e.Flush(t.Context()); err != nil {
								t.Fatal(err)
							}
						}
					}
					b, err := e.Read(t.Context(), at(1, 0), highest+1, engine.Limits{MaxRecords: 1}, nil)
					if err != nil || !b.AtTip {
						t.Fatalf("%+v, %v", b, err)
					}
					next := mem.Crash(rnd, fate)
					if life == 4 {
						err = e.Close()
						next = mem.Crash(rnd, vfs.Lost)
					} else {
						kill(e)
					}
					if err != nil {
						t.Fatal(err)
					}
					mem = next
				}
				if highest == 0 {
					t.Fatal("nothing was written")
				}
			})
		}
	}
}

// TestOrderlyEnd: after Close nothing is lost, whatever the durability, and no
// position is skipped.
func TestOrderlyEnd(t *testing.T) {
	for _, d := range []Durability{Fsync, None, Interval(time.Hour)} {
		mem := vfs.NewCrashable()
		opts := crashOptions(mem, clock.NewManual(epoch))
		opts.Durability = d
		for want := engine.Position(1); want < 40; want++ {
			e, err := Open(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.CreateShard(t.Context(), at(1, 0)); err != nil {
				t.Fatal(err)
			}
			if rec, err := putOne(e, at(1, 0), 1, make([]byte, 2000)); err != nil || rec.Position != want {
				t.Fatalf("%v: position %d, want %d, %v", d, rec.Position, want, err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			mem = mem.Crash(rand.New(rand.NewPCG(1, 1)), vfs.Lost)
			opts.FS = mem
		}
	}
}

// TestIntervalSync: the journal is synced when the time is over, and a failure
// of that ends all writing.
func TestIntervalSync(t *testing.T) {
	c := clock.NewManual(epoch)
	opts := crashOptions(vfs.NewMem(), c)
	opts.Durability = Interval(time.Second)
	e := mustOpen(t, opts)
	if err := e.CreateShard(t.Context(), at(1, 0)); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := putOne(e, at(1, 0), 1, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if n := e.Stats().Syncs; n != 0 {
		t.Errorf("%d syncs before the time", n)
	}
	for start := time.Now(); e.Stats().Syncs == 0; time.Sleep(time.Millisecond) {
		c.Advance(time.Second)
		if time.Since(start) > 5*time.Second {
			t.Fatal("no sync when the time was over")
		}
	}
}

func TestLocked(t *testing.T) {
	opts := Options{Dir: t.TempDir()}
	mustOpen(t, opts)
	if _, err := Open(t.Context(), opts); !errors.Is(err, vfs.ErrLocked) {
		t.Errorf("a second opening: %v", err)
	}
}
