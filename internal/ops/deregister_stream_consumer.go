package ops

import (
	"context"
	"errors"

	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// deregisterStreamConsumer implements DeregisterStreamConsumer. One that is
// on its way out already is no error: the operation has none for it.
func (s *Service) deregisterStreamConsumer(ctx context.Context, c Caller, in *types.DeregisterStreamConsumerInput) error {
	st, cn, err := s.findConsumer(c, consumerQuery{"DeregisterStreamConsumer", in.StreamARN, in.ConsumerName, in.ConsumerARN})
	if err != nil {
		return err
	}
	if err := s.meterStream("DeregisterStreamConsumer", st.Name); err != nil {
		return err
	}
	err = s.streams.DeregisterConsumer(ctx, refOf(st, cn))
	if _, ok := errors.AsType[*streams.ConsumerStateError](err); ok {
		return nil
	}
	return err
}
