package ops

import (
	"context"
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// putRecord implements PutRecord.
func (s *Service) putRecord(ctx context.Context, c Caller, in *types.PutRecordInput) (*types.PutRecordOutput, error) {
	var bad findings
	s.checkRecord(&bad, "", in.PartitionKey, in.Data)
	if err := bad.err(); err != nil {
		return nil, err
	}
	st, err := s.writable(c, "PutRecord", in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	b := takeBatch(1)
	defer b.release()
	if err := b.set(0, *in.PartitionKey, in.ExplicitHashKey, in.Data); err != nil {
		return nil, err
	}
	streams.Route(st, b.puts)
	if err := s.checkOrdering(st, b.puts[0].Shard, in.SequenceNumberForOrdering); err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, s.dryRun("PutRecord", st.Name)
	}
	s.meterWrites(st, b)
	put := &b.puts[0]
	if put.Err == errThrottled {
		return nil, types.NewError("ProvisionedThroughputExceededException", writeRateText(st.Name, put.Shard))
	}
	if err := s.streams.Append(ctx, st, b.puts); err != nil {
		return nil, err
	}
	if put.Err != nil {
		return nil, put.Err
	}
	return &types.PutRecordOutput{
		ShardId:        new(streams.ShardID(put.Shard)),
		SequenceNumber: new(put.Sequence.String()),
	}, nil
}

// writable finds a stream that takes records: one that is being made or
// deleted is not there yet or any more (observed).
func (s *Service) writable(c Caller, operation string, name, arn *string) (*catalog.Stream, error) {
	st, err := s.find(c, operation, name, arn)
	if err != nil {
		return nil, err
	}
	if st.Status != catalog.Active && st.Status != catalog.Updating {
		return nil, notFound(streamNotFoundText(st.Name))
	}
	return st, nil
}

// checkOrdering checks SequenceNumberForOrdering, which an answer names
// ExclusiveMinimumSequenceNumber (observed).
func (s *Service) checkOrdering(st *catalog.Stream, shard uint32, number *string) error {
	if number == nil {
		return nil
	}
	seq, err := streams.ParseSequenceNumber(*number)
	if err == nil {
		err = s.streams.CheckOrdering(st, shard, seq, s.nowMs())
	}
	if err == nil {
		return nil
	}
	return invalidArgument(fmt.Sprintf("ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.",
		*number, st.Name.Stream, st.Name.Account))
}

func writeRateText(name catalog.Name, shard uint32) string {
	return fmt.Sprintf("Rate exceeded for shard %s in stream %s under account %s.", streams.ShardID(shard), name.Stream, name.Account)
}
