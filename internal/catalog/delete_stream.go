package catalog

// DeleteStream puts a stream into DELETING, whatever else was under way, and
// its consumers with it. Refusals: *NotFoundError, *StateError (already
// DELETING).
type DeleteStream struct {
	Ms   int64 `json:"ms"`
	Name Name  `json:"name"`
}

func (c *DeleteStream) kind() string { return "delete_stream" }
func (c *DeleteStream) check() error { return c.Name.check() }

func (c *DeleteStream) apply(s *State) Outcome {
	old, err := s.deletable(c.Name)
	if err != nil {
		return refuse(err)
	}
	return s.put(old.deleting(c.Ms))
}

// DeleteUnusedStream is DeleteStream for a stream without consumers. Further
// refusal: *HasConsumersError.
type DeleteUnusedStream struct {
	Ms   int64 `json:"ms"`
	Name Name  `json:"name"`
}

func (c *DeleteUnusedStream) kind() string { return "delete_unused_stream" }
func (c *DeleteUnusedStream) check() error { return c.Name.check() }

func (c *DeleteUnusedStream) apply(s *State) Outcome {
	old, err := s.deletable(c.Name)
	if err != nil {
		return refuse(err)
	}
	if n := len(old.Consumers); n > 0 {
		return refuse(&HasConsumersError{c.Name, n})
	}
	return s.put(old.deleting(c.Ms))
}

func (s *State) deletable(name Name) (*Stream, error) {
	st := s.byName[name]
	if st == nil {
		return nil, &NotFoundError{name}
	}
	if st.Status == Deleting {
		return nil, &StateError{name, Deleting}
	}
	return st, nil
}

// deleting is a copy of the stream that is being deleted.
func (s *Stream) deleting(ms int64) *Stream {
	st := s.clone()
	st.Status = Deleting
	st.Pending = &Change{Kind: ChangeDelete, AcceptedMs: ms}
	st.Consumers = s.consumersDeleting(ms)
	return st
}

// Purge ends DELETING: the stream is gone. The engine must have dropped it
// before. Refusal: ErrStale.
type Purge struct {
	UID UID `json:"uid"`
}

func (c *Purge) kind() string { return "purge" }
func (c *Purge) check() error { return nil }

func (c *Purge) apply(s *State) Outcome {
	st, err := s.pending(c.UID, ChangeDelete)
	if err != nil {
		return refuse(err)
	}
	return s.remove(st)
}
