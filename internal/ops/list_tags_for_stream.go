package ops

import (
	"context"
	"maps"
	"slices"

	"millrace/kinesis/types"
)

// listTagsForStream implements ListTagsForStream: in order of the keys, all
// of them where no limit is named.
func (s *Service) listTagsForStream(_ context.Context, c Caller, in *types.ListTagsForStreamInput) (*types.ListTagsForStreamOutput, error) {
	st, err := s.find(c, "ListTagsForStream", in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	keys := slices.Sorted(maps.Keys(st.Tags))
	if in.ExclusiveStartTagKey != nil {
		at, found := slices.BinarySearch(keys, *in.ExclusiveStartTagKey)
		if found {
			at++
		}
		keys = keys[at:]
	}
	more := false
	if most := pageSize(in.Limit, len(keys), len(keys)); most < len(keys) {
		keys, more = keys[:most], true
	}
	out := &types.ListTagsForStreamOutput{Tags: make([]types.Tag, len(keys)), HasMoreTags: new(more)}
	for i, key := range keys {
		out.Tags[i] = types.Tag{Key: new(key), Value: new(st.Tags[key])}
	}
	return out, nil
}
