package ops

import (
	"context"

	"millrace/kinesis/types"
)

// unlimited is what DescribeLimits says where nothing is limited: the most
// that the model lets it say.
const unlimited = 1_000_000

// channelsPerStream bounds the channels of an on-demand stream.
const channelsPerStream = 2

// describeLimits implements DescribeLimits.
func (s *Service) describeLimits(_ context.Context, c Caller, _ *types.DescribeLimitsInput) (*types.DescribeLimitsOutput, error) {
	shards, onDemand := s.streams.Usage(c.Account, c.Region)
	return &types.DescribeLimitsOutput{
		ShardLimit:               shown(s.limits.ShardLimit(c.Region)),
		OpenShardCount:           new(int32(shards)),
		OnDemandStreamCount:      new(int32(onDemand)),
		OnDemandStreamCountLimit: shown(s.limits.MaxOnDemandStreams),
		ChannelCount:             new(int32(0)),
		ChannelCountLimit:        shown(channelsPerStream * s.limits.MaxOnDemandStreams),
	}, nil
}

func shown(limit int) *int32 {
	if limit == 0 || limit > unlimited {
		limit = unlimited
	}
	return new(int32(limit))
}
