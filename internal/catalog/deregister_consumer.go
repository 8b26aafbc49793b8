package catalog

import (
	"errors"

	"millrace/internal/engine"
)

// DeregisterConsumer puts a consumer into DELETING, from CREATING or ACTIVE.
// Refusals: *NotFoundError, *ConsumerNotFoundError, *ConsumerStateError
// (already DELETING).
type DeregisterConsumer struct {
	Ms         int64  `json:"ms"`
	Name       Name   `json:"name"`
	Consumer   string `json:"consumer"`
	CreatedSec int64  `json:"created_sec"`
}

func (c *DeregisterConsumer) kind() string { return "deregister_consumer" }
func (c *DeregisterConsumer) check() error {
	return errors.Join(c.Name.check(), checkConsumerName(c.Consumer))
}

func (c *DeregisterConsumer) apply(s *State) Outcome {
	st, old, err := s.consumer(c.Name, c.Consumer, c.CreatedSec)
	if err != nil {
		return refuse(err)
	}
	if old.Status == Deleting {
		return refuse(&ConsumerStateError{c.Name, c.Consumer, c.CreatedSec, Deleting})
	}
	now := *old
	now.Status, now.ChangedMs = Deleting, c.Ms
	return s.put(st.withConsumer(&now))
}

// PurgeConsumer ends DELETING: the consumer is gone. Refusal: ErrStale.
type PurgeConsumer struct {
	UID        UID    `json:"uid"`
	Consumer   string `json:"consumer"`
	CreatedSec int64  `json:"created_sec"`
}

func (c *PurgeConsumer) kind() string { return "purge_consumer" }
func (c *PurgeConsumer) check() error { return checkConsumerName(c.Consumer) }

func (c *PurgeConsumer) apply(s *State) Outcome {
	st, old, err := s.consumerInTransition(c.UID, c.Consumer, c.CreatedSec, Deleting)
	if err != nil {
		return refuse(err)
	}
	return s.put(st.withoutConsumer(old))
}

// consumerInTransition finds a consumer that is in the given status, or says
// that it is no longer.
func (s *State) consumerInTransition(uid UID, name string, createdSec int64, status Status) (*Stream, *Consumer, error) {
	st := s.byUID[engine.StreamUID(uid)]
	if st == nil {
		return nil, nil, ErrStale
	}
	c := st.Consumer(name)
	if c == nil || c.CreatedSec() != createdSec || c.Status != status {
		return nil, nil, ErrStale
	}
	return st, c, nil
}
