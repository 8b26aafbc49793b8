package server

import "testing"

func TestCrowd(t *testing.T) {
	for _, c := range []struct {
		name  string
		most  int
		times int // that a crowd is seen to be gone while all leave
	}{
		{"nobody", 0, 0},
		{"a few", 999, 0},
		{"a crowd", 1000, 1},
		{"a large crowd", 10_000, 2},
		{"all there may be", 20_000, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen crowd
			for n := range c.most {
				seen.joined(n + 1)
			}
			times := 0
			for n := c.most; n > 0; n-- {
				if seen.left(n - 1) {
					times++
				}
			}
			if times != c.times {
				t.Errorf("%d times, want %d", times, c.times)
			}
		})
	}
}
