package catalog

import "maps"

// Tag adds tags to a stream or overwrites them. Refusals: *NotFoundError,
// *StateError (CREATING, DELETING), *LimitError.
type Tag struct {
	Name Name              `json:"name"`
	Tags map[string]string `json:"tags"`
	// MaxTags bounds what the stream has afterwards; 0 is no limit.
	MaxTags int `json:"max_tags,omitempty"`
}

func (c *Tag) kind() string { return "tag" }
func (c *Tag) check() error { return c.Name.check() }

func (c *Tag) apply(s *State) Outcome {
	st, err := s.taggable(c.Name)
	if err != nil {
		return refuse(err)
	}
	now := len(st.Tags)
	st.Tags = maps.Clone(st.Tags)
	if st.Tags == nil {
		st.Tags = map[string]string{}
	}
	maps.Copy(st.Tags, c.Tags)
	if c.MaxTags > 0 && len(st.Tags) > c.MaxTags {
		return refuse(&LimitError{LimitTags, now, c.MaxTags, len(st.Tags) - now})
	}
	return s.put(st)
}

// Untag removes tags of a stream; keys that it does not have are ignored.
// Refusals: *NotFoundError, *StateError (CREATING, DELETING).
type Untag struct {
	Name Name     `json:"name"`
	Keys []string `json:"keys"`
}

func (c *Untag) kind() string { return "untag" }
func (c *Untag) check() error { return c.Name.check() }

func (c *Untag) apply(s *State) Outcome {
	st, err := s.taggable(c.Name)
	if err != nil {
		return refuse(err)
	}
	st.Tags = maps.Clone(st.Tags)
	for _, k := range c.Keys {
		delete(st.Tags, k)
	}
	return s.put(st)
}

// taggable is a copy of the stream to change the tags of. Tags are fixed
// while a stream is CREATING (API reference, AddTagsToStream).
func (s *State) taggable(name Name) (*Stream, error) {
	st := s.byName[name]
	if st == nil {
		return nil, &NotFoundError{name}
	}
	if st.Status == Creating || st.Status == Deleting {
		return nil, &StateError{name, st.Status}
	}
	return st.clone(), nil
}
