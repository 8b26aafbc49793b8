package crash

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"millrace/test/harness"
)

// readyLimit is how soon a server must answer after kill -9.
const readyLimit = time.Second

// number reads a positive number from the environment.
func number(tb testing.TB, name string, otherwise int) int {
	tb.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		tb.Fatalf("%s=%q, want a number", name, text)
	}
	return n
}

// TestKill kills the server CYCLES times in the middle of PutRecord,
// PutRecords, splits, merges, creations, deletions and its own recovery.
// SEED repeats the choices of an earlier run, though not its timing.
func TestKill(t *testing.T) {
	cycles := number(t, "CYCLES", 50)
	if testing.Short() {
		cycles = 3
	}
	seed := uint64(number(t, "SEED", int(time.Now().UnixNano()&0x7fffffff)))
	t.Logf("SEED=%d", seed)
	dir := directory(t)
	rig := NewRig(t, dir, seed)
	for n := range cycles + 1 {
		if err := rig.Cycle(t.Context(), n, n == cycles); err != nil {
			t.Fatal(err)
		}
		if v := rig.oracle.Verdict(); v.Sum() > maxDetails {
			t.Errorf("stopped after %d cycles", n)
			break
		}
	}
	verdict := rig.oracle.Verdict()
	slices.Sort(rig.Ready)
	median, slowest := rig.Ready[len(rig.Ready)/2], rig.Ready[len(rig.Ready)-1]
	t.Logf("crash: %d cycles, %d more kills during recovery, %d reshards, %d restarts into a transition; %v; ready after %v (median), %v (slowest)",
		cycles, rig.EarlyKills, rig.Reshards.Load(), rig.Transitioning, verdict,
		median.Round(time.Millisecond), slowest.Round(time.Millisecond))
	for _, detail := range verdict.Details {
		t.Error(detail)
	}
	if late := rig.Ready[len(rig.Ready)*95/100]; late > readyLimit {
		t.Errorf("one restart in twenty took %v or more, want less than %v", late, readyLimit)
	}
	if verdict.Acked == 0 {
		t.Error("nothing was acknowledged: the run shows nothing")
	}
}

// directory is a data directory on a real disk that a failed test leaves behind.
func directory(t *testing.T) string {
	t.Helper()
	base := filepath.Join(harness.Root(), ".cache", "crash")
	if err := os.MkdirAll(base, 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(base, "data-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the data directory is kept: %s", dir)
			return
		}
		os.RemoveAll(dir)
	})
	return filepath.Join(dir, "data")
}
