package streams

import (
	"context"
	"errors"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

const (
	// trimEvery is how often the engine is told what is past retention. What a
	// reader sees does not depend on it.
	trimEvery = time.Minute
	// maxExpire bounds the shards of one ExpireShards command.
	maxExpire = 1000
)

// scheduleTrim sets the timer of the next retention pass.
func (s *Service) scheduleTrim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.trimmer = s.clock.AfterFunc(trimEvery, s.trimAll)
	}
}

// trimAll is one retention pass over all streams.
func (s *Service) trimAll() {
	if !s.begin() {
		return
	}
	defer s.running.Done()
	defer s.scheduleTrim()
	var all []*catalog.Stream
	s.mu.RLock()
	for st := range s.state.Streams {
		all = append(all, st)
	}
	s.mu.RUnlock()
	for _, st := range all {
		if s.ctx.Err() != nil {
			return
		}
		if st.Status == catalog.Active || st.Status == catalog.Updating {
			s.trim(s.ctx, st)
			s.expire(s.ctx, st)
		}
	}
}

// trim lets the engine forget what is past the stream's retention.
func (s *Service) trim(ctx context.Context, st *catalog.Stream) {
	before := st.HorizonMs(s.nowMs()) + 1
	if before <= st.CreatedMs {
		return
	}
	for _, sh := range st.Shards {
		ref := engine.ShardRef{Stream: st.UID, Shard: sh.Number}
		if err := s.engine.Trim(ctx, ref, before); err != nil && !errors.Is(err, engine.ErrNoShard) {
			s.slog.Warn("shard not trimmed", "stream", st.Name.Stream, "shard_id", ShardID(sh.Number), "error", err)
		}
	}
}

// expire takes the closed shards from the list that hold nothing readable any
// more. The catalog remembers the last ones it was told of, so that a crash
// before their data was dropped leaves nothing behind: Open drops it again.
func (s *Service) expire(ctx context.Context, st *catalog.Stream) {
	now := s.nowMs()
	var gone []uint32
	for _, sh := range st.Shards {
		if st.Expired(sh, now) && len(gone) < maxExpire {
			gone = append(gone, sh.Number)
		}
	}
	// Those condemned before must be gone: the catalog is about to forget them.
	if len(gone) == 0 || !s.drop(condemned(st)) {
		return
	}
	after, err := s.submit(ctx, &catalog.ExpireShards{Ms: now, UID: catalog.UID(st.UID), Shards: gone})
	if err != nil {
		if !errors.Is(err, catalog.ErrStale) {
			s.slog.Warn("closed shards not expired", "stream", st.Name.Stream, "error", err)
		}
		return
	}
	s.drop(condemned(after))
}

func condemned(st *catalog.Stream) []engine.ShardRef {
	refs := make([]engine.ShardRef, len(st.Condemned))
	for i, n := range st.Condemned {
		refs[i] = engine.ShardRef{Stream: st.UID, Shard: n}
	}
	return refs
}

// drop removes the data of shards that are listed no more, and says whether
// all of it is gone.
func (s *Service) drop(refs []engine.ShardRef) (all bool) {
	all = true
	for _, ref := range refs {
		if err := s.engine.DropShard(s.ctx, ref); err != nil {
			s.slog.Warn("expired shard not dropped", "shard", ref.String(), "error", err)
			all = false
		}
	}
	return all
}
