package ops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// tagResource implements TagResource.
func (s *Service) tagResource(ctx context.Context, c Caller, in *types.TagResourceInput) error {
	st, cn, err := s.findResource(c, "TagResource", *in.ResourceARN)
	if err != nil {
		return err
	}
	if err := s.checkTags(st.Name, in.Tags); err != nil {
		return err
	}
	text := s.tooManyTagsText(st.Name)
	if cn != nil {
		text = s.tooManyConsumerTagsText(st.Name, cn.Name)
		err = s.streams.TagConsumer(ctx, refOf(st, cn), in.Tags, s.limits.MaxTags)
	} else {
		err = s.streams.Tag(ctx, st.Name, in.Tags, s.limits.MaxTags)
	}
	if _, ok := errors.AsType[*streams.LimitError](err); ok {
		return invalidArgument(text)
	}
	return err
}

// untagResource implements UntagResource. Keys that the resource does not
// have are ignored.
func (s *Service) untagResource(ctx context.Context, c Caller, in *types.UntagResourceInput) error {
	st, cn, err := s.findResource(c, "UntagResource", *in.ResourceARN)
	if err != nil {
		return err
	}
	if err := checkTagKeys(st.Name, in.TagKeys); err != nil {
		return err
	}
	if cn != nil {
		return s.streams.UntagConsumer(ctx, refOf(st, cn), in.TagKeys)
	}
	return s.streams.Untag(ctx, st.Name, in.TagKeys)
}

// listTagsForResource implements ListTagsForResource, in order of the keys.
func (s *Service) listTagsForResource(_ context.Context, c Caller, in *types.ListTagsForResourceInput) (*types.ListTagsForResourceOutput, error) {
	st, cn, err := s.findResource(c, "ListTagsForResource", *in.ResourceARN)
	if err != nil {
		return nil, err
	}
	tags := st.Tags
	if cn != nil {
		tags = cn.Tags
	}
	out := &types.ListTagsForResourceOutput{Tags: make([]types.Tag, 0, len(tags))}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, types.Tag{Key: new(key), Value: new(tags[key])})
	}
	return out, nil
}

// findResource looks up what the ARN of a resource names: a stream, or a
// consumer of it. There are no channels yet, so none is found.
func (s *Service) findResource(c Caller, operation, arn string) (*catalog.Stream, *catalog.Consumer, error) {
	if strings.Contains(arn, "/consumer/") {
		ref, err := parseConsumerARN(arn)
		if err != nil {
			return nil, nil, resourceARNError(arn)
		}
		return s.lookupConsumer(c, operation, ref)
	}
	if _, rest, ok := strings.Cut(arn, ":channel/"); ok && rest != "" {
		return nil, nil, notFound(fmt.Sprintf("Resource %s not found.", arn))
	}
	n, err := parseStreamARN(arn)
	if err != nil {
		return nil, nil, resourceARNError(arn)
	}
	if n, err = s.reach(c, operation, n); err != nil {
		return nil, nil, err
	}
	st, err := s.streams.Lookup(n)
	return st, nil, err
}

func resourceARNError(arn string) error {
	return invalidArgument(fmt.Sprintf("ResourceARN %s is not the ARN of a stream or a consumer.", arn))
}
