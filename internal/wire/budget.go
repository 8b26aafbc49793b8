package wire

import (
	"container/list"
	"context"
	"sync"
)

// budget is a number of bytes that requests share. Who asks first is served
// first, so that a large request does not starve behind small ones.
type budget struct {
	total int64

	mu      sync.Mutex // guards what follows; never held while waiting
	free    int64
	waiters list.List // of *waiter
}

type waiter struct {
	n     int64
	ready chan struct{} // closed once the bytes are the waiter's
}

func newBudget(total int64) *budget { return &budget{total: total, free: total} }

// acquire takes n bytes, at most the whole budget, and returns how many. It
// waits for others to release theirs until ctx ends.
func (b *budget) acquire(ctx context.Context, n int64) (int64, error) {
	n = min(n, b.total)
	b.mu.Lock()
	if b.free >= n && b.waiters.Len() == 0 {
		b.free -= n
		b.mu.Unlock()
		return n, nil
	}
	w := &waiter{n: n, ready: make(chan struct{})}
	place := b.waiters.PushBack(w)
	b.mu.Unlock()

	select {
	case <-w.ready:
		return n, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.ready: // served while giving up
		b.free += n
	default:
		b.waiters.Remove(place)
	}
	b.serve() // the place given up may let others pass
	return 0, ctx.Err()
}

// release gives n bytes back.
func (b *budget) release(n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += n
	b.serve()
}

func (b *budget) serve() {
	for e := b.waiters.Front(); e != nil; e = b.waiters.Front() {
		w := e.Value.(*waiter)
		if w.n > b.free {
			return
		}
		b.free -= w.n
		b.waiters.Remove(e)
		close(w.ready)
	}
}
