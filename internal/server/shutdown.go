package server

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// lameDuck is how long connections in use get to close of their own accord,
// asked to by each answer, before idle ones are closed. Closing an idle
// connection can cross a request on its way; this makes that rare. One that
// has been idle for as long is not in use: nobody waits for it.
const lameDuck = 200 * time.Millisecond

// goodbye is how long HTTP/2 gets to tell its clients that the server goes
// away, before connections without requests are ended.
const goodbye = 10 * time.Millisecond

// Shutdown stops accepting, answers what was accepted, and closes streams and
// engine. It waits for requests until ctx ends or Config.DrainTimeout has
// passed; then it cuts them and says so. Further calls return the same.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopOnce.Do(func() { s.stopErr = s.shutdown(ctx) })
	return s.stopErr
}

func (s *Server) shutdown(ctx context.Context) error {
	started := time.Now()
	s.ready.Store(false)
	s.handler.Drain()
	_ = s.listener.Close()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.DrainTimeout)
	defer cancel()
	s.waitForConnections(ctx, lameDuck)
	// net/http would wait 5 s for those that were never used.
	hurry := time.AfterFunc(goodbye, s.listener.hurry)
	defer hurry.Stop()
	err := s.api.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("%d requests were not answered in time: %w", s.handler.Active(), err)
		_ = s.api.Close()
	}
	err = errors.Join(err, s.closeLayers())
	s.serve.Wait()
	s.listener.join()
	s.log.Info("server has stopped", "duration", time.Since(started), "error", err)
	return err
}

// waitForConnections waits until none is in use, at most for d.
func (s *Server) waitForConnections(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !s.listener.quiet(lameDuck) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// closeLayers closes from the top down what lies under the API port, and the
// admin port last, so that it tells the truth until the end.
func (s *Server) closeLayers() error {
	var err error
	if s.streams != nil {
		err = errors.Join(err, s.streams.Close())
	}
	if s.engine != nil {
		err = errors.Join(err, s.engine.Close())
	}
	if s.admin != nil {
		_ = s.admin.Close()
	}
	return err
}

// abandon takes down what a failed start has put up.
func (s *Server) abandon() {
	if s.listener != nil {
		_ = s.listener.Close()
	}
	if s.adminListener != nil {
		_ = s.adminListener.Close()
	}
	if err := s.closeLayers(); err != nil {
		s.log.Warn("closing after a failed start", "error", err)
	}
	s.serve.Wait()
	if s.listener != nil {
		s.listener.join()
	}
}
