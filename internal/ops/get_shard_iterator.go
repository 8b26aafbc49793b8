package ops

import (
	"context"
	"errors"
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
	start, err := s.startOf(st, shard, in)
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
		return nil, startRefused(st, shard, in, err)
	}
	return &types.GetShardIteratorOutput{ShardIterator: new(s.streams.SealIterator(it))}, nil
}

// startOf checks that the type of the iterator has what it needs and nothing
// that it must not have. Texts and order: observed.
func (s *Service) startOf(st *catalog.Stream, shard uint32, in *types.GetShardIteratorInput) (streams.Start, error) {
	start := streams.Start{Type: streams.IteratorType(in.ShardIteratorType)}
	if !hasShard(st, shard) {
		return start, notFound(shardNotFoundText(st.Name, streams.ShardID(shard)))
	}
	switch in.ShardIteratorType {
	case types.ShardIteratorTypeTrimHorizon, types.ShardIteratorTypeLatest:
		if in.StartingSequenceNumber != nil {
			return start, invalidArgument(sequenceRuleText(in.ShardIteratorType, "also a"))
		}
	case types.ShardIteratorTypeAtTimestamp:
		if in.Timestamp == nil {
			return start, invalidArgument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
		}
		start.TimestampMs = in.Timestamp.UnixMilli()
		if now := s.nowMs(); start.TimestampMs > now {
			return start, invalidArgument(fmt.Sprintf(
				"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d",
				start.TimestampMs, now))
		}
	default:
		if in.StartingSequenceNumber == nil {
			return start, invalidArgument(sequenceRuleText(in.ShardIteratorType, "no"))
		}
		seq, err := streams.ParseSequenceNumber(*in.StartingSequenceNumber)
		if err != nil {
			return start, invalidArgument(badSequenceText(st.Name, shard, *in.StartingSequenceNumber) + ".")
		}
		start.Sequence = seq
	}
	return start, nil
}

func hasShard(st *catalog.Stream, shard uint32) bool {
	for _, sh := range st.Shards {
		if sh.Number == shard {
			return true
		}
	}
	return false
}

func sequenceRuleText(kind types.ShardIteratorType, how string) string {
	return fmt.Sprintf("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %s and %s StartingSequenceNumber.", kind, how)
}

func badSequenceText(name catalog.Name, shard uint32, sequence string) string {
	return fmt.Sprintf("StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid",
		sequence, streams.ShardID(shard), name.Stream, name.Account)
}

// startRefused words a sequence number that does not belong here.
func startRefused(st *catalog.Stream, shard uint32, in *types.GetShardIteratorInput, err error) error {
	e, ok := errors.AsType[*streams.SequenceError](err)
	if !ok {
		return err
	}
	switch e.Kind {
	case streams.SequenceOfOtherShard:
		return invalidArgument(fmt.Sprintf(
			"Invalid StartingSequenceNumber. It encodes %s, while it was used in a call to a shard with %s",
			streams.ShardID(e.Sequence.Shard()), streams.ShardID(shard)))
	case streams.SequenceOfOtherStream:
		return invalidArgument(badSequenceText(st.Name, shard, *in.StartingSequenceNumber) + " because it did not come from this stream.")
	}
	return invalidArgument(badSequenceText(st.Name, shard, *in.StartingSequenceNumber) + ".")
}

// shardThrottled is the answer to a reader that is too fast.
func shardThrottled(name catalog.Name, shard uint32) error {
	return types.NewError("ProvisionedThroughputExceededException", fmt.Sprintf(
		"Rate exceeded for Shard - %s/%s/%s", name.Account, name.Stream, streams.ShardID(shard)))
}
