package kinesis

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/kinesis/types"
)

func TestRetry(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answers []func(http.ResponseWriter, *http.Request)
		calls   int
		fails   bool
	}{
		{"shard throughput", list(fault("ProvisionedThroughputExceededException"), ok(`{}`)), 2, false},
		{"limit of calls", list(fault("LimitExceededException"), ok(`{}`)), 2, false},
		{"throttling", list(fault("ThrottlingException"), ok(`{}`)), 2, false},
		{"time of request", list(status(408, `{"__type":"RequestTimeoutException"}`), ok(`{}`)), 2, false},
		{"internal failure", list(status(500, `{"__type":"InternalFailure"}`), ok(`{}`)), 2, false},
		{"unavailable, no JSON", list(status(503, "gone fishing"), status(502, ""), ok(`{}`)), 3, false},
		{"connection cut", list(cut, cut, ok(`{}`)), 3, false},
		{"for ever", list(status(500, "")), 10, true},
		{"bad input", list(fault("InvalidArgumentException")), 1, true},
		{"not there", list(fault("ResourceNotFoundException")), 1, true},
		{"expired iterator", list(fault("ExpiredIteratorException")), 1, true},
		{"signature", list(fault("InvalidSignatureException")), 1, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScript(t, tc.answers...)
			c, waits := s.client()
			_, err := c.ListStreams(t.Context(), &types.ListStreamsInput{})
			if (err != nil) != tc.fails || s.calls() != tc.calls || len(*waits) != tc.calls-1 {
				t.Errorf("error = %v, %d attempts, %d waits; want %d attempts", err, s.calls(), len(*waits), tc.calls)
			}
		})
	}
}

func list(f ...func(http.ResponseWriter, *http.Request)) []func(http.ResponseWriter, *http.Request) {
	return f
}

func TestErrorSaysHowManyAttemptsWereMade(t *testing.T) {
	c, _ := newScript(t, fault("ThrottlingException")).client(func(o *Options) { o.MaxAttempts = 3 })
	_, err := c.ListStreams(t.Context(), &types.ListStreamsInput{})
	if e, ok := errors.AsType[*ResponseError](err); !ok || e.Attempts != 3 || e.RequestID != "request-3" || !strings.Contains(err.Error(), "3 attempts") {
		t.Errorf("answered: %v", err)
	}
	if !IsThrottled(err) {
		t.Errorf("IsThrottled(%v) = false", err)
	}
	c, _ = newScript(t, cut).client(func(o *Options) { o.MaxAttempts = 3 })
	_, err = c.ListStreams(t.Context(), &types.ListStreamsInput{})
	if e, ok := errors.AsType[*RequestError](err); !ok || e.Attempts != 3 || !strings.Contains(err.Error(), "3 attempts") {
		t.Errorf("not answered: %v", err)
	}
}

func TestBackoffDoublesUpToItsCap(t *testing.T) {
	c, waits := newScript(t, status(500, "")).client(func(o *Options) {
		o.BackoffBase, o.BackoffCap, o.MaxAttempts = 10*time.Millisecond, 60*time.Millisecond, 6
	})
	c.ListStreams(t.Context(), &types.ListStreamsInput{})
	ms := time.Millisecond
	if want := []time.Duration{10 * ms, 20 * ms, 40 * ms, 60 * ms, 60 * ms}; !slices.Equal(*waits, want) {
		t.Errorf("waits = %v, want %v", *waits, want)
	}
	c.jitter = func() float64 { return .5 }
	if got := c.backoff(2); got != 10*ms {
		t.Errorf("wait of jitter 0.5 = %v, want half of 20 ms", got)
	}
	if got := c.backoff(1000); got != 30*ms {
		t.Errorf("wait after 1000 attempts = %v, want half of the cap", got)
	}
}

func TestContextEndsRetries(t *testing.T) {
	s := newScript(t, fault("ThrottlingException"))
	c, _ := s.client()
	ctx, cancel := context.WithCancel(t.Context())
	c.sleep = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return sleep(ctx, time.Hour)
	}
	_, err := c.ListStreams(ctx, &types.ListStreamsInput{})
	if !errors.Is(err, context.Canceled) || s.calls() != 1 {
		t.Errorf("error = %v after %d attempts", err, s.calls())
	}
	if !IsThrottled(err) {
		t.Errorf("the last answer is not in %v", err)
	}
}

func TestContextEndsAttempt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newScript(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	c, _ := s.client()
	if _, err := c.ListStreams(ctx, &types.ListStreamsInput{}); !errors.Is(err, context.Canceled) || s.calls() != 1 {
		t.Errorf("error = %v after %d attempts", err, s.calls())
	}
}

func TestClockIsSetFromTheAnswer(t *testing.T) {
	service := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	s := newScript(t, func(w http.ResponseWriter, r *http.Request) {
		signed, _ := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if signed.Sub(service).Abs() <= 5*time.Minute {
			ok(`{}`)(w, r)
			return
		}
		w.Header().Set("Date", service.Format(http.TimeFormat))
		fault("InvalidSignatureException")(w, r)
	})
	for _, off := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		c, waits := s.client()
		c.now = func() time.Time { return service.Add(off) }
		before := s.calls()
		for range 2 {
			if _, err := c.ListStreams(t.Context(), &types.ListStreamsInput{}); err != nil {
				t.Fatalf("%v off: %v", off, err)
			}
		}
		if n := s.calls() - before; n != 3 || len(*waits) != 0 {
			t.Errorf("%v off: %d attempts and %d waits for two calls, want 3 and none", off, n, len(*waits))
		}
	}
}

func TestClockIsSetOnceInACall(t *testing.T) {
	date := time.Now()
	s := newScript(t, func(w http.ResponseWriter, r *http.Request) {
		date = date.Add(time.Hour)
		w.Header().Set("Date", date.UTC().Format(http.TimeFormat))
		fault("InvalidSignatureException")(w, r)
	})
	c, _ := s.client()
	if _, err := c.ListStreams(t.Context(), &types.ListStreamsInput{}); err == nil || s.calls() != 2 {
		t.Errorf("error = %v after %d attempts, want 2", err, s.calls())
	}
}
