package streams

import (
	"sync"
	"time"
)

// pace holds a consumer of a shard to a rate of bytes, with one second's worth
// saved up. It asks who has received enough to wait; it never refuses.
type pace struct {
	mu     sync.Mutex // guards what follows
	spent  float64    // bytes of which the time has not passed yet
	lastMs int64
}

// wait is how long the next event has to wait at a rate of bytes per second,
// 0 for none.
func (p *pace) wait(nowMs int64, rate int) time.Duration {
	if rate <= 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass(nowMs, rate)
	if p.spent < float64(rate) {
		return 0
	}
	over := (p.spent - float64(rate)) / float64(rate)
	return time.Duration(over*float64(time.Second)) + time.Millisecond
}

// charge books the bytes of an event.
func (p *pace) charge(nowMs int64, rate, bytes int) {
	if rate <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass(nowMs, rate)
	p.spent += float64(bytes)
}

func (p *pace) pass(nowMs int64, rate int) {
	if passed := nowMs - p.lastMs; passed > 0 {
		p.spent = max(0, p.spent-float64(passed)*float64(rate)/1000)
	}
	p.lastMs = nowMs
}

// idle says that nothing is booked, so that forgetting it changes nothing.
func (p *pace) idle(nowMs int64, rate int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rate > 0 {
		p.pass(nowMs, rate)
	}
	return p.spent == 0
}
