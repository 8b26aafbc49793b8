package main

import (
	"context"
	"time"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// leaveTime bounds how long a command that was interrupted takes to deregister
// the consumer that it registered.
const leaveTime = 3 * time.Second

// enterConsumer makes a tailer read as a registered consumer of its stream. One
// that is not there is registered; leave takes it away again.
func (a *app) enterConsumer(ctx context.Context, t *tailer, name string) (leave func(), err error) {
	view, err := describe(ctx, t.client, t.stream)
	if err != nil {
		return nil, err
	}
	stream := view.StreamARN
	leave = func() {}
	found, err := t.client.DescribeStreamConsumer(ctx, &types.DescribeStreamConsumerInput{StreamARN: &stream, ConsumerName: &name})
	switch {
	case err == nil:
		t.consumerARN = deref(found.ConsumerDescription.ConsumerARN)
	case kinesis.IsNotFound(err):
		made, err := t.client.RegisterStreamConsumer(ctx, &types.RegisterStreamConsumerInput{StreamARN: &stream, ConsumerName: &name})
		if err != nil {
			return nil, err
		}
		t.consumerARN = deref(made.Consumer.ConsumerARN)
		leave = func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
			defer cancel()
			_, _ = t.client.DeregisterStreamConsumer(ctx, &types.DeregisterStreamConsumerInput{ConsumerARN: &t.consumerARN})
		}
	default:
		return nil, err
	}
	if err := a.waitConsumer(ctx, t.client, t.consumerARN, name); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// waitConsumer waits until a consumer is ACTIVE.
func (a *app) waitConsumer(ctx context.Context, client *kinesis.Client, arn, name string) error {
	defer a.spin("waiting for consumer " + name)()
	for look := firstLook; ; look = min(look*2, mostLook) {
		out, err := client.DescribeStreamConsumer(ctx, &types.DescribeStreamConsumerInput{ConsumerARN: &arn})
		if err != nil || out.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			return err
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
}

// follow is read for a registered consumer.
func (t *tailer) follow(ctx context.Context, shard string, start kinesis.Start, send func(shardPage) bool) {
	at := kinesis.ConsumerPosition{ConsumerARN: t.consumerARN, ShardID: shard, Start: start}
	for e, err := range t.client.Follow(ctx, at) {
		if err != nil {
			send(shardPage{done: true, err: err})
			return
		}
		p := shardPage{records: e.Records, children: e.ChildShards, closed: e.ContinuationSequenceNumber == nil}
		p.done = p.closed || t.toTip && deref(e.MillisBehindLatest) == 0
		if !send(p) {
			return
		}
	}
}
