package disk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"millrace/internal/vfs"
)

// TestKillThenPowerLoss kills the process before each operation that changes
// the disk, starts the next one on what the system still has in memory, and
// then cuts the power: what the second process served must still be there,
// whatever it found unsynced.
func TestKillThenPowerLoss(t *testing.T) {
	for _, wl := range workloads {
		t.Run(wl.name, func(t *testing.T) {
			t.Parallel()
			mem := vfs.NewCrashable()
			var mu sync.Mutex
			var states []crashState
			w, err := runWorkload(wl.run, mem, func(w *world, op vfs.Op) error {
				if op.Mutates() {
					mu.Lock()
					defer mu.Unlock()
					o := w.o.clone()
					states = append(states, crashState{fmt.Sprintf("before op %d (%s)", len(states), op), mem.Kill(), o})
				}
				return nil
			}, Fsync)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.e.Close(); err != nil {
				t.Fatal(err)
			}
			for i, s := range states {
				if testing.Short() && i%5 != 0 {
					continue
				}
				if err := killedThenCut(s); err != nil {
					t.Fatalf("killed %s: %v", s.where, err)
				}
			}
		})
	}
}

func killedThenCut(s crashState) error {
	served, err := reopen(s.fs, s.o, nil)
	if err != nil {
		return err
	}
	for i, fate := range fates {
		cut := s.fs.Crash(rand.New(rand.NewPCG(5, uint64(i))), fate)
		left, err := reopen(cut, s.o, nil)
		if err == nil && !slices.Equal(served, left) {
			err = fmt.Errorf("%d records were served, %d are left", len(served), len(left))
		}
		if err != nil {
			return fmt.Errorf("then the power was cut, unsynced %v: %w", fate, err)
		}
	}
	return nil
}
