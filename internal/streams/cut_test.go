package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"millrace/internal/catalog"
	"millrace/internal/clock"
	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

// cutEngine fails everything from its at-th write on, as a crash would. The
// write at the cut is either lost or kept.
type cutEngine struct {
	engine.Engine
	at   int
	kept bool

	mu    sync.Mutex // guards calls: shards are sealed side by side
	calls int
}

// write says whether to carry a write out and whether to report success.
func (c *cutEngine) write() (do bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	switch {
	case c.calls < c.at:
		return true, nil
	case c.calls == c.at:
		return c.kept, engine.ErrClosed
	}
	return false, engine.ErrClosed
}

// reached says whether the cut has happened.
func (c *cutEngine) reached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls >= c.at
}

func cut[T any](c *cutEngine, f func() (T, error)) (T, error) {
	var v T
	do, fault := c.write()
	if do {
		var err error
		if v, err = f(); err != nil {
			return v, err
		}
	}
	return v, fault
}

func (c *cutEngine) CreateShard(ctx context.Context, refs ...engine.ShardRef) error {
	_, err := cut(c, func() (int, error) { return 0, c.Engine.CreateShard(ctx, refs...) })
	return err
}

func (c *cutEngine) DropStream(ctx context.Context, uid engine.StreamUID) error {
	_, err := cut(c, func() (int, error) { return 0, c.Engine.DropStream(ctx, uid) })
	return err
}

func (c *cutEngine) DropShard(ctx context.Context, ref engine.ShardRef) error {
	_, err := cut(c, func() (int, error) { return 0, c.Engine.DropShard(ctx, ref) })
	return err
}

func (c *cutEngine) Append(ctx context.Context, runs []engine.Run) error {
	_, err := cut(c, func() (int, error) { return 0, c.Engine.Append(ctx, runs) })
	return err
}

func (c *cutEngine) Seal(ctx context.Context, ref engine.ShardRef) (engine.Position, error) {
	return cut(c, func() (engine.Position, error) { return c.Engine.Seal(ctx, ref) })
}

func (c *cutEngine) Catalog() engine.Log { return cutLog{c.Engine.Catalog(), c} }

type cutLog struct {
	engine.Log
	c *cutEngine
}

func (l cutLog) Append(ctx context.Context, command []byte) (engine.Index, error) {
	return cut(l.c, func() (engine.Index, error) { return l.Log.Append(ctx, command) })
}

// act is a step of the story that the cuts fall into: what to do, and how to
// see that it happened.
type act struct {
	name string
	do   func(h *house) error
	done func(h *house) bool
}

func openCount(stream string, n int) func(*house) bool {
	return func(h *house) bool {
		st, err := h.Lookup(named(stream))
		return err == nil && st.Status == catalog.Active && len(st.Open) == n
	}
}

func story() []act {
	put := func(data string) act {
		return act{"put " + data,
			func(h *house) error {
				st := h.look("s")
				puts := []Put{
					{Hash: hashkey.Key{}, Data: []byte(data)},
					{Hash: hashkey.Max, Data: []byte(data)},
				}
				Route(st, puts)
				return h.Append(h.Context(), st, puts)
			},
			func(h *house) bool { return slices.Contains(everything(h), data) },
		}
	}
	create := func(stream string, n int) act {
		return act{"create " + stream, func(h *house) error {
			return h.Create(h.Context(), CreateSpec{Name: named(stream), Mode: catalog.Provisioned, ShardCount: n})
		}, openCount(stream, n)}
	}
	resize := func(n int) act {
		return act{fmt.Sprint("resize to ", n), func(h *house) error {
			_, err := h.Resize(h.Context(), ResizeSpec{Name: named("s"), Target: n})
			return err
		}, openCount("s", n)}
	}
	return []act{
		create("s", 2),
		create("gone", 1),
		put("one"),
		{"split", func(h *house) error {
			return h.Split(h.Context(), named("s"), 0, hashkey.Key{Lo: 1 << 40}, 0)
		}, openCount("s", 3)},
		put("two"),
		{"merge", func(h *house) error { return h.Merge(h.Context(), named("s"), 3, 1) }, openCount("s", 2)},
		put("three"),
		resize(3),
		put("four"),
		resize(6),
		resize(4),
		put("five"),
		{"delete", func(h *house) error { return h.Delete(h.Context(), named("gone")) }, func(h *house) bool {
			_, err := h.Lookup(named("gone"))
			return err != nil
		}},
		{"retention", func(h *house) error { return h.SetRetention(h.Context(), named("s"), 48, true) }, func(h *house) bool {
			return h.look("s").RetentionHours == 48
		}},
	}
}

// everything reads the whole stream, shard after shard.
func everything(h *house) (all []string) {
	st, err := h.Lookup(named("s"))
	if err != nil {
		return nil
	}
	for _, sh := range st.Shards {
		data, end := h.drain("s", sh.Number)
		if (end.Next == nil) != sh.Closed {
			h.Errorf("shard %d closed %t, page %+v", sh.Number, sh.Closed, end)
		}
		all = append(all, data...)
	}
	return all
}

// outcome is what must come out the same wherever the cut fell.
func outcome(h *house) string {
	s := ""
	for _, sh := range h.look("s").Shards {
		s += fmt.Sprintf("%d %v-%v parents %d %d created %d closed %t at %d end %d\n", sh.Number, sh.Range.Start, sh.Range.End,
			sh.Parent, sh.AdjacentParent, sh.CreatedSec, sh.Closed, sh.ClosedMs, sh.End)
	}
	return s + fmt.Sprintln(everything(h), h.look("s").Status)
}

// tell plays the story with one cut, and one restart there. It returns what
// came out and whether the cut was reached.
func tell(t *testing.T, at int, kept bool) (string, bool) {
	disk := memoryDisk(t)
	faulty := &cutEngine{Engine: disk, at: at, kept: kept}
	h := &house{TB: t, engine: faulty, clock: clock.NewManual(epoch)}
	restart := func() {
		if h.Service != nil {
			h.Service.Close()
		}
		h.engine = disk
		h.open()
	}
	s, err := Open(t.Context(), h.config())
	h.Service = s
	if err != nil {
		h.Service = nil
		restart()
	}
	for _, a := range story() {
		err := a.do(h)
		if cutNow := h.engine == engine.Engine(faulty) && faulty.reached(); cutNow {
			restart()
			if err == nil && !a.done(h) {
				t.Errorf("%s was accepted and did not happen", a.name)
			}
			if err != nil && !errors.Is(err, engine.ErrClosed) {
				t.Errorf("%s: %v", a.name, err)
			}
			if !a.done(h) {
				h.ok(a.do(h))
			}
		} else if err != nil {
			t.Errorf("%s: %v", a.name, err)
		}
		if !a.done(h) {
			t.Errorf("%s did not happen", a.name)
		}
	}
	defer h.Service.Close()
	return outcome(h), faulty.reached()
}

func TestCutAtEveryWrite(t *testing.T) {
	want, _ := tell(t, 1<<30, false)
	for _, kept := range []bool{false, true} {
		reached := true
		for at := 1; reached; at++ {
			var got string
			t.Run(fmt.Sprintf("write %d kept %t", at, kept), func(t *testing.T) {
				if got, reached = tell(t, at, kept); got != want {
					t.Errorf("came out as\n%s\nwant\n%s", got, want)
				}
			})
			if t.Failed() {
				return
			}
		}
	}
}
