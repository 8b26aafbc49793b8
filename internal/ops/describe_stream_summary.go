package ops

import (
	"context"

	"millrace/internal/catalog"
	"millrace/kinesis/types"
)

// defaultMaxRecordKiB is MaxRecordSizeInKiB of a stream that never changed it.
const defaultMaxRecordKiB = 1024

// describeStreamSummary implements DescribeStreamSummary. It leaves StreamId
// out: an SDK that learns one sends later calls to AWS.
func (s *Service) describeStreamSummary(_ context.Context, c Caller, in *types.DescribeStreamSummaryInput) (*types.DescribeStreamSummaryOutput, error) {
	st, err := s.find(c, "DescribeStreamSummary", in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	summary := &types.StreamDescriptionSummary{
		StreamName:              new(st.Name.Stream),
		StreamARN:               new(streamARN(st.Name)),
		StreamStatus:            types.StreamStatus(st.Status),
		StreamModeDetails:       wireMode(st),
		RetentionPeriodHours:    new(st.RetentionHours),
		StreamCreationTimestamp: timestamp(st.CreatedMs),
		EnhancedMonitoring:      noMonitoring(),
		EncryptionType:          types.EncryptionTypeNone,
		OpenShardCount:          new(int32(len(st.Open))),
		ConsumerCount:           new(int32(len(st.Consumers))),
		MaxRecordSizeInKiB:      new(int32(defaultMaxRecordKiB)),
		ChannelCount:            new(int32(0)),
	}
	if st.Mode == catalog.OnDemand {
		summary.RecordDistributionStrategy = types.RecordDistributionStrategyUserPartitionKey
	}
	return &types.DescribeStreamSummaryOutput{StreamDescriptionSummary: summary}, nil
}
