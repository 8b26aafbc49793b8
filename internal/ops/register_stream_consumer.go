package ops

import (
	"context"
	"errors"
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// registerStreamConsumer implements RegisterStreamConsumer.
func (s *Service) registerStreamConsumer(ctx context.Context, c Caller, in *types.RegisterStreamConsumerInput) (*types.RegisterStreamConsumerOutput, error) {
	st, err := s.find(c, "RegisterStreamConsumer", nil, in.StreamARN)
	if err != nil {
		return nil, err
	}
	if err := s.meterStream("RegisterStreamConsumer", st.Name); err != nil {
		return nil, err
	}
	if err := s.checkTags(st.Name, in.Tags); err != nil {
		return nil, err
	}
	if len(in.Tags) > s.limits.MaxTags && s.limits.MaxTags > 0 {
		return nil, invalidArgument(s.tooManyConsumerTagsText(st.Name, *in.ConsumerName))
	}
	cn, err := s.streams.RegisterConsumer(ctx, streams.RegisterSpec{
		Stream:       st.Name,
		Name:         *in.ConsumerName,
		Tags:         in.Tags,
		MaxConsumers: s.limits.MaxConsumers,
		MaxCreating:  s.limits.MaxCreatingConsumers,
	})
	if err != nil {
		return nil, consumerLimit(st.Name, err)
	}
	return &types.RegisterStreamConsumerOutput{Consumer: new(wireConsumer(st.Name, cn))}, nil
}

// consumerLimit words the quotas of consumers (API reference,
// RegisterStreamConsumer; the texts are ours).
func consumerLimit(n catalog.Name, err error) error {
	e, ok := errors.AsType[*streams.LimitError](err)
	if !ok {
		return err
	}
	text := fmt.Sprintf("Stream %s under account %s has reached its limit of %d registered consumers.", n.Stream, n.Account, e.Limit)
	if e.Kind == streams.LimitCreatingConsumers {
		text = fmt.Sprintf("Stream %s under account %s has %d consumers in CREATING status already, which is the limit.", n.Stream, n.Account, e.Limit)
	}
	return types.NewError("LimitExceededException", text)
}

func (s *Service) tooManyConsumerTagsText(n catalog.Name, consumer string) string {
	return fmt.Sprintf(
		"Failed to add tags to consumer %s of stream %s under account %s because a given consumer cannot have more than %d tags associated with it.",
		consumer, n.Stream, n.Account, s.limits.MaxTags)
}
