package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"millrace/internal/engine"
)

// consumersForm is the consumers of a stream in a snapshot.
type consumersForm struct {
	UID       UID              `json:"uid"`
	Consumers []consumerForm   `json:"consumers,omitempty"`
	Former    []FormerConsumer `json:"former,omitempty"`
}

// consumerForm is a consumer in a snapshot.
type consumerForm struct {
	Name      string            `json:"name"`
	CreatedMs int64             `json:"created_ms"`
	Status    Status            `json:"status"`
	ChangedMs int64             `json:"changed_ms,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
}

func saveConsumers(s *State) any {
	forms := []*consumersForm{}
	for _, st := range s.byUID {
		if len(st.Consumers)+len(st.FormerConsumers) == 0 {
			continue
		}
		f := &consumersForm{UID: UID(st.UID), Former: st.FormerConsumers}
		for _, c := range st.Consumers {
			f.Consumers = append(f.Consumers, consumerForm(*c))
		}
		forms = append(forms, f)
	}
	slices.SortFunc(forms, func(a, b *consumersForm) int { return bytes.Compare(a.UID[:], b.UID[:]) })
	return forms
}

// loadConsumers gives the streams, which were loaded before, their consumers.
func loadConsumers(s *State, raw json.RawMessage) error {
	var forms []*consumersForm
	if err := strictJSON(raw, &forms); err != nil {
		return err
	}
	for _, f := range forms {
		if f == nil {
			return fmt.Errorf("%w: no stream", ErrFormat)
		}
		old := s.byUID[engine.StreamUID(f.UID)]
		if old == nil || len(old.Consumers)+len(old.FormerConsumers) > 0 {
			return fmt.Errorf("%w: consumers of stream %x", ErrFormat, f.UID[:])
		}
		st := old.clone()
		st.FormerConsumers = f.Former
		for i := range f.Consumers {
			st.Consumers = append(st.Consumers, new(Consumer(f.Consumers[i])))
		}
		if err := st.checkConsumers(); err != nil {
			return fmt.Errorf("%w: stream %q: %w", ErrFormat, st.Name.Stream, err)
		}
		s.put(st)
	}
	return nil
}

// checkConsumers holds consumers that were read against what all satisfy.
func (s *Stream) checkConsumers() error {
	for i, c := range s.Consumers {
		if err := checkConsumerName(c.Name); err != nil {
			return err
		}
		if i > 0 && s.Consumers[i-1].Name >= c.Name {
			return fmt.Errorf("consumer %q out of order", c.Name)
		}
		if c.Status != Creating && c.Status != Active && c.Status != Deleting {
			return fmt.Errorf("consumer %q is %q", c.Name, c.Status)
		}
		if s.Status == Creating {
			return errors.New("consumers of a stream in CREATING")
		}
	}
	if len(s.FormerConsumers) > maxFormer {
		return fmt.Errorf("%d former consumers", len(s.FormerConsumers))
	}
	return nil
}
