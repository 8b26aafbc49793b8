package streams

import (
	"context"
	"errors"
	"sync"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// shardsBeforeStream is by how many seconds the shards of a new stream are
// older, in their sequence numbers, than the stream.
const shardsBeforeStream = 2

const (
	// retryTransition is how long a transition that failed, on a full disk for
	// example, waits before it is tried again.
	retryTransition = time.Second
	// resumeAtOnce bounds the overdue transitions carried out at a time by Open.
	resumeAtOnce = 32
)

// settle sees to it that the change under way on a stream, if any, is carried
// out: now if there is no delay, else by a timer.
func (s *Service) settle(st *catalog.Stream) {
	switch {
	case st == nil || st.Pending == nil:
	case s.wait(st) <= 0:
		s.run(st.UID, st.Pending)
	default:
		s.arm(st.UID, st.Pending, s.wait(st))
	}
}

// wait is how long the change under way on a stream still has to wait. A
// clock that was set back makes it no longer than the delay.
func (s *Service) wait(st *catalog.Stream) time.Duration {
	passed := time.Duration(s.nowMs()-st.Pending.AcceptedMs) * time.Millisecond
	return min(s.delay-passed, s.delay)
}

// resume takes up the changes that the last run of the server left under way.
func (s *Service) resume() {
	var pending []*catalog.Stream
	var left []engine.ShardRef
	s.mu.RLock()
	for st := range s.state.Streams {
		if _, any := s.consumersDue(st); any || st.Pending != nil {
			pending = append(pending, st)
		}
		left = append(left, condemned(st)...)
	}
	s.mu.RUnlock()
	s.drop(left)
	var all sync.WaitGroup
	slots := make(chan struct{}, resumeAtOnce)
	for _, st := range pending {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			s.settle(st)
			s.settleConsumers(st)
		})
	}
	all.Wait()
}

// arm sets the stream's timer for a change, in place of the one it had.
func (s *Service) arm(uid engine.StreamUID, due *catalog.Change, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if stop := s.timers[uid]; stop != nil {
		stop()
	}
	s.timers[uid] = s.clock.AfterFunc(d, func() { s.run(uid, due) })
}

// run carries out a change of a stream that has waited long enough, and sets a
// timer to try again if that failed.
func (s *Service) run(uid engine.StreamUID, due *catalog.Change) {
	if !s.begin() {
		return
	}
	defer s.running.Done()
	s.mu.Lock()
	delete(s.timers, uid)
	s.mu.Unlock()
	err := s.carryOut(s.ctx, uid, due)
	switch {
	case err == nil:
	case errors.Is(err, engine.ErrUnknownOutcome), errors.Is(err, engine.ErrClosed), s.ctx.Err() != nil:
		s.slog.Info("change left to the next start", "stream_uid", uid.String(), "error", err)
	default:
		s.slog.Warn("change put off", "stream_uid", uid.String(), "error", err)
		s.arm(uid, due, retryTransition)
	}
}

// carryOut brings the stream to rest, one transition after the other. Another
// change than the one that is due, a deletion that came in between, waits for
// its own time. At most one goroutine at a time does that for a stream.
func (s *Service) carryOut(ctx context.Context, uid engine.StreamUID, due *catalog.Change) error {
	done, err := s.exclusive(ctx, uid)
	if err != nil {
		return err
	}
	defer done()
	for {
		st := s.byUID(uid)
		if st == nil || st.Pending == nil {
			return nil
		}
		if d := s.wait(st); st.Pending != due && d > 0 {
			s.arm(uid, st.Pending, d)
			return nil
		}
		// ErrStale: somebody else was faster, and the next look shows it.
		if err := s.transition(ctx, st); err != nil && !errors.Is(err, catalog.ErrStale) {
			return err
		}
	}
}

// exclusive waits until no transition is at work on the stream.
func (s *Service) exclusive(ctx context.Context, uid engine.StreamUID) (done func(), err error) {
	for {
		s.mu.Lock()
		other := s.carrying[uid]
		if other == nil {
			mine := make(chan struct{})
			s.carrying[uid] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.carrying, uid)
				s.mu.Unlock()
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// transition carries out one step of the change under way. Every call of the
// engine in it may be repeated, and the catalog's command comes last: a crash
// before the command leaves work that the next run does again to the same end.
func (s *Service) transition(ctx context.Context, st *catalog.Stream) error {
	switch st.Pending.Kind {
	case catalog.ChangeCreate:
		if err := s.engine.CreateShard(ctx, shardRefs(st.UID, 0, st.Pending.ShardCount)...); err != nil {
			return err
		}
		_, err := s.submit(ctx, &catalog.Activate{
			UID: catalog.UID(st.UID),
			// The shards of a new stream are stamped some 2 s before it (observed).
			CreatedSec: max(1, st.CreatedMs/1000-shardsBeforeStream),
		})
		return err
	case catalog.ChangeDelete:
		if err := s.engine.DropStream(ctx, st.UID); err != nil {
			return err
		}
		_, err := s.submit(ctx, &catalog.Purge{UID: catalog.UID(st.UID)})
		return err
	case catalog.ChangeRetention:
		s.trim(ctx, st)
		_, err := s.submit(ctx, &catalog.CommitRetention{UID: catalog.UID(st.UID)})
		return err
	}
	return s.reshard(ctx, st)
}

// shardRefs names count shards from first on.
func shardRefs(uid engine.StreamUID, first uint32, count int) []engine.ShardRef {
	refs := make([]engine.ShardRef, count)
	for i := range refs {
		refs[i] = engine.ShardRef{Stream: uid, Shard: first + uint32(i)}
	}
	return refs
}
