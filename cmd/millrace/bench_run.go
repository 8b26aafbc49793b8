package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"millrace/kinesis"
)

// benchRun is one measurement.
type benchRun struct {
	client  *kinesis.Client // one attempt a call
	control *kinesis.Client // with retries, for all that is not measured
	flags   benchFlags

	put, get side
	// delay is how long records took from before their put to their arrival
	// at a reader, in mode both. Guarded by get.mu.
	delay histogram

	// claimed counts the records that putters have set out to store.
	claimed atomic.Int64
	// putting is closed when all putters have ended.
	putting chan struct{}
}

// side is what is counted of the putters or of the getters.
type side struct {
	mu      sync.Mutex // guards all below
	latency histogram
	tally
	// first and last are when the first call began and the last one ended.
	first, last time.Time
	lastError   error
}

// tally is what a number of calls came to.
type tally struct {
	calls, records, bytes int64
	failedCalls           int64 // calls that failed, throttled ones included
	throttledCalls        int64
	failedRecords         int64 // records refused in calls that succeeded
	throttledRecords      int64
}

func (t *tally) add(o tally) {
	t.calls += o.calls
	t.records += o.records
	t.bytes += o.bytes
	t.failedCalls += o.failedCalls
	t.throttledCalls += o.throttledCalls
	t.failedRecords += o.failedRecords
	t.throttledRecords += o.throttledRecords
}

// note adds one call.
func (s *side) note(began, ended time.Time, t tally, err error) {
	t.calls = 1
	if err != nil {
		t.failedCalls = 1
		if kinesis.IsThrottled(err) {
			t.throttledCalls = 1
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.add(t)
	s.latency.add(ended.Sub(began))
	if s.first.IsZero() || began.Before(s.first) {
		s.first = began
	}
	if ended.After(s.last) {
		s.last = ended
	}
	if err != nil {
		s.lastError = err
	}
}

// ended says whether an error is the end of the measurement, not a fault.
func ended(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// run measures until the time is up, the records are stored, or ctx ends. An
// interrupt ends it like the time: what was measured is reported.
func (b *benchRun) run(ctx context.Context, a *app) error {
	var readers []*benchReader
	if b.flags.mode != "put" {
		var err error
		if readers, err = b.readers(ctx); err != nil {
			return err
		}
	}
	// Calls that are under way when the time is up are still waited for.
	calls := ctx
	if b.flags.records == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.flags.duration)
		defer cancel()
	}
	defer b.showProgress(a)()
	b.putting = make(chan struct{})
	var putters, readings sync.WaitGroup
	if b.flags.mode != "get" {
		for range b.flags.concurrency {
			putters.Go(func() { b.putLoop(ctx, calls) })
		}
	}
	// Readers of mode both may need a moment more than the time, to read what
	// was stored last.
	readCtx, cancel := ctx, context.CancelFunc(func() {})
	if b.flags.mode == "both" {
		readCtx, cancel = context.WithCancel(context.WithoutCancel(ctx))
	}
	defer cancel()
	for _, r := range readers {
		readings.Go(func() { r.loop(readCtx) })
	}
	putters.Wait()
	close(b.putting)
	defer time.AfterFunc(drainTime, cancel).Stop()
	readings.Wait()
	return b.failure()
}

// drainTime bounds how long readers go on after the last put.
const drainTime = 10 * time.Second

// failure is an error if nothing at all succeeded.
func (b *benchRun) failure() error {
	for _, s := range []*side{&b.put, &b.get} {
		if s.calls > 0 && s.failedCalls == s.calls {
			return s.lastError
		}
	}
	return nil
}

// showProgress moves a bar on the terminal until the returned function is called.
func (b *benchRun) showProgress(a *app) (stop func()) {
	if !isTerminal(a.stderr) {
		return func() {}
	}
	total := b.flags.records
	if total == 0 {
		total = -1
	}
	bar := a.progress(total, "bench "+b.flags.mode, "records")
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		t := time.NewTicker(200 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				b.moveBar(bar)
			}
		}
	}()
	return func() {
		close(done)
		<-gone
		bar.Finish()
	}
}

func (b *benchRun) moveBar(bar *progressbar.ProgressBar) {
	s := &b.put
	if b.flags.mode == "get" {
		s = &b.get
	}
	s.mu.Lock()
	n := s.records
	s.mu.Unlock()
	bar.Set64(n)
}
