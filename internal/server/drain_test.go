package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"millrace/internal/engine"
	"millrace/internal/ops"
	"millrace/kinesis/types"
)

// TestDrainCutsNoAcceptedRequest shuts down under load. Every request that
// reached an operation must be answered, whole.
func TestDrainCutsNoAcceptedRequest(t *testing.T) {
	for name, client := range map[string]*http.Client{"HTTP/1.1": {Transport: &http.Transport{MaxIdleConnsPerHost: 32}, Timeout: 10 * time.Second}, "h2c": h2c(t)} {
		t.Run(name, func(t *testing.T) {
			var begun, answered atomic.Int64
			s := newFront(t, Config{}, func(context.Context, ops.Operation) (any, error) {
				begun.Add(1)
				time.Sleep(time.Millisecond)
				return &types.ListStreamsOutput{}, nil
			})
			var clients sync.WaitGroup
			for range 32 {
				clients.Go(func() {
					for {
						resp, err := client.Do(request(t, s, "ListStreams", bytes.NewReader([]byte("{}"))))
						if err != nil {
							return
						}
						if _, err := io.ReadAll(resp.Body); err == nil && resp.StatusCode == 200 {
							answered.Add(1)
						}
						resp.Body.Close()
					}
				})
			}
			for begun.Load() < 1000 {
				time.Sleep(time.Millisecond)
			}
			start := time.Now()
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if d := time.Since(start); d > 15*time.Second {
				t.Errorf("drained in %v", d)
			}
			clients.Wait()
			if begun.Load() != answered.Load() {
				t.Errorf("%d requests begun, %d answered", begun.Load(), answered.Load())
			}
		})
	}
}

func TestDrainWaitsForSlowRequestsUpToItsTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		takes time.Duration
		ok    bool
	}{{"in time", 300 * time.Millisecond, true}, {"too long", 3 * time.Second, false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			entered := make(chan struct{})
			s := newFront(t, Config{DrainTimeout: time.Second}, func(context.Context, ops.Operation) (any, error) {
				close(entered)
				time.Sleep(c.takes)
				return &types.ListStreamsOutput{}, nil
			})
			conn := dial(t, s)
			send(t, conn, whole("ListStreams", "{}"))
			<-entered
			err := s.Shutdown(t.Context())
			if (err == nil) != c.ok {
				t.Errorf("shutdown: %v", err)
			}
			if c.ok {
				if status, header, _ := receive(t, bufio.NewReader(conn)); status != 200 || header.Get("Close") != "true" {
					t.Errorf("got %d, close %s", status, header.Get("Close"))
				}
			} else if !strings.Contains(err.Error(), "1 requests were not answered") {
				t.Errorf("shutdown: %v", err)
			}
		})
	}
}

func TestWatchedEngineReportsOnce(t *testing.T) {
	s := newFront(t, Config{}, nil)
	w := &watchedEngine{fail: s.fail}
	if err := w.watch(engine.ErrFull); !errors.Is(err, engine.ErrFull) || !s.ready.Load() {
		t.Errorf("a full disk is no failure of the server: %v", err)
	}
	for range 3 {
		if err := w.watch(engine.ErrUnknownOutcome); !errors.Is(err, engine.ErrUnknownOutcome) {
			t.Error(err)
		}
	}
	if err := <-s.Failed(); !errors.Is(err, engine.ErrUnknownOutcome) {
		t.Error(err)
	}
	if s.ready.Load() {
		t.Error("ready without an engine")
	}
}
