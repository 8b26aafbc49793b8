package streams

import (
	"fmt"
	"testing"
	"time"

	"millrace/internal/engine"
)

// jumps are what a wall clock may do. In a jump back nothing may be trimmed,
// and forward no more than is older than its retention by the clock's word.
var jumps = []struct {
	name  string
	steps []time.Duration
	keeps bool // every record is younger than the retention at every moment
}{
	{"an hour back", []time.Duration{-time.Hour}, true},
	{"an hour back and forth", []time.Duration{-time.Hour, time.Hour}, true},
	{"ten years back", []time.Duration{-10 * 365 * 24 * time.Hour}, true},
	{"before 1970", []time.Duration{-60 * 365 * 24 * time.Hour}, true},
	{"23 hours on", []time.Duration{23 * time.Hour}, true},
	{"a day on", []time.Duration{24*time.Hour + time.Second}, false},
	{"ten years on", []time.Duration{10 * 365 * 24 * time.Hour}, false},
	{"ten years on and back", []time.Duration{10 * 365 * 24 * time.Hour, -10 * 365 * 24 * time.Hour}, false},
	{"a thousand jumps", many(1000), true},
	{"a thousand small steps back", steps(1000, -time.Millisecond), true},
}

// many jumps up to eleven hours forth and back, by a fixed rule.
func many(n int) (list []time.Duration) {
	at := time.Duration(0)
	for i := range n {
		to := time.Duration((i*7919)%1320-660) * time.Minute
		list, at = append(list, to-at), to
	}
	return list
}

func steps(n int, d time.Duration) (list []time.Duration) {
	for range n {
		list = append(list, d)
	}
	return list
}

// TestClockJumps puts a record before, between and after jumps of the clock:
// sequence numbers rise strictly, none is trimmed early, none twice there, and
// a restart in the middle changes nothing.
func TestClockJumps(t *testing.T) {
	for _, c := range jumps {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, 0)
			h.create("s", 1)
			var last SequenceNumber
			put := func(n int) {
				h.Helper()
				p := h.put("s", "k", fmt.Sprint(n))
				if p.Sequence.Cmp(last) <= 0 {
					t.Fatalf("record %d has a number that is not above the one before it", n)
				}
				last = p.Sequence
			}
			put(0)
			for i, d := range c.steps {
				h.clock.Advance(d)
				put(i + 1)
				if i == len(c.steps)/2 {
					h.trimAll()
					h.reopen()
				}
			}
			h.trimAll()
			put(len(c.steps) + 1)
			read := h.readAll("s")
			if c.keeps && len(read) != len(c.steps)+2 {
				t.Fatalf("%d records are there, want %d", len(read), len(c.steps)+2)
			}
			for i, r := range read {
				if i > 0 && r.Sequence.Cmp(read[i-1].Sequence) <= 0 {
					t.Errorf("record %d does not rise", i)
				}
			}
			if n := len(read); n == 0 || string(read[n-1].Data) != fmt.Sprint(len(c.steps)+1) {
				t.Error("the newest record is not there")
			}
		})
	}
}

// readAll reads shard 0 of a stream from its horizon on.
func (h *house) readAll(stream string) (all []ReadRecord) {
	h.Helper()
	it, err := h.Open(h.Context(), h.look(stream), 0, Start{Type: TrimHorizon})
	h.ok(err)
	for {
		page, err := h.Read(h.Context(), it, 1000, 1<<20)
		h.ok(err)
		if len(page.Records) == 0 {
			return all
		}
		all = append(all, page.Records...)
		it.From = engine.Position(page.Records[len(page.Records)-1].Sequence.Counter()) + 1
	}
}
