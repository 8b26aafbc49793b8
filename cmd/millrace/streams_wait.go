package main

import (
	"context"
	"time"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// How often a stream is asked for its state while one waits for it: often at
// first, as a local server needs no time at all.
const (
	firstLook = 20 * time.Millisecond
	mostLook  = 2 * time.Second
)

// waitActive waits until a stream is ACTIVE.
func (a *app) waitActive(ctx context.Context, client *kinesis.Client, stream string) (types.StreamStatus, error) {
	defer a.spin("waiting for " + stream)()
	for look := firstLook; ; look = min(look*2, mostLook) {
		view, err := describe(ctx, client, stream)
		if err != nil {
			return "", err
		}
		if view.StreamStatus == types.StreamStatusActive {
			return view.StreamStatus, nil
		}
		if err := pause(ctx, look); err != nil {
			return "", err
		}
	}
}

// waitGone waits until a stream does not exist any more.
func (a *app) waitGone(ctx context.Context, client *kinesis.Client, stream string) error {
	defer a.spin("waiting for the end of " + stream)()
	for look := firstLook; ; look = min(look*2, mostLook) {
		if _, err := describe(ctx, client, stream); kinesis.IsNotFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
