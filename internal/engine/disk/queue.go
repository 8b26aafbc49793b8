package disk

import (
	"context"
	"sync"

	"millrace/internal/engine"
)

// request is one call on its way through the committer.
type request struct {
	kind    byte // an entry kind, or one of the requests below
	runs    []engine.Run
	refs    []engine.ShardRef
	command []byte
	bytes   int64 // the most that its entries take
	cost    int64 // the most that it adds to the tail

	// What the committer answers; read after done.
	err   error
	end   engine.Position
	index engine.Index
	batch *capture

	granted chan error    // where the request had to wait for room
	done    chan struct{} // room for one
	pool    *sync.Pool    // where it came from
}

// Requests that are not entries.
const (
	requestCapture = 200
)

// newRequest takes a request from the pool. The pool is the queue's own: a
// request's channel may not pass from one bubble of package synctest to another.
func (q *queue) newRequest(kind byte) *request {
	r, ok := q.requests.Get().(*request)
	if !ok {
		r = &request{done: make(chan struct{}, 1), pool: &q.requests}
	}
	r.kind = kind
	return r
}

// release gives a request back after done was received.
func (r *request) release() {
	*r = request{done: r.done, pool: r.pool}
	r.pool.Put(r)
}

// queue is what waits for the committer, and the account of the memory that
// the tail takes. mu guards all of it and is held for a few instructions only.
type queue struct {
	queueBytes int64 // bound of bytes
	tailBytes  int64 // bound of bytes + tail
	requests   sync.Pool

	mu      sync.Mutex
	pending []*request
	bytes   int64 // of pending
	tail    int64 // of the records in memory
	waiting []*request
	// stuck is why the tail cannot be flushed, nil while it can.
	stuck  error
	failed error // every request gets this
	signal chan struct{}
}

func newQueue(opts Options) *queue {
	return &queue{
		queueBytes: opts.QueueBytes,
		tailBytes:  2 * opts.FlushBytes,
		signal:     make(chan struct{}, 1),
	}
}

// do sends a request through the committer and waits for its outcome. ctx
// bounds only the wait for room.
func (q *queue) do(ctx context.Context, r *request) error {
	if err := q.enter(ctx, r); err != nil {
		return err
	}
	<-r.done
	return r.err
}

func (q *queue) enter(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	switch {
	case q.failed != nil:
		defer q.mu.Unlock()
		return q.failed
	case len(q.waiting) == 0 && q.fits(r) || r.cost == 0:
		q.push(r)
		q.mu.Unlock()
		return nil
	case q.stuck != nil && q.bytes+q.tail+r.cost > q.tailBytes:
		defer q.mu.Unlock()
		return q.stuck
	}
	granted := make(chan error, 1)
	r.granted = granted
	q.waiting = append(q.waiting, r)
	q.mu.Unlock()
	select {
	case err := <-granted:
		return err
	case <-ctx.Done():
		return q.leave(ctx, r, granted)
	}
}

// leave takes a request out of the waiting line, unless it got in meanwhile.
func (q *queue) leave(ctx context.Context, r *request, granted chan error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, w := range q.waiting {
		if w == r {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			q.admit()
			return ctx.Err()
		}
	}
	return <-granted
}

// fits says whether a request may enter. However large, it may when nothing
// else waits and the tail is too short to be flushed. The caller holds mu.
func (q *queue) fits(r *request) bool {
	return q.bytes+r.cost <= q.queueBytes && q.bytes+q.tail+r.cost <= q.tailBytes ||
		q.bytes == 0 && q.tail < q.tailBytes/2
}

func (q *queue) push(r *request) {
	q.bytes += r.cost
	q.pending = append(q.pending, r)
	poke(q.signal)
}

// admit lets waiting requests in, in their order. The caller holds mu.
func (q *queue) admit() {
	n := 0
	for _, r := range q.waiting {
		if !q.fits(r) {
			break
		}
		q.push(r)
		r.granted <- nil
		n++
	}
	q.waiting = append([]*request(nil), q.waiting[n:]...)
}

// takeGroup moves requests to into, up to maxBytes but at least one. What they
// may add to the tail counts as tail from here on.
func (q *queue) takeGroup(into []*request, maxBytes int64) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	var bytes int64
	n := 0
	for _, r := range q.pending {
		if n > 0 && bytes+r.bytes > maxBytes {
			break
		}
		bytes += r.bytes
		q.bytes -= r.cost
		q.tail += r.cost
		n++
	}
	into = append(into, q.pending[:n]...)
	rest := copy(q.pending, q.pending[n:])
	clear(q.pending[rest:])
	q.pending = q.pending[:rest]
	if rest > 0 {
		poke(q.signal)
	}
	if len(q.waiting) > 0 {
		q.admit()
	}
	return into
}

// shrink notes that the tail lost bytes, and returns what is left.
func (q *queue) shrink(bytes int64) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tail -= bytes
	if len(q.waiting) > 0 {
		q.admit()
	}
	return q.tail
}

// tailSize is what the tail takes.
func (q *queue) tailSize() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.tail
}

// setStuck says that flushing has to wait for space, or no longer has to.
// Whoever waits for the tail to shrink is refused.
func (q *queue) setStuck(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stuck = err
	if err != nil {
		q.refuse(err)
	}
}

func (q *queue) refuse(err error) {
	for _, r := range q.waiting {
		r.granted <- err
	}
	q.waiting = nil
}

// shut refuses every later request, and those that wait for room, with err.
// The first error stays.
func (q *queue) shut(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil {
		q.failed = err
	}
	q.refuse(q.failed)
	poke(q.signal)
}

// drained reports that the queue is shut and empty.
func (q *queue) drained() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed != nil && len(q.pending) == 0
}
