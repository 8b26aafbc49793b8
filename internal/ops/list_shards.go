package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// maxListShards is the most shards of one ListShards answer, and the default
// (API reference, ListShards).
const maxListShards = 1000

// shardPage is what a NextToken of ListShards carries.
type shardPage struct {
	Name      catalog.Name
	CreatedMs int64 // tells a stream from one re-created under its name
	Filter    streams.ShardFilter
}

// listShards implements ListShards.
func (s *Service) listShards(_ context.Context, c Caller, in *types.ListShardsInput) (*types.ListShardsOutput, error) {
	page, err := s.shardPage(c, in)
	if err != nil {
		return nil, err
	}
	st, err := s.streams.Lookup(page.Name)
	if err != nil {
		return nil, err
	}
	if page.CreatedMs != 0 && page.CreatedMs != st.CreatedMs {
		return nil, notFound(streamNotFoundText(st.Name))
	}
	if err := s.meterStream("ListShards", st.Name); err != nil {
		return nil, err
	}
	if st.Status != catalog.Active && st.Status != catalog.Updating {
		return nil, notActive(st.Name, st.Status)
	}
	shards, more := firstShards(s.streams.ListShards(st, page.Filter), pageSize(in.MaxResults, maxListShards, maxListShards))
	out := &types.ListShardsOutput{Shards: shards}
	if more {
		last, _ := streams.ParseShardID(*shards[len(shards)-1].ShardId)
		next := shardPage{Name: st.Name, CreatedMs: st.CreatedMs, Filter: page.Filter}
		next.Filter.After = int64(last)
		out.NextToken = new(s.sealShardPage(c, next))
	}
	return out, nil
}

// shardPage says which page of which stream is asked for.
func (s *Service) shardPage(c Caller, in *types.ListShardsInput) (shardPage, error) {
	if in.NextToken != nil {
		return s.nextShardPage(c, in)
	}
	if in.StreamName == nil && in.StreamARN == nil {
		return shardPage{}, invalidArgument("Either NextToken or StreamName should be provided.")
	}
	name, err := s.resolve(c, "ListShards", in.StreamName, in.StreamARN)
	if err != nil {
		return shardPage{}, err
	}
	filter, err := s.shardFilter(name, in)
	if err != nil {
		return shardPage{}, err
	}
	page := shardPage{Name: name, Filter: filter}
	if in.StreamCreationTimestamp != nil {
		page.CreatedMs, err = s.createdAt(name, *in.StreamCreationTimestamp)
	}
	return page, err
}

// nextShardPage goes on where a token says. StreamARN and StreamId may stand
// beside it: KCL and the paginators of botocore send them again.
func (s *Service) nextShardPage(c Caller, in *types.ListShardsInput) (shardPage, error) {
	switch {
	case in.StreamName != nil:
		return shardPage{}, invalidArgument("NextToken and StreamName cannot be provided together.")
	case in.ExclusiveStartShardId != nil:
		return shardPage{}, invalidArgument("NextToken and ExclusiveStartShardId cannot be provided together.")
	case in.StreamCreationTimestamp != nil:
		return shardPage{}, invalidArgument("NextToken and StreamCreationTimestamp cannot be provided together.")
	}
	state, err := s.streams.OpenToken("ListShards", c.Account, *in.NextToken)
	if err != nil {
		return shardPage{}, err
	}
	var page shardPage
	if err := json.Unmarshal(state, &page); err != nil {
		return shardPage{}, fmt.Errorf("state of a ListShards token: %w", err)
	}
	return page, nil
}

func (s *Service) sealShardPage(c Caller, page shardPage) string {
	state, err := json.Marshal(page)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return s.streams.SealToken("ListShards", c.Account, state)
}

// createdAt checks StreamCreationTimestamp, which clients send to the second
// or to the millisecond, and returns the exact time of the stream it fits.
func (s *Service) createdAt(name catalog.Name, t time.Time) (int64, error) {
	st, err := s.streams.Lookup(name)
	if err != nil {
		return 0, err
	}
	if ms := t.UnixMilli(); ms != st.CreatedMs && ms != st.CreatedMs/1000*1000 {
		return 0, notFound(streamNotFoundText(name))
	}
	return st.CreatedMs, nil
}

// shardFilter checks ShardFilter and ExclusiveStartShardId.
func (s *Service) shardFilter(name catalog.Name, in *types.ListShardsInput) (streams.ShardFilter, error) {
	f := streams.ShardFilter{After: catalog.NoShard}
	if in.ExclusiveStartShardId != nil {
		number, err := parseShard(name, *in.ExclusiveStartShardId)
		if err != nil {
			return f, err
		}
		f.After = int64(number)
	}
	if in.ShardFilter == nil {
		return f, nil
	}
	return s.typedFilter(name, in.ShardFilter, f)
}

func (s *Service) typedFilter(name catalog.Name, in *types.ShardFilter, f streams.ShardFilter) (streams.ShardFilter, error) {
	kind := in.Type
	timed := kind == types.ShardFilterTypeAtTimestamp || kind == types.ShardFilterTypeFromTimestamp
	switch {
	case timed && in.Timestamp == nil:
		return f, invalidArgument(fmt.Sprintf("Timestamp must be provided when ShardFilter has Type %s.", kind))
	case !timed && in.Timestamp != nil:
		return f, invalidArgument(fmt.Sprintf("Timestamp cannot be provided when ShardFilter has Type %s.", kind))
	case kind != types.ShardFilterTypeAfterShardId && in.ShardId != nil:
		return f, invalidArgument(fmt.Sprintf("ShardId cannot be provided when ShardFilter has Type %s.", kind))
	case kind == types.ShardFilterTypeAfterShardId && in.ShardId == nil:
		return f, invalidArgument(fmt.Sprintf("ShardId must be provided when ShardFilter has Type %s.", kind))
	}
	f.Type = string(kind)
	if timed {
		f.TimestampMs = in.Timestamp.UnixMilli()
	}
	if kind == types.ShardFilterTypeAfterShardId {
		number, err := parseShard(name, *in.ShardId)
		if err != nil {
			return f, err
		}
		f.After = max(f.After, int64(number))
	}
	return f, nil
}
