package catalog

import (
	"errors"
	"maps"
)

// TagConsumer adds tags to a consumer in any state but DELETING, or
// overwrites them. Refusals: *NotFoundError, *ConsumerNotFoundError,
// *ConsumerStateError, *LimitError.
type TagConsumer struct {
	Name       Name              `json:"name"`
	Consumer   string            `json:"consumer"`
	CreatedSec int64             `json:"created_sec"`
	Tags       map[string]string `json:"tags"`
	// MaxTags bounds what the consumer has afterwards; 0 is no limit.
	MaxTags int `json:"max_tags,omitempty"`
}

func (c *TagConsumer) kind() string { return "tag_consumer" }
func (c *TagConsumer) check() error {
	return errors.Join(c.Name.check(), checkConsumerName(c.Consumer))
}

func (c *TagConsumer) apply(s *State) Outcome {
	st, old, err := s.taggableConsumer(c.Name, c.Consumer, c.CreatedSec)
	if err != nil {
		return refuse(err)
	}
	now := *old
	now.Tags = make(map[string]string, len(old.Tags)+len(c.Tags))
	maps.Copy(now.Tags, old.Tags)
	maps.Copy(now.Tags, c.Tags)
	if n := len(old.Tags); c.MaxTags > 0 && len(now.Tags) > c.MaxTags {
		return refuse(&LimitError{LimitTags, n, c.MaxTags, len(now.Tags) - n})
	}
	return s.put(st.withConsumer(&now))
}

// UntagConsumer removes tags of a consumer; keys that it does not have are
// ignored. Refusals: *NotFoundError, *ConsumerNotFoundError,
// *ConsumerStateError.
type UntagConsumer struct {
	Name       Name     `json:"name"`
	Consumer   string   `json:"consumer"`
	CreatedSec int64    `json:"created_sec"`
	Keys       []string `json:"keys"`
}

func (c *UntagConsumer) kind() string { return "untag_consumer" }
func (c *UntagConsumer) check() error {
	return errors.Join(c.Name.check(), checkConsumerName(c.Consumer))
}

func (c *UntagConsumer) apply(s *State) Outcome {
	st, old, err := s.taggableConsumer(c.Name, c.Consumer, c.CreatedSec)
	if err != nil {
		return refuse(err)
	}
	now := *old
	now.Tags = maps.Clone(old.Tags)
	for _, k := range c.Keys {
		delete(now.Tags, k)
	}
	return s.put(st.withConsumer(&now))
}

// taggableConsumer finds a consumer whose tags may change: they are there
// from CREATING on (API reference, RegisterStreamConsumer).
func (s *State) taggableConsumer(name Name, consumer string, createdSec int64) (*Stream, *Consumer, error) {
	st, c, err := s.consumer(name, consumer, createdSec)
	if err == nil && c.Status == Deleting {
		err = &ConsumerStateError{name, consumer, createdSec, Deleting}
	}
	return st, c, err
}
