package ops

import (
	"context"
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// getShardIterator implements GetShardIterator.
func (s *Service) getShardIterator(ctx context.Context, c Caller, in *types.GetShardIteratorInput) (*types.GetShardIteratorOutput, error) {
	name, err := s.resolve(c, "GetShardIterator", in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	shard, err := parseShard(name, *in.ShardId)
	if err != nil {
		return nil, err
	}
	st, err := s.streams.Lookup(name)
	if err != nil {
		return nil, notFound(shardNotFoundText(name, streams.ShardID(shard)))
	}
	position := startingPosition{"GetShardIterator", in.ShardIteratorType, in.StartingSequenceNumber, in.Timestamp}
	start, err := s.startOf(st, shard, position)
	if err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, s.dryRun("GetShardIterator", name)
	}
	if !s.meter.takeIterator(shardKey{st.UID, shard}, s.nowMs()) {
		return nil, shardThrottled(name, shard)
	}
	it, err := s.streams.Open(ctx, st, shard, start)
	if err != nil {
		return nil, position.refused(st, shard, err)
	}
	return &types.GetShardIteratorOutput{ShardIterator: new(s.streams.SealIterator(it))}, nil
}

// shardThrottled is the answer to a reader that is too fast.
func shardThrottled(name catalog.Name, shard uint32) error {
	return types.NewError("ProvisionedThroughputExceededException", fmt.Sprintf(
		"Rate exceeded for Shard - %s/%s/%s", name.Account, name.Stream, streams.ShardID(shard)))
}
