package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// Consumer is a registered consumer of a stream. It is immutable.
type Consumer struct {
	Name string
	// CreatedMs is ConsumerCreationTimestamp in Unix milliseconds. Its second
	// is part of the ARN, and tells a consumer from one that had its name
	// before.
	CreatedMs int64
	// Status is Creating, Active or Deleting.
	Status Status
	// ChangedMs is when the transition under way was accepted, in Unix
	// milliseconds; 0 while ACTIVE.
	ChangedMs int64
	Tags      map[string]string
}

// CreatedSec is the creation time in Unix seconds, as in the ARN.
func (c *Consumer) CreatedSec() int64 { return floorSec(c.CreatedMs) }

// FormerConsumer is a consumer that is gone. Another one of its name must not
// get its ARN.
type FormerConsumer struct {
	Name       string `json:"name"`
	CreatedSec int64  `json:"created_sec"`
}

// maxFormer bounds the consumers of a stream that are remembered after they
// are gone; those that went first are forgotten first.
const maxFormer = 100

// Consumer returns the consumer with a name, nil where there is none.
func (s *Stream) Consumer(name string) *Consumer {
	i, ok := s.consumerIndex(name)
	if !ok {
		return nil
	}
	return s.Consumers[i]
}

func (s *Stream) consumerIndex(name string) (int, bool) {
	return slices.BinarySearchFunc(s.Consumers, name, func(c *Consumer, name string) int {
		return strings.Compare(c.Name, name)
	})
}

// withConsumer is a copy of the stream with a consumer added or replaced.
func (s *Stream) withConsumer(c *Consumer) *Stream {
	st := s.clone()
	st.Consumers = slices.Clone(s.Consumers)
	i, found := st.consumerIndex(c.Name)
	if found {
		st.Consumers[i] = c
	} else {
		st.Consumers = slices.Insert(st.Consumers, i, c)
	}
	return st
}

// withoutConsumer is a copy of the stream in which a consumer is former.
func (s *Stream) withoutConsumer(c *Consumer) *Stream {
	st := s.clone()
	st.Consumers = slices.DeleteFunc(slices.Clone(s.Consumers), func(o *Consumer) bool { return o == c })
	st.FormerConsumers = slices.DeleteFunc(slices.Clone(s.FormerConsumers), func(f FormerConsumer) bool { return f.Name == c.Name })
	if n := len(st.FormerConsumers); n >= maxFormer {
		st.FormerConsumers = st.FormerConsumers[n-maxFormer+1:]
	}
	st.FormerConsumers = append(st.FormerConsumers, FormerConsumer{c.Name, c.CreatedSec()})
	return st
}

// newConsumerMs is the creation time of a consumer registered at ms: moved to
// the next second where a consumer of the name had that second already.
func (s *Stream) newConsumerMs(name string, ms int64) int64 {
	for _, f := range s.FormerConsumers {
		if f.Name == name {
			return max(ms, (f.CreatedSec+1)*1000)
		}
	}
	return ms
}

// consumersDeleting are the consumers of a stream that is being deleted.
func (s *Stream) consumersDeleting(ms int64) []*Consumer {
	list := make([]*Consumer, len(s.Consumers))
	for i, c := range s.Consumers {
		d := *c
		d.Status, d.ChangedMs = Deleting, ms
		list[i] = &d
	}
	return list
}

// consumer finds a consumer by the name of its stream.
func (s *State) consumer(name Name, consumer string, createdSec int64) (*Stream, *Consumer, error) {
	st := s.byName[name]
	if st == nil {
		return nil, nil, &NotFoundError{name}
	}
	c := st.Consumer(consumer)
	if c == nil || c.CreatedSec() != createdSec {
		return nil, nil, &ConsumerNotFoundError{name, consumer}
	}
	return st, c, nil
}

func checkConsumerName(name string) error {
	if name == "" || len(name) > 128 {
		return fmt.Errorf("consumer name %q", name)
	}
	return nil
}

// ConsumerNotFoundError says that a stream has no such consumer.
type ConsumerNotFoundError struct {
	Name     Name
	Consumer string
}

// ConsumerExistsError refuses to register a consumer whose name is taken, by
// a consumer in any state.
type ConsumerExistsError struct {
	Name     Name
	Consumer string
}

// ConsumerStateError refuses a call that the consumer's status does not allow.
type ConsumerStateError struct {
	Name       Name
	Consumer   string
	CreatedSec int64
	Status     Status
}

// HasConsumersError refuses to delete a stream that has consumers.
type HasConsumersError struct {
	Name      Name
	Consumers int
}

func (e *ConsumerNotFoundError) Error() string {
	return fmt.Sprintf("consumer %s of stream %s not found", e.Consumer, e.Name.Stream)
}
func (e *ConsumerExistsError) Error() string {
	return fmt.Sprintf("consumer %s of stream %s already exists", e.Consumer, e.Name.Stream)
}
func (e *ConsumerStateError) Error() string {
	return fmt.Sprintf("consumer %s of stream %s is %s", e.Consumer, e.Name.Stream, e.Status)
}
func (e *HasConsumersError) Error() string {
	return fmt.Sprintf("stream %s has %d consumers", e.Name.Stream, e.Consumers)
}
