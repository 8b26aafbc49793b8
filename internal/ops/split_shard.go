package ops

import (
	"context"
	"errors"
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/hashkey"
	"millrace/internal/streams"
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
		at = hashkey.Max // no more than that does it lie in a shard
	}
	err = s.streams.Split(ctx, name, shard, at, s.limits.ShardLimit(name.Region))
	if e, ok := errors.AsType[*streams.SplitKeyError](err); ok {
		return invalidArgument(fmt.Sprintf(
			"NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
			*in.NewStartingHashKey, streams.ShardID(e.Shard), name.Stream, name.Account, e.Range.Start, e.Range.End))
	}
	return limitExceeded(c, err)
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
			return noSuchShard(name, streams.ShardID(number))
		}
	}
	return nil
}
