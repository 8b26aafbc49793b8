package ops

import (
	"context"
	"errors"
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// onDemandShards is how many shards a new on-demand stream has (developer
// guide, on-demand mode).
const onDemandShards = 4

// maxShardCount is the bound that the service puts on ShardCount beside the
// model's (observed).
const maxShardCount = 100_000

// createStream implements CreateStream.
func (s *Service) createStream(ctx context.Context, c Caller, in *types.CreateStreamInput) error {
	mode, count, err := createMode(in)
	if err != nil {
		return err
	}
	if err := s.checkCreateSettings(in, mode); err != nil {
		return err
	}
	name := catalog.Name{Account: c.Account, Region: c.Region, Stream: *in.StreamName}
	if err := s.checkTags(name, in.Tags); err != nil {
		return err
	}
	if len(in.Tags) > s.limits.MaxTags && s.limits.MaxTags > 0 {
		return invalidArgument(s.tooManyTagsText(name))
	}
	err = s.streams.Create(ctx, streams.CreateSpec{
		Name:        name,
		Mode:        mode,
		ShardCount:  count,
		Tags:        in.Tags,
		MaxCreating: s.limits.MaxCreatingStreams,
		MaxShards:   s.limits.ShardLimit(c.Region),
		MaxOnDemand: s.limits.MaxOnDemandStreams,
	})
	return limitExceeded(c, err)
}

// createMode says what kind of stream is asked for. Without
// StreamModeDetails a shard count means provisioned, its absence on-demand.
func createMode(in *types.CreateStreamInput) (catalog.Mode, int, error) {
	mode := catalog.OnDemand
	switch {
	case in.StreamModeDetails != nil:
		mode = catalog.Mode(in.StreamModeDetails.StreamMode)
	case in.ShardCount != nil:
		mode = catalog.Provisioned
	}
	if mode == catalog.OnDemand {
		if in.ShardCount != nil {
			return "", 0, invalidArgument("ShardCount is not expected when StreamMode=ON_DEMAND")
		}
		return mode, onDemandShards, nil
	}
	if in.ShardCount == nil {
		return "", 0, invalidArgument("ShardCount is required when StreamMode=PROVISIONED")
	}
	if *in.ShardCount > maxShardCount {
		return "", 0, types.NewError("ValidationException", fmt.Sprintf(
			"1 validation error detected: Value '%d' at 'shardCount' failed to satisfy constraint: Member must have value less than or equal to %d",
			*in.ShardCount, maxShardCount))
	}
	return mode, int(*in.ShardCount), nil
}

// checkCreateSettings refuses the settings whose operations are not built
// yet, rather than to take and forget them.
func (s *Service) checkCreateSettings(in *types.CreateStreamInput, mode catalog.Mode) error {
	if in.WarmThroughputMiBps != nil {
		return types.NewError("ValidationException",
			"WarmThroughputMiBps needs an account with MinimumThroughputBillingCommitment enabled.")
	}
	if in.MaxRecordSizeInKiB != nil && *in.MaxRecordSizeInKiB != defaultMaxRecordKiB {
		return invalidArgument(fmt.Sprintf("MaxRecordSizeInKiB other than %d is not supported.", defaultMaxRecordKiB))
	}
	if in.RecordDistributionStrategy == types.RecordDistributionStrategyAuto {
		if mode == catalog.Provisioned {
			return invalidArgument(fmt.Sprintf(
				"RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream %s is using PROVISIONED mode.", *in.StreamName))
		}
		return invalidArgument("RecordDistributionStrategy=AUTO is not supported.")
	}
	return nil
}

// limitExceeded words the limits of an account (CreateStream, SplitShard,
// UpdateShardCount share them).
func limitExceeded(c Caller, err error) error {
	e, ok := errors.AsType[*streams.LimitError](err)
	if !ok {
		return err
	}
	text := ""
	switch e.Kind {
	case streams.LimitShards:
		text = fmt.Sprintf("This request would exceed the shard limit for the account %s in %s. Current shard count for the account: %d. Limit: %d. Number of additional shards that would have resulted from this request: %d. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.",
			c.Account, c.Region, e.Current, e.Limit, e.Additional)
	case streams.LimitCreating:
		text = fmt.Sprintf("You cannot create a new stream while %d streams are in the CREATING state. Limit: %d.", e.Current, e.Limit)
	case streams.LimitOnDemand:
		text = fmt.Sprintf("This request would exceed the on-demand stream limit for the account %s in %s. Current on-demand stream count for the account: %d. Limit: %d.",
			c.Account, c.Region, e.Current, e.Limit)
	default:
		text = fmt.Sprintf("Limit of %d exceeded: %d in use, %d more asked for.", e.Limit, e.Current, e.Additional)
	}
	return types.NewError("LimitExceededException", text)
}
