package ops

import (
	"context"

	"millrace/kinesis/types"
)

// removeTagsFromStream implements RemoveTagsFromStream. Keys that the stream
// does not have are ignored.
func (s *Service) removeTagsFromStream(ctx context.Context, c Caller, in *types.RemoveTagsFromStreamInput) error {
	name, err := s.resolve(c, "RemoveTagsFromStream", in.StreamName, in.StreamARN)
	if err != nil {
		return err
	}
	if _, err := s.streams.Lookup(name); err != nil {
		return err
	}
	if err := checkTagKeys(name, in.TagKeys); err != nil {
		return err
	}
	return s.streams.Untag(ctx, name, in.TagKeys)
}
