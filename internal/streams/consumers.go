package streams

import (
	"context"
	"errors"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// Refusals about consumers.
type (
	ConsumerNotFoundError = catalog.ConsumerNotFoundError
	ConsumerExistsError   = catalog.ConsumerExistsError
	ConsumerStateError    = catalog.ConsumerStateError
	HasConsumersError     = catalog.HasConsumersError
)

// Limits of consumers.
const (
	LimitConsumers         = catalog.LimitConsumers
	LimitCreatingConsumers = catalog.LimitCreatingConsumers
)

// ConsumerRef names one registration of a consumer: one that is registered
// anew under the same name has another second.
type ConsumerRef struct {
	Stream     catalog.Name
	Name       string
	CreatedSec int64
}

// RegisterSpec says what consumer to register and the limits that hold for
// the stream.
type RegisterSpec struct {
	Stream catalog.Name
	Name   string
	Tags   map[string]string
	// MaxConsumers and MaxCreating are how many consumers the stream may
	// have, and have in CREATING; 0 is no limit.
	MaxConsumers, MaxCreating int
}

// RegisterConsumer accepts a new consumer and returns it as it is then, in
// CREATING. Errors: *NotFoundError, *StateError, *ConsumerExistsError,
// *LimitError.
func (s *Service) RegisterConsumer(ctx context.Context, spec RegisterSpec) (*catalog.Consumer, error) {
	st, err := s.submit(ctx, &catalog.RegisterConsumer{
		Ms:           s.nowMs(),
		Name:         spec.Stream,
		Consumer:     spec.Name,
		Tags:         spec.Tags,
		MaxConsumers: spec.MaxConsumers,
		MaxCreating:  spec.MaxCreating,
	})
	if err != nil {
		return nil, err
	}
	c := st.Consumer(spec.Name)
	s.settleConsumers(st)
	return c, nil
}

// DeregisterConsumer accepts the end of a consumer, and with it that of its
// subscriptions. Errors: *NotFoundError, *ConsumerNotFoundError,
// *ConsumerStateError (already DELETING).
func (s *Service) DeregisterConsumer(ctx context.Context, ref ConsumerRef) error {
	st, err := s.submit(ctx, &catalog.DeregisterConsumer{
		Ms: s.nowMs(), Name: ref.Stream, Consumer: ref.Name, CreatedSec: ref.CreatedSec,
	})
	if err != nil {
		return err
	}
	s.settleConsumers(st)
	return nil
}

// TagConsumer adds or overwrites tags of a consumer; maxTags bounds what it
// has afterwards. Errors: *NotFoundError, *ConsumerNotFoundError,
// *ConsumerStateError (DELETING), *LimitError.
func (s *Service) TagConsumer(ctx context.Context, ref ConsumerRef, tags map[string]string, maxTags int) error {
	_, err := s.submit(ctx, &catalog.TagConsumer{
		Name: ref.Stream, Consumer: ref.Name, CreatedSec: ref.CreatedSec, Tags: tags, MaxTags: maxTags,
	})
	return err
}

// UntagConsumer removes tags of a consumer; keys that are not there are
// ignored. Errors as TagConsumer.
func (s *Service) UntagConsumer(ctx context.Context, ref ConsumerRef, keys []string) error {
	_, err := s.submit(ctx, &catalog.UntagConsumer{
		Name: ref.Stream, Consumer: ref.Name, CreatedSec: ref.CreatedSec, Keys: keys,
	})
	return err
}

// settleConsumers sees to it that the transitions of a stream's consumers are
// carried out: now where there is no delay, else by the stream's timer.
func (s *Service) settleConsumers(st *catalog.Stream) {
	if due, any := s.consumersDue(st); any && due <= 0 {
		s.runConsumers(st.UID)
	} else if any {
		s.armConsumers(st.UID, due)
	}
}

// consumersDue is how long the first transition of a stream's consumers still
// has to wait. Those of a stream that is being deleted go with it.
func (s *Service) consumersDue(st *catalog.Stream) (due time.Duration, any bool) {
	if st.Status == catalog.Deleting {
		return 0, false
	}
	for _, c := range st.Consumers {
		if c.Status == catalog.Active {
			continue
		}
		if d := s.consumerWait(c); !any || d < due {
			due, any = d, true
		}
	}
	return due, any
}

func (s *Service) consumerWait(c *catalog.Consumer) time.Duration {
	passed := time.Duration(s.nowMs()-c.ChangedMs) * time.Millisecond
	return min(s.delay-passed, s.delay)
}

// armConsumers sets the timer of a stream's consumers, in place of the one
// that it had.
func (s *Service) armConsumers(uid engine.StreamUID, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if stop := s.consumerTimers[uid]; stop != nil {
		stop()
	}
	s.consumerTimers[uid] = s.clock.AfterFunc(d, func() { s.runConsumers(uid) })
}

// runConsumers carries out the transitions that are due. Two runs at a time
// do no harm: the catalog accepts each transition once.
func (s *Service) runConsumers(uid engine.StreamUID) {
	if !s.begin() {
		return
	}
	defer s.running.Done()
	s.mu.Lock()
	delete(s.consumerTimers, uid)
	s.mu.Unlock()
	err := s.moveConsumers(s.ctx, uid)
	switch {
	case err == nil:
	case errors.Is(err, engine.ErrUnknownOutcome), errors.Is(err, engine.ErrClosed), s.ctx.Err() != nil:
		s.slog.Info("consumers left to the next start", "stream_uid", uid.String(), "error", err)
	default:
		s.slog.Warn("consumers put off", "stream_uid", uid.String(), "error", err)
		s.armConsumers(uid, retryTransition)
	}
}

func (s *Service) moveConsumers(ctx context.Context, uid engine.StreamUID) error {
	for {
		st := s.byUID(uid)
		if st == nil {
			return nil
		}
		due, any := s.consumersDue(st)
		if !any {
			return nil
		}
		if due > 0 {
			s.armConsumers(uid, due)
			return nil
		}
		for _, c := range st.Consumers {
			if c.Status == catalog.Active || s.consumerWait(c) > 0 {
				continue
			}
			if _, err := s.submit(ctx, consumerTransition(uid, c)); err != nil && !errors.Is(err, catalog.ErrStale) {
				return err
			}
		}
	}
}

func consumerTransition(uid engine.StreamUID, c *catalog.Consumer) catalog.Command {
	if c.Status == catalog.Creating {
		return &catalog.ActivateConsumer{UID: catalog.UID(uid), Consumer: c.Name, CreatedSec: c.CreatedSec()}
	}
	return &catalog.PurgeConsumer{UID: catalog.UID(uid), Consumer: c.Name, CreatedSec: c.CreatedSec()}
}
