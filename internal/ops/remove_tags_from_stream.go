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
	for _, key := range in.TagKeys {
		if !tagChars(key) {
			return invalidArgument(invalidTagText)
		}
	}
	return s.streams.Untag(ctx, name, in.TagKeys)
}
