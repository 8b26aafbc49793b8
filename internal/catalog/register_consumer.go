package catalog

import (
	"errors"
	"fmt"
	"maps"
)

// RegisterConsumer makes a consumer in CREATING. Refusals, in this order:
// *NotFoundError, *StateError (not ACTIVE), *ConsumerExistsError, *LimitError.
type RegisterConsumer struct {
	Ms       int64             `json:"ms"`
	Name     Name              `json:"name"`
	Consumer string            `json:"consumer"`
	Tags     map[string]string `json:"tags,omitempty"`
	// The limits that hold for the stream; 0 is no limit.
	MaxConsumers int `json:"max_consumers,omitempty"`
	MaxCreating  int `json:"max_creating,omitempty"`
}

func (c *RegisterConsumer) kind() string { return "register_consumer" }

func (c *RegisterConsumer) check() error {
	if c.Ms < 0 || c.Ms > maxConsumerMs {
		return fmt.Errorf("time %d", c.Ms)
	}
	return errors.Join(c.Name.check(), checkConsumerName(c.Consumer))
}

// maxConsumerMs keeps creation times far from where they overflow: year 9999.
const maxConsumerMs = 253_402_300_800_000

func (c *RegisterConsumer) apply(s *State) Outcome {
	st, err := s.active(c.Name)
	if err != nil {
		return refuse(err)
	}
	if err := c.judge(st); err != nil {
		return refuse(err)
	}
	return s.put(st.withConsumer(&Consumer{
		Name:      c.Consumer,
		CreatedMs: st.newConsumerMs(c.Consumer, c.Ms),
		Status:    Creating,
		ChangedMs: c.Ms,
		Tags:      maps.Clone(c.Tags),
	}))
}

func (c *RegisterConsumer) judge(st *Stream) error {
	if st.Consumer(c.Consumer) != nil {
		return &ConsumerExistsError{c.Name, c.Consumer}
	}
	if n := len(st.Consumers); c.MaxConsumers > 0 && n >= c.MaxConsumers {
		return &LimitError{LimitConsumers, n, c.MaxConsumers, 1}
	}
	creating := 0
	for _, o := range st.Consumers {
		if o.Status == Creating {
			creating++
		}
	}
	if c.MaxCreating > 0 && creating >= c.MaxCreating {
		return &LimitError{LimitCreatingConsumers, creating, c.MaxCreating, 1}
	}
	return nil
}

// ActivateConsumer ends CREATING. Refusal: ErrStale.
type ActivateConsumer struct {
	UID        UID    `json:"uid"`
	Consumer   string `json:"consumer"`
	CreatedSec int64  `json:"created_sec"`
}

func (c *ActivateConsumer) kind() string { return "activate_consumer" }
func (c *ActivateConsumer) check() error { return checkConsumerName(c.Consumer) }

func (c *ActivateConsumer) apply(s *State) Outcome {
	st, old, err := s.consumerInTransition(c.UID, c.Consumer, c.CreatedSec, Creating)
	if err != nil {
		return refuse(err)
	}
	now := *old
	now.Status, now.ChangedMs = Active, 0
	return s.put(st.withConsumer(&now))
}
