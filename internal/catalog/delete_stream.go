package catalog

// DeleteStream puts a stream into DELETING, whatever else was under way.
// Refusals: *NotFoundError, *StateError (already DELETING).
type DeleteStream struct {
	Ms   int64 `json:"ms"`
	Name Name  `json:"name"`
}

func (c *DeleteStream) kind() string { return "delete_stream" }
func (c *DeleteStream) check() error { return c.Name.check() }

func (c *DeleteStream) apply(s *State) Outcome {
	old := s.byName[c.Name]
	if old == nil {
		return refuse(&NotFoundError{c.Name})
	}
	if old.Status == Deleting {
		return refuse(&StateError{c.Name, Deleting})
	}
	st := old.clone()
	st.Status = Deleting
	st.Pending = &Change{Kind: ChangeDelete, AcceptedMs: c.Ms}
	return s.put(st)
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
