package powerloss

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"millrace/test/crash"
	"millrace/test/harness"
)

// commits are the intervals of ext4's own commits, in seconds: with the last
// nothing is written but what a sync asks for.
var commits = []int{1, 5, 1000}

// TestPowerLoss cuts the power POWERLOSSES times (10) under the load of the kill
// -9 suite, with its oracle. A server that acknowledged before its sync was
// done, or forgot the sync of a folder, loses records here.
func TestPowerLoss(t *testing.T) {
	v := newVolume(t)
	cycles := number(t, "POWERLOSSES", 10)
	seed := uint64(number(t, "SEED", int(time.Now().UnixNano()&0x7fffffff)))
	random := rand.New(rand.NewPCG(seed, 7))
	rig := crash.NewRig(t, filepath.Join(v.at, "data"), seed)
	rig.Cut = func(s *harness.Server) error {
		// The machine stops with its disk. A server that ran on would see
		// syncs succeed that did not: see freeze.
		if err := freeze(s.PID()); err != nil {
			return err
		}
		if err := v.cutPower(); err != nil {
			return err
		}
		s.Kill()
		if err := v.unmount(); err != nil {
			return err
		}
		return v.mount(commits[random.IntN(len(commits))])
	}
	start := time.Now()
	for n := range cycles + 1 {
		if err := rig.Cycle(t.Context(), n, n == cycles); err != nil {
			t.Fatalf("SEED=%d: %v", seed, err)
		}
	}
	verdict := rig.Verdict()
	t.Logf("power loss on ext4: %d cycles in %v, SEED=%d; %v", cycles, time.Since(start).Round(time.Second), seed, verdict)
	for _, detail := range verdict.Details {
		t.Error(detail)
	}
	if verdict.Acked == 0 {
		t.Error("nothing was acknowledged: the run shows nothing")
	}
}

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
