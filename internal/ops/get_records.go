package ops

import (
	"context"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// maxGetRecords is the most records of one GetRecords answer, and the default
// (API reference, GetRecords).
const maxGetRecords = 10000

// getRecords implements GetRecords.
func (s *Service) getRecords(ctx context.Context, c Caller, in *types.GetRecordsInput) (*types.GetRecordsOutput, error) {
	it, err := s.streams.OpenIterator(*in.ShardIterator)
	if err != nil {
		return nil, err
	}
	if err := s.checkIterator(c, in, it); err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, s.dryRun("GetRecords", it.Name)
	}
	key := shardKey{it.UID, it.Shard}
	if !s.meter.takeRead(key, s.nowMs()) {
		return nil, shardThrottled(it.Name, it.Shard)
	}
	page, err := s.streams.Read(ctx, it, pageSize(in.Limit, maxGetRecords, maxGetRecords), s.limits.MaxGetRecordsBytes)
	if err != nil {
		return nil, err
	}
	s.meter.chargeRead(key, s.nowMs(), page.Bytes)
	return s.wirePage(page), nil
}

// checkIterator holds an iterator to the caller that may use it, and to the
// StreamARN that may stand beside it.
func (s *Service) checkIterator(c Caller, in *types.GetRecordsInput, it streams.Iterator) error {
	if c.Verified && c.Account != it.Name.Account {
		return denied(c, "GetRecords", streamARN(it.Name))
	}
	if in.StreamARN == nil {
		return nil
	}
	name, err := s.resolve(c, "GetRecords", nil, in.StreamARN)
	if err != nil {
		return err
	}
	if name != it.Name {
		return invalidArgument("StreamARN " + *in.StreamARN + " is not the stream of the ShardIterator.")
	}
	return nil
}

func (s *Service) wirePage(page streams.Page) *types.GetRecordsOutput {
	out := &types.GetRecordsOutput{
		Records:            wireRecords(page.Records),
		MillisBehindLatest: new(page.MillisBehindLatest),
	}
	if page.Next != nil {
		out.NextShardIterator = new(s.streams.SealIterator(*page.Next))
		return out
	}
	out.ChildShards = wireChildren(page.ChildShards)
	return out
}

func wireChildren(shards []*catalog.Shard) []types.ChildShard {
	children := make([]types.ChildShard, len(shards))
	for i, sh := range shards {
		children[i] = wireChild(sh)
	}
	return children
}
