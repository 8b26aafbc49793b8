package ops

import (
	"context"

	"millrace/kinesis/types"
)

// describeStreamConsumer implements DescribeStreamConsumer.
func (s *Service) describeStreamConsumer(_ context.Context, c Caller, in *types.DescribeStreamConsumerInput) (*types.DescribeStreamConsumerOutput, error) {
	st, cn, err := s.findConsumer(c, consumerQuery{"DescribeStreamConsumer", in.StreamARN, in.ConsumerName, in.ConsumerARN})
	if err != nil {
		return nil, err
	}
	if err := s.meterStream("DescribeStreamConsumer", st.Name); err != nil {
		return nil, err
	}
	return &types.DescribeStreamConsumerOutput{ConsumerDescription: &types.ConsumerDescription{
		ConsumerName:              new(cn.Name),
		ConsumerARN:               new(consumerARN(st.Name, cn)),
		ConsumerStatus:            types.ConsumerStatus(cn.Status),
		ConsumerCreationTimestamp: timestamp(cn.CreatedMs),
		StreamARN:                 new(streamARN(st.Name)),
	}}, nil
}
