package streams

import (
	"errors"
	"testing"
	"time"

	"millrace/internal/catalog"
)

// register makes a consumer and waits its delay out.
func (h *house) register(stream, consumer string) *catalog.Consumer {
	h.Helper()
	_, err := h.RegisterConsumer(h.Context(), RegisterSpec{Stream: named(stream), Name: consumer})
	h.ok(err)
	h.clock.Advance(h.delay)
	return h.look(stream).Consumer(consumer)
}

func (h *house) deregister(stream string, c *catalog.Consumer) {
	h.Helper()
	h.ok(h.DeregisterConsumer(h.Context(), ConsumerRef{named(stream), c.Name, c.CreatedSec()}))
}

func TestConsumerTransitions(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		t.Run(delay.String(), func(t *testing.T) {
			h := newHouse(t, delay)
			h.create("s", 1)
			c, err := h.RegisterConsumer(t.Context(), RegisterSpec{Stream: named("s"), Name: "c"})
			h.ok(err)
			if c.Status != catalog.Creating {
				t.Errorf("registered as %s", c.Status)
			}
			if delay > 0 {
				h.clock.Advance(delay - time.Millisecond)
				if got := h.look("s").Consumer("c").Status; got != catalog.Creating {
					t.Errorf("%s before the delay is over", got)
				}
				h.clock.Advance(time.Millisecond)
			}
			if got := h.look("s").Consumer("c").Status; got != catalog.Active {
				t.Fatalf("%s, want ACTIVE", got)
			}
			h.deregister("s", c)
			if delay > 0 {
				if got := h.look("s").Consumer("c").Status; got != catalog.Deleting {
					t.Fatalf("%s, want DELETING", got)
				}
				h.clock.Advance(delay)
			}
			if got := h.look("s").Consumer("c"); got != nil {
				t.Errorf("still there: %+v", got)
			}
		})
	}
}

// Transitions under way when the server ends are carried out by the next one,
// those that are due by then before it answers.
func TestConsumerTransitionsSurviveARestart(t *testing.T) {
	h := newHouse(t, time.Minute)
	h.create("s", 1)
	old := h.register("s", "old")
	h.deregister("s", old)
	_, err := h.RegisterConsumer(t.Context(), RegisterSpec{Stream: named("s"), Name: "new", Tags: map[string]string{"k": "v"}})
	h.ok(err)
	h.clock.Advance(30 * time.Second)
	h.reopen()
	if st := h.look("s"); st.Consumer("old").Status != catalog.Deleting || st.Consumer("new").Status != catalog.Creating {
		t.Fatalf("after a restart: %+v", st.Consumers)
	}
	h.clock.Advance(30 * time.Second)
	if st := h.look("s"); st.Consumer("old") != nil || st.Consumer("new").Status != catalog.Active || st.Consumer("new").Tags["k"] != "v" {
		t.Fatalf("when they were due: %+v", st.Consumers)
	}
	_, err = h.RegisterConsumer(t.Context(), RegisterSpec{Stream: named("s"), Name: "late"})
	h.ok(err)
	h.Service.Close()
	h.clock.Advance(time.Hour)
	h.open()
	if c := h.look("s").Consumer("late"); c.Status != catalog.Active {
		t.Errorf("overdue at the start and still %s", c.Status)
	}
}

func TestConsumersGoWithTheirStream(t *testing.T) {
	h := newHouse(t, time.Second)
	h.create("s", 1)
	h.register("s", "c")
	wantError[*HasConsumersError](t, h.DeleteUnused(t.Context(), named("s")))
	h.ok(h.Delete(t.Context(), named("s")))
	h.clock.Advance(time.Second)
	if _, err := h.Lookup(named("s")); err == nil {
		t.Error("the stream is still there")
	}
	h.create("s", 1)
	if st := h.look("s"); len(st.Consumers) != 0 {
		t.Errorf("a new stream has consumers %v", st.Consumers)
	}
	h.ok(h.DeleteUnused(t.Context(), named("s")))
}

func TestConsumerTagsAndUnknownOnes(t *testing.T) {
	h := newHouse(t, 0)
	h.create("s", 1)
	c := h.register("s", "c")
	ref := ConsumerRef{named("s"), "c", c.CreatedSec()}
	h.ok(h.TagConsumer(t.Context(), ref, map[string]string{"a": "1", "b": "2"}, 50))
	h.ok(h.UntagConsumer(t.Context(), ref, []string{"a"}))
	if got := h.look("s").Consumer("c").Tags; len(got) != 1 || got["b"] != "2" {
		t.Errorf("tags %v", got)
	}
	ref.CreatedSec++
	for _, err := range []error{
		h.TagConsumer(t.Context(), ref, nil, 50),
		h.UntagConsumer(t.Context(), ref, nil),
		h.DeregisterConsumer(t.Context(), ref),
	} {
		if _, ok := errors.AsType[*ConsumerNotFoundError](err); !ok {
			t.Errorf("a consumer of another second: %v", err)
		}
	}
}
