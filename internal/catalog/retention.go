package catalog

import "fmt"

// BeginRetention accepts a new retention period. It holds from now on; the
// stream is UPDATING until CommitRetention. The period the stream has is
// accepted and changes nothing. Refusals, in this order: *NotFoundError,
// *StateError, *RetentionError.
type BeginRetention struct {
	Ms    int64 `json:"ms"`
	Name  Name  `json:"name"`
	Hours int32 `json:"hours"`
	// Increase says that the call was to lengthen the period, not to shorten it.
	Increase bool `json:"increase,omitempty"`
}

func (c *BeginRetention) kind() string { return "begin_retention" }

func (c *BeginRetention) check() error {
	if c.Hours < 1 {
		return fmt.Errorf("%d hours", c.Hours)
	}
	return c.Name.check()
}

func (c *BeginRetention) apply(s *State) Outcome {
	old, err := s.active(c.Name)
	if err != nil {
		return refuse(err)
	}
	now := old.RetentionHours
	switch {
	case c.Hours == now:
		return Outcome{Stream: old}
	case c.Increase && c.Hours < now, !c.Increase && c.Hours > now:
		return refuse(&RetentionError{c.Name, now, c.Hours, c.Increase})
	}
	st := old.updating(Change{Kind: ChangeRetention, AcceptedMs: c.Ms, RetentionHours: c.Hours})
	st.RetentionHours = c.Hours
	// What is past the shorter of the two periods is gone for good: lowering
	// trims at once, and raising brings nothing back.
	st.TrimmedMs = max(old.TrimmedMs, c.Ms-int64(min(now, c.Hours))*hourMs)
	return s.put(st)
}

// CommitRetention ends the UPDATING of a change of the retention period.
// Refusal: ErrStale.
type CommitRetention struct {
	UID UID `json:"uid"`
}

func (c *CommitRetention) kind() string { return "commit_retention" }
func (c *CommitRetention) check() error { return nil }

func (c *CommitRetention) apply(s *State) Outcome {
	old, err := s.pending(c.UID, ChangeRetention)
	if err != nil {
		return refuse(err)
	}
	st := old.clone()
	st.Status, st.Pending = Active, nil
	return s.put(st)
}
