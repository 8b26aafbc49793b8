package ops

import (
	"context"

	"millrace/kinesis/types"
)

// mergeShards implements MergeShards. ShardToMerge must be the lower of the two.
func (s *Service) mergeShards(ctx context.Context, c Caller, in *types.MergeShardsInput) error {
	name, err := s.resolve(c, "MergeShards", in.StreamName, in.StreamARN)
	if err != nil {
		return err
	}
	lower, err := parseShard(name, *in.ShardToMerge)
	if err != nil {
		return err
	}
	upper, err := parseShard(name, *in.AdjacentShardToMerge)
	if err != nil {
		return err
	}
	if err := s.checkReshard(name, in.ShardToMerge, in.AdjacentShardToMerge); err != nil {
		return err
	}
	return s.streams.Merge(ctx, name, lower, upper)
}
