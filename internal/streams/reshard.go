package streams

import (
	"context"
	"errors"
	"sync"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// reshard carries out one round of a split, merge or resize: the children are
// made, the parents sealed, and then the catalog closes the ones and opens the
// others. From the first seal to that command, puts to the parents wait; they
// never land on a parent after it, and the children get nothing before it.
func (s *Service) reshard(ctx context.Context, st *catalog.Stream) error {
	round := st.NextRound()
	children, parents := 0, []uint32(nil)
	for _, step := range round {
		children += len(step.Ranges)
		parents = append(parents, step.Parents...)
	}
	if err := s.engine.CreateShard(ctx, shardRefs(st.UID, st.NextShard, children)...); err != nil {
		return err
	}
	ends, err := s.seal(ctx, st.UID, parents)
	if err != nil {
		return err
	}
	_, err = s.submit(ctx, &catalog.CommitReshard{
		// Read after the seals, so that it is not before any record's arrival.
		Ms:         s.nowMs(),
		UID:        catalog.UID(st.UID),
		FirstChild: st.NextShard,
		Ends:       ends,
	})
	return err
}

// seal seals shards side by side, so that one commit group of the engine can
// carry them all.
func (s *Service) seal(ctx context.Context, uid engine.StreamUID, shards []uint32) ([]catalog.ShardEnd, error) {
	ends := make([]catalog.ShardEnd, len(shards))
	errs := make([]error, len(shards))
	var all sync.WaitGroup
	for i, n := range shards {
		all.Go(func() {
			end, err := s.engine.Seal(ctx, engine.ShardRef{Stream: uid, Shard: n})
			ends[i], errs[i] = catalog.ShardEnd{Shard: n, End: end}, err
		})
	}
	all.Wait()
	return ends, errors.Join(errs...)
}
