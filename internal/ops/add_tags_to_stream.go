package ops

import (
	"context"
	"errors"

	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// addTagsToStream implements AddTagsToStream.
func (s *Service) addTagsToStream(ctx context.Context, c Caller, in *types.AddTagsToStreamInput) error {
	name, err := s.resolve(c, "AddTagsToStream", in.StreamName, in.StreamARN)
	if err != nil {
		return err
	}
	if _, err := s.streams.Lookup(name); err != nil {
		return err
	}
	if err := s.checkTags(name, in.Tags); err != nil {
		return err
	}
	err = s.streams.Tag(ctx, name, in.Tags, s.limits.MaxTags)
	if _, ok := errors.AsType[*streams.LimitError](err); ok {
		return invalidArgument(s.tooManyTagsText(name))
	}
	return err
}
