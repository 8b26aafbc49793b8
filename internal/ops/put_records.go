package ops

import (
	"context"
	"strconv"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// putRecords implements PutRecords: every record succeeds or fails alone, the
// answer has them in the order of the call.
func (s *Service) putRecords(ctx context.Context, c Caller, in *types.PutRecordsInput) (*types.PutRecordsOutput, error) {
	if err := s.checkRecords(in.Records); err != nil {
		return nil, err
	}
	st, err := s.writable(c, "PutRecords", in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	b := takeBatch(len(in.Records))
	defer b.release()
	for i := range in.Records {
		r := &in.Records[i]
		if err := b.set(i, *r.PartitionKey, r.ExplicitHashKey, r.Data); err != nil {
			return nil, err
		}
	}
	streams.Route(st, b.puts)
	if in.DryRun != nil && *in.DryRun {
		return nil, s.dryRun("PutRecords", st.Name)
	}
	s.meterWrites(st, b)
	if err := s.streams.Append(ctx, st, b.puts); err != nil {
		if translate(err) != nil {
			return nil, err
		}
		s.log.ErrorContext(ctx, "records not stored", "stream", st.Name.Stream, "records", len(b.puts), "error", err)
		b.fail(err)
	}
	return putResult(st, b.puts), nil
}

// checkRecords holds each record and all together to the sizes allowed.
func (s *Service) checkRecords(records []types.PutRecordsRequestEntry) error {
	var bad findings
	total := 0
	for i := range records {
		r := &records[i]
		if r.PartitionKey == nil || s.tooLarge(*r.PartitionKey, r.Data) {
			s.checkRecord(&bad, "records."+strconv.Itoa(i+1)+".member.", r.PartitionKey, r.Data)
			continue
		}
		total += len(*r.PartitionKey) + len(r.Data)
	}
	if err := bad.err(); err != nil {
		return err
	}
	if total > s.limits.MaxPutRecordsBytes {
		return invalidArgument("Records size exceeds " + strconv.Itoa(s.limits.MaxPutRecordsBytes>>20) + " MB limit")
	}
	return nil
}

// putResult is the answer to a batch. Like wireRecords it allocates a handful
// of slices, whatever the number of records.
func putResult(st *catalog.Stream, puts []streams.Put) *types.PutRecordsOutput {
	out := &types.PutRecordsOutput{
		FailedRecordCount: new(int32(0)),
		Records:           make([]types.PutRecordsResultEntry, len(puts)),
	}
	sequences := make([]string, len(puts))
	digits := make([]byte, 0, sequenceDigits*len(puts))
	var ids shardIDs
	for i := range puts {
		put, entry := &puts[i], &out.Records[i]
		if put.Err != nil {
			*out.FailedRecordCount++
			*entry = failedEntry(st.Name, put)
			continue
		}
		sequences[i], digits = sequenceText(digits, put.Sequence)
		entry.SequenceNumber = &sequences[i]
		entry.ShardId = ids.of(put.Shard)
	}
	return out
}

func failedEntry(name catalog.Name, put *streams.Put) types.PutRecordsResultEntry {
	if put.Err == errThrottled {
		return types.PutRecordsResultEntry{
			ErrorCode:    new("ProvisionedThroughputExceededException"),
			ErrorMessage: new(writeRateText(name, put.Shard)),
		}
	}
	return types.PutRecordsResultEntry{
		ErrorCode:    new("InternalFailure"),
		ErrorMessage: new("Internal Service Failure"),
	}
}

// shardIDs makes each shard's id once for an answer. The records of one call
// go to few shards, or to many once each, so the last few are what counts.
type shardIDs struct {
	numbers [8]uint32
	ids     [8]*string
}

func (c *shardIDs) of(shard uint32) *string {
	slot := shard % uint32(len(c.ids))
	if c.ids[slot] == nil || c.numbers[slot] != shard {
		c.numbers[slot], c.ids[slot] = shard, new(streams.ShardID(shard))
	}
	return c.ids[slot]
}
