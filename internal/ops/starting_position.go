package ops

import (
	"errors"
	"fmt"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// startingPosition is where GetShardIterator or SubscribeToShard is to start,
// as the call says it.
type startingPosition struct {
	operation string
	kind      types.ShardIteratorType
	sequence  *string
	timestamp *time.Time
}

// startOf checks that the type of the position has what it needs and nothing
// that it must not have. Texts and order: observed for GetShardIterator.
func (s *Service) startOf(st *catalog.Stream, shard uint32, p startingPosition) (streams.Start, error) {
	start := streams.Start{Type: streams.IteratorType(p.kind)}
	if st.Shard(shard) == nil {
		return start, notFound(shardNotFoundText(st.Name, streams.ShardID(shard)))
	}
	switch p.kind {
	case types.ShardIteratorTypeTrimHorizon, types.ShardIteratorTypeLatest:
		if p.sequence != nil {
			return start, invalidArgument(sequenceRuleText(p.kind, "also a"))
		}
	case types.ShardIteratorTypeAtTimestamp:
		if p.timestamp == nil {
			return start, invalidArgument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
		}
		start.TimestampMs = p.timestamp.UnixMilli()
		if now := s.nowMs(); start.TimestampMs > now {
			return start, invalidArgument(fmt.Sprintf(
				"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d",
				start.TimestampMs, now))
		}
	default:
		if p.sequence == nil {
			return start, invalidArgument(sequenceRuleText(p.kind, "no"))
		}
		seq, err := streams.ParseSequenceNumber(*p.sequence)
		if err != nil {
			return start, invalidArgument(p.badSequenceText(st.Name, shard) + ".")
		}
		start.Sequence = seq
	}
	return start, nil
}

func sequenceRuleText(kind types.ShardIteratorType, how string) string {
	return fmt.Sprintf("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %s and %s StartingSequenceNumber.", kind, how)
}

func (p startingPosition) badSequenceText(name catalog.Name, shard uint32) string {
	return fmt.Sprintf("StartingSequenceNumber %s used in %s on shard %s in stream %s under account %s is invalid",
		*p.sequence, p.operation, streams.ShardID(shard), name.Stream, name.Account)
}

// refused words a sequence number that does not belong here.
func (p startingPosition) refused(st *catalog.Stream, shard uint32, err error) error {
	e, ok := errors.AsType[*streams.SequenceError](err)
	if !ok {
		return err
	}
	switch e.Kind {
	case streams.SequenceOfOtherShard:
		return invalidArgument(fmt.Sprintf(
			"Invalid StartingSequenceNumber. It encodes %s, while it was used in a call to a shard with %s",
			encodedShard(e.Sequence), streams.ShardID(shard)))
	case streams.SequenceOfOtherStream:
		if p.operation == "GetShardIterator" && e.Sequence.Version() == 0 {
			// Observed: the service stumbles over numbers of its first layout.
			return types.NewError("InternalFailure", "")
		}
		return invalidArgument(p.badSequenceText(st.Name, shard) + " because it did not come from this stream.")
	}
	return invalidArgument(p.badSequenceText(st.Name, shard) + ".")
}
