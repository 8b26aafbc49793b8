package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// consumerStory is a state with an ACTIVE stream, and what registers on it.
func consumerStory(t *testing.T) (*State, func(ms int64, consumer string) (*Consumer, error)) {
	t.Helper()
	s := play(t, []Command{
		&CreateStream{Ms: t0, Name: name("s"), UID: uidOf(1), Mode: Provisioned, ShardCount: 1},
		&Activate{UID: uidOf(1)},
	})
	return s, func(ms int64, consumer string) (*Consumer, error) {
		out := s.Apply(&RegisterConsumer{Ms: ms, Name: name("s"), Consumer: consumer, MaxConsumers: 20, MaxCreating: 5})
		if out.Err != nil {
			return nil, out.Err
		}
		return out.Stream.Consumer(consumer), nil
	}
}

func refusal[E error](t *testing.T, err error) E {
	t.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		var want E
		t.Fatalf("got %v, want %T", err, want)
	}
	return e
}

func TestConsumerLimits(t *testing.T) {
	s, register := consumerStory(t)
	for i := range 5 {
		if _, err := register(t0, fmt.Sprint("c", i)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := register(t0, "c5")
	if e := refusal[*LimitError](t, err); e.Kind != LimitCreatingConsumers || e.Current != 5 {
		t.Errorf("got %+v", e)
	}
	_, err = register(t0, "c0")
	refusal[*ConsumerExistsError](t, err)
	for i := range 20 {
		s.Apply(&RegisterConsumer{Ms: t0, Name: name("s"), Consumer: fmt.Sprint("c", i)})
		s.Apply(&ActivateConsumer{UID: uidOf(1), Consumer: fmt.Sprint("c", i), CreatedSec: t0 / 1000})
	}
	_, err = register(t0, "one-more")
	if e := refusal[*LimitError](t, err); e.Kind != LimitConsumers || e.Limit != 20 {
		t.Errorf("got %+v", e)
	}
	refusal[*NotFoundError](t, s.Apply(&RegisterConsumer{Name: name("absent"), Consumer: "c"}).Err)
	s.Apply(&BeginRetention{Ms: t0, Name: name("s"), Hours: 25, Increase: true})
	_, err = register(t0, "while-updating")
	refusal[*StateError](t, err)
}

// An ARN names one consumer forever, however fast its name is used again.
func TestConsumerOfTheSameNameHasAnotherSecond(t *testing.T) {
	s, register := consumerStory(t)
	last := int64(0)
	for i := range 5 {
		c, err := register(t0+int64(i), "c")
		if err != nil {
			t.Fatal(err)
		}
		if c.CreatedSec() <= last {
			t.Fatalf("second %d after %d", c.CreatedSec(), last)
		}
		last = c.CreatedSec()
		if out := s.Apply(&DeregisterConsumer{Ms: t0, Name: name("s"), Consumer: "c", CreatedSec: last}); out.Err != nil {
			t.Fatal(out.Err)
		}
		if _, err := register(t0, "c"); err == nil {
			t.Fatal("a name was given twice")
		}
		refusal[*ConsumerStateError](t, s.Apply(&DeregisterConsumer{Name: name("s"), Consumer: "c", CreatedSec: last}).Err)
		refusal[*ConsumerStateError](t, s.Apply(&TagConsumer{Name: name("s"), Consumer: "c", CreatedSec: last}).Err)
		if out := s.Apply(&PurgeConsumer{UID: uidOf(1), Consumer: "c", CreatedSec: last}); out.Err != nil {
			t.Fatal(out.Err)
		}
		if out := s.Apply(&ActivateConsumer{UID: uidOf(1), Consumer: "c", CreatedSec: last}); !errors.Is(out.Err, ErrStale) {
			t.Fatalf("activating what is gone: %v", out.Err)
		}
		restored, err := Restore(s.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		*s = *restored
	}
	refusal[*ConsumerNotFoundError](t, s.Apply(&DeregisterConsumer{Name: name("s"), Consumer: "c", CreatedSec: last}).Err)
}

func TestFormerConsumersAreBounded(t *testing.T) {
	s, register := consumerStory(t)
	for i := range 3 * maxFormer {
		c, err := register(t0, fmt.Sprint("c", i))
		if err != nil {
			t.Fatal(err)
		}
		s.Apply(&DeregisterConsumer{Name: name("s"), Consumer: c.Name, CreatedSec: c.CreatedSec()})
		s.Apply(&PurgeConsumer{UID: uidOf(1), Consumer: c.Name, CreatedSec: c.CreatedSec()})
	}
	st := s.Stream(name("s"))
	if n := len(st.FormerConsumers); n != maxFormer || len(st.Consumers) != 0 {
		t.Errorf("%d former and %d present consumers", n, len(st.Consumers))
	}
}

func TestConsumerTags(t *testing.T) {
	s, register := consumerStory(t)
	c, _ := register(t0, "c")
	out := s.Apply(&TagConsumer{Name: name("s"), Consumer: "c", CreatedSec: c.CreatedSec(), Tags: map[string]string{"a": "1", "b": "2"}, MaxTags: 2})
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	err := s.Apply(&TagConsumer{Name: name("s"), Consumer: "c", CreatedSec: c.CreatedSec(), Tags: map[string]string{"c": "3"}, MaxTags: 2}).Err
	if e := refusal[*LimitError](t, err); e.Kind != LimitTags {
		t.Errorf("got %+v", e)
	}
	s.Apply(&UntagConsumer{Name: name("s"), Consumer: "c", CreatedSec: c.CreatedSec(), Keys: []string{"a", "absent"}})
	if got := s.Stream(name("s")).Consumer("c").Tags; len(got) != 1 || got["b"] != "2" {
		t.Errorf("tags %v", got)
	}
	if len(c.Tags) != 0 || len(out.Stream.Consumer("c").Tags) != 2 {
		t.Error("a published consumer changed")
	}
}

func TestDeletingAStreamWithConsumers(t *testing.T) {
	s, register := consumerStory(t)
	c, _ := register(t0, "c")
	if e := refusal[*HasConsumersError](t, s.Apply(&DeleteUnusedStream{Ms: t0, Name: name("s")}).Err); e.Consumers != 1 {
		t.Errorf("got %+v", e)
	}
	out := s.Apply(&DeleteStream{Ms: t0, Name: name("s")})
	if out.Err != nil || out.Stream.Consumer("c").Status != Deleting || c.Status != Creating {
		t.Fatalf("%v, consumer %+v", out.Err, out.Stream.Consumer("c"))
	}
	if _, err := Restore(s.Snapshot()); err != nil {
		t.Error(err)
	}
	s.Apply(&Purge{UID: uidOf(1)})
	if s.Stream(name("s")) != nil {
		t.Error("the stream is still there")
	}
}

// A snapshot that was saved before there were consumers reads as it did.
func TestSnapshotBeforeConsumers(t *testing.T) {
	stored, err := os.ReadFile(filepath.Join("testdata", "snapshot_before_consumers.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Restore(stored)
	if err != nil {
		t.Fatal(err)
	}
	if st := s.Stream(name("orders")); st == nil || len(st.Shards) != 4 || st.Consumer("billing") != nil {
		t.Errorf("got %+v", st)
	}
}
