package server

import (
	"context"
	"fmt"
)

// Run starts a server, serves until ctx ends, and drains. It returns nil when
// every accepted request was answered and everything was closed in order, and
// an error when the server could not start, could not go on, or could not
// drain in time. A process that wants to leave at once need not wait for Run:
// what was acknowledged is durable by then.
func Run(ctx context.Context, cfg Config) error {
	s, err := Start(ctx, cfg)
	if err != nil {
		return err
	}
	if cfg.Ready != nil {
		cfg.Ready(s)
	}
	var failure error
	select {
	case <-ctx.Done():
		s.log.Info("draining")
	case failure = <-s.Failed():
	}
	err = s.Shutdown(context.WithoutCancel(ctx))
	if failure != nil {
		return fmt.Errorf("stopped: %w", failure)
	}
	return err
}
