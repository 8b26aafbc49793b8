package ops

import (
	"context"

	"millrace/kinesis/types"
)

// deleteStream implements DeleteStream. A stream that is being deleted is
// found in use; EnforceConsumerDeletion has nothing to enforce yet.
func (s *Service) deleteStream(ctx context.Context, c Caller, in *types.DeleteStreamInput) error {
	name, err := s.resolve(c, "DeleteStream", in.StreamName, in.StreamARN)
	if err != nil {
		return err
	}
	return s.streams.Delete(ctx, name)
}
