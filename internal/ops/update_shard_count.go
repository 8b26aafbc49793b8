package ops

import (
	"context"
	"errors"
	"fmt"

	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// updateShardCount implements UpdateShardCount. AWS does not document which
// error answers a target beyond half or double; here it is
// LimitExceededException, as for the other limits of the operation.
func (s *Service) updateShardCount(ctx context.Context, c Caller, in *types.UpdateShardCountInput) (*types.UpdateShardCountOutput, error) {
	name, err := s.resolve(c, "UpdateShardCount", in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	if err := s.checkReshard(name); err != nil {
		return nil, err
	}
	current, err := s.streams.Resize(ctx, streams.ResizeSpec{
		Name:         name,
		Target:       int(*in.TargetShardCount),
		MaxShards:    s.limits.ShardLimit(name.Region),
		MaxPerDay:    s.limits.ResizesPerDay,
		MaxPerStream: s.limits.MaxShardsPerStream,
		HalfToDouble: s.limits.ResizeHalfToDouble,
	})
	if err != nil {
		return nil, resizeRefused(c, err)
	}
	return &types.UpdateShardCountOutput{
		StreamName:        new(name.Stream),
		StreamARN:         new(streamARN(name)),
		CurrentShardCount: new(int32(current)),
		TargetShardCount:  in.TargetShardCount,
	}, nil
}

func resizeRefused(c Caller, err error) error {
	if e, ok := errors.AsType[*streams.ResizeError](err); ok {
		how := "scale up over double"
		if e.Target < e.Current {
			how = "scale down below half"
		}
		return types.NewError("LimitExceededException", fmt.Sprintf(
			"UpdateShardCount cannot %s your current open shard count. Current open shard count: %d Target shard count: %d",
			how, e.Current, e.Target))
	}
	return limitExceeded(c, err)
}
