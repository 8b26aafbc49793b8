package ops

import (
	"context"

	"millrace/kinesis/types"
)

// deleteStream implements DeleteStream. A stream that is being deleted is
// found in use, and so is one with consumers unless they are to go with it.
func (s *Service) deleteStream(ctx context.Context, c Caller, in *types.DeleteStreamInput) error {
	name, err := s.resolve(c, "DeleteStream", in.StreamName, in.StreamARN)
	if err != nil {
		return err
	}
	if in.EnforceConsumerDeletion != nil && *in.EnforceConsumerDeletion {
		return s.streams.Delete(ctx, name)
	}
	return s.streams.DeleteUnused(ctx, name)
}
