package throttle

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTake(t *testing.T) {
	type step struct {
		at   int64
		n    int
		want bool
	}
	tests := []struct {
		name  string
		rate  int
		steps []step
	}{
		{"starts full", 5, []step{{0, 5, true}, {0, 1, false}}},
		{"refills in proportion", 5, []step{{0, 5, true}, {199, 1, false}, {200, 1, true}, {200, 1, false}}},
		{"never above one second's worth", 5, []step{{0, 5, true}, {60_000, 5, true}, {60_000, 1, false}}},
		{"refused takes nothing", 5, []step{{0, 4, true}, {0, 2, false}, {0, 1, true}}},
		{"more than the rate", 5, []step{{0, 6, false}, {60_000, 6, false}}},
		{"clock backwards", 5, []step{{10_000, 5, true}, {0, 1, false}, {200, 1, true}}},
		{"clock far forward", 1 << 20, []step{{0, 1 << 20, true}, {1 << 60, 1 << 20, true}, {1 << 60, 1, false}}},
		{"no limit", 0, []step{{0, 1 << 30, true}, {0, 1 << 30, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b Bucket
			for i, s := range tt.steps {
				if got := b.Take(s.at, tt.rate, s.n); got != s.want {
					t.Errorf("step %d: %v, want %v", i, got, s.want)
				}
			}
		})
	}
}

func TestChargeHoldsOpenBack(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name    string
		charges []int
		opensAt int64 // first millisecond at which Open says yes
	}{
		{"a little", []int{100}, 0},
		{"10 MiB cost 5 seconds", []int{10 * mib}, 5001},
		{"one second's worth", []int{2 * mib}, 1001},
		{"just under", []int{2*mib - 1}, 0},
		{"two halves", []int{mib, mib}, 1},
		{"saved up burst, then debt", []int{2*mib - 1, mib}, 501},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b Bucket
			for _, n := range tt.charges {
				if !b.Open(0, 2*mib) {
					t.Fatal("not open before a charge")
				}
				b.Charge(0, 2*mib, n)
			}
			at := int64(0)
			for !b.Open(at, 2*mib) {
				at++
			}
			if at > tt.opensAt || at < tt.opensAt-1 {
				t.Errorf("opens at %d ms, want %d", at, tt.opensAt)
			}
		})
	}
}

func TestGive(t *testing.T) {
	var b Bucket
	b.Take(0, 5, 5)
	b.Give(2)
	if !b.Take(0, 5, 2) || b.Take(0, 5, 1) {
		t.Error("what was given back must be there once")
	}
	b.Give(100)
	if b.Take(0, 5, 6) {
		t.Error("giving must not fill above one second's worth")
	}
}

// TestRateHolds draws random calls: no window of a second ever grants more
// than twice the rate (a full bucket, then a second of refill), and a bucket
// left alone grants a full second again.
func TestRateHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 2000).Draw(t, "rate")
		var b Bucket
		now, granted := int64(0), []struct{ at, n int64 }{}
		for range rapid.IntRange(1, 200).Draw(t, "calls") {
			now += rapid.Int64Range(0, 100).Draw(t, "pause")
			n := rapid.IntRange(1, rate).Draw(t, "n")
			if b.Take(now, rate, n) {
				granted = append(granted, struct{ at, n int64 }{now, int64(n)})
			}
			var sum int64
			for _, g := range granted {
				if g.at > now-1000 {
					sum += g.n
				}
			}
			if sum > int64(2*rate) {
				t.Fatalf("%d granted within a second at rate %d", sum, rate)
			}
		}
		if !b.Take(now+1001, rate, rate) {
			t.Fatal("a rested bucket is not full")
		}
	})
}
