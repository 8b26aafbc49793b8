package ops

import (
	"context"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// maxDescribeShards is the most shards of one DescribeStream answer, and the
// default (API reference, DescribeStream).
const maxDescribeShards = 100

// describeStream implements DescribeStream.
func (s *Service) describeStream(_ context.Context, c Caller, in *types.DescribeStreamInput) (*types.DescribeStreamOutput, error) {
	st, err := s.find(c, "DescribeStream", in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	after := catalog.NoShard
	if in.ExclusiveStartShardId != nil {
		number, err := parseShard(st.Name, *in.ExclusiveStartShardId)
		if err != nil {
			return nil, err
		}
		after = int64(number)
	}
	shards := s.streams.ListShards(st, streams.ShardFilter{After: after})
	page, more := firstShards(shards, pageSize(in.Limit, maxDescribeShards, maxDescribeShards))
	return &types.DescribeStreamOutput{StreamDescription: &types.StreamDescription{
		StreamName:              new(st.Name.Stream),
		StreamARN:               new(streamARN(st.Name)),
		StreamStatus:            types.StreamStatus(st.Status),
		StreamModeDetails:       wireMode(st),
		Shards:                  page,
		HasMoreShards:           new(more),
		RetentionPeriodHours:    new(st.RetentionHours),
		StreamCreationTimestamp: timestamp(st.CreatedMs),
		EnhancedMonitoring:      noMonitoring(),
		EncryptionType:          types.EncryptionTypeNone,
	}}, nil
}

// pageSize is what a listing gives: what was asked for or the default, and
// never more than the most that the operation gives.
func pageSize(asked *int32, byDefault, most int) int {
	if asked == nil {
		return byDefault
	}
	return min(int(*asked), most)
}

func firstShards(shards []*catalog.Shard, most int) (page []types.Shard, more bool) {
	if len(shards) > most {
		shards, more = shards[:most], true
	}
	page = make([]types.Shard, len(shards))
	for i, sh := range shards {
		page[i] = wireShard(sh)
	}
	return page, more
}

func wireMode(st *catalog.Stream) *types.StreamModeDetails {
	return &types.StreamModeDetails{StreamMode: types.StreamMode(st.Mode)}
}

// noMonitoring is the EnhancedMonitoring of a stream without shard-level metrics.
func noMonitoring() []types.EnhancedMetrics {
	return []types.EnhancedMetrics{{ShardLevelMetrics: []types.MetricsName{}}}
}
