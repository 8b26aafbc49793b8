package ops

import (
	"context"
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/hashkey"
	"millrace/kinesis/types"
)

// splitShard implements SplitShard. Order of the checks: shard id, stream,
// state, shard, limit, hash key (observed).
func (s *Service) splitShard(ctx context.Context, c Caller, in *types.SplitShardInput) error {
	name, err := s.resolve(c, "SplitShard", in.StreamName, in.StreamARN)
	if err != nil {
		return err
	}
	shard, err := parseShard(name, *in.ShardToSplit)
	if err != nil {
		return err
	}
	if err := s.checkReshard(name, in.ShardToSplit); err != nil {
		return err
	}
	at, err := hashkey.Parse(*in.NewStartingHashKey)
	if err != nil {
		return invalidArgument(fmt.Sprintf(
			"Invalid NewStartingHashKey. NewStartingHashKey must be in the range: [0, 2^128-1]. Specified value was %s", *in.NewStartingHashKey))
	}
	return limitExceeded(c, s.streams.Split(ctx, name, shard, at, s.limits.ShardLimit(name.Region)))
}

// checkReshard looks at what a reshard needs of its stream before the
// catalog decides: the mode, which it does not judge, and the shards, whose
// absence is worded otherwise than a reader's.
func (s *Service) checkReshard(name catalog.Name, shardIDs ...*string) error {
	st, err := s.streams.Lookup(name)
	if err != nil {
		return err
	}
	if st.Mode == catalog.OnDemand {
		return types.NewError("ValidationException", fmt.Sprintf(
			"Request is invalid. Stream %s under account %s is in On-Demand mode.", name.Stream, name.Account))
	}
	if st.Status != catalog.Active {
		return notActive(name, st.Status)
	}
	for _, id := range shardIDs {
		number, err := parseShard(name, *id)
		if err != nil {
			return err
		}
		if number >= st.NextShard {
			return noSuchShard(name, *id)
		}
	}
	return nil
}
