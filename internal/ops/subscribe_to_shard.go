package ops

import (
	"context"
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// subscribeToShard implements SubscribeToShard: what it returns is drained by
// the front door.
func (s *Service) subscribeToShard(ctx context.Context, c Caller, in *types.SubscribeToShardInput) (*Subscription, error) {
	st, cn, err := s.findConsumer(c, consumerQuery{operation: "SubscribeToShard", cnARN: in.ConsumerARN})
	if err != nil {
		return nil, err
	}
	shard, err := parseShard(st.Name, *in.ShardId)
	if err != nil {
		return nil, err
	}
	position := startingPosition{
		"SubscribeToShard", in.StartingPosition.Type, in.StartingPosition.SequenceNumber, in.StartingPosition.Timestamp,
	}
	start, err := s.startOf(st, shard, position)
	if err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, s.drySubscribe(ctx, st, cn, shard, start, position)
	}
	// Who has a subscription is told so, and not that the rate is exceeded: the
	// call after a successful one is in use for 5 s (API reference).
	if err := s.streams.CheckSubscribe(st, cn, shard); err != nil {
		return nil, err
	}
	if !s.meter.takeControl(subscriptionControl(st.Name, cn, shard), s.nowMs()) {
		return nil, types.NewError("LimitExceededException", fmt.Sprintf(
			"Rate exceeded for consumer %s and shard %s in stream %s under account %s.", cn.Name, streams.ShardID(shard), st.Name.Stream, st.Name.Account))
	}
	sub, err := s.streams.Subscribe(ctx, streams.SubscribeSpec{
		Stream: st, Consumer: cn, Shard: shard, Start: start, BytesPerSecond: s.limits.SubscriptionBytes,
	})
	if err != nil {
		return nil, position.refused(st, shard, err)
	}
	return &Subscription{service: s, sub: sub}, nil
}

// drySubscribe makes the checks that opening a subscription makes.
func (s *Service) drySubscribe(ctx context.Context, st *catalog.Stream, cn *catalog.Consumer, shard uint32, start streams.Start, position startingPosition) error {
	if cn.Status != catalog.Active {
		return &streams.ConsumerStateError{Name: st.Name, Consumer: cn.Name, CreatedSec: cn.CreatedSec(), Status: cn.Status}
	}
	if _, err := s.streams.Open(ctx, st, shard, start); err != nil {
		return position.refused(st, shard, err)
	}
	return s.dryRun("SubscribeToShard", st.Name)
}

// subscribeControl names the rate of SubscribeToShard, which counts for each
// consumer and shard (API reference, SubscribeToShard).
const subscribeControl = "SubscribeToShard"

func subscriptionControl(n catalog.Name, cn *catalog.Consumer, shard uint32) controlKey {
	key := streamControl(subscribeControl, n)
	key.stream = fmt.Sprintf("%s/%s:%d/%d", n.Stream, cn.Name, cn.CreatedSec(), shard)
	return key
}
