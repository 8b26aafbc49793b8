package wire

import (
	"context"
	"errors"
	"io"
	"math/bits"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// unaccounted is how much of a body is read before it needs a share of the
// budget for bodies.
const unaccounted = 16 << 10

// minBodyRate is how fast a body has to arrive, in bytes a second.
const minBodyRate = 1 << 10

// maxBodyBytes is the most that Bounds.BodyBytes may be, and the largest
// pooled buffer. The sizes in between are powers of two.
const (
	maxBodyBytes = 16 << 20
	bodyClasses  = 11
)

var bodyPools [bodyClasses]sync.Pool // of *[]byte, by class

// classSize is how large the buffers of a class are.
func classSize(class int) int { return unaccounted << class }

// classFor is the class of buffers that hold n bytes.
func classFor(n int64) int { return bits.Len64(uint64(max(n-1, 0) / unaccounted)) }

// growth is how much larger than what has come the next buffer may be, so that
// memory follows the bytes that came and not those that were promised.
const growth = 8

// body is a request body in a pooled buffer.
type body struct {
	bytes  []byte
	pooled *[]byte // the buffer under bytes
	class  int     // of pooled
	held   int64   // share of the budget
	budget *budget
}

func (b *body) release() {
	if b.pooled != nil {
		bodyPools[b.class].Put(b.pooled)
	}
	b.budget.release(b.held)
	*b = body{budget: b.budget}
}

// grow moves to a larger buffer, of at most promised bytes.
func (b *body) grow(promised int64) {
	class := 0
	if b.pooled != nil {
		class = max(b.class+1, classFor(min(promised, growth*int64(len(b.bytes)))))
	}
	pooled, _ := bodyPools[class].Get().(*[]byte)
	if pooled == nil {
		pooled = new(make([]byte, classSize(class)))
	}
	n := copy(*pooled, b.bytes)
	if b.pooled != nil {
		bodyPools[b.class].Put(b.pooled)
	}
	b.bytes, b.pooled, b.class = (*pooled)[:n], pooled, class
}

// Why a body was not read.
var (
	errTooLarge = errors.New("body too large")
	errNoRoom   = errors.New("no room for the body")
)

// readBody reads the whole body into x.body, or answers why not.
func (x *exchange) readBody() bool {
	x.body.budget = x.h.bodies
	if e := x.r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		x.fail(http.StatusBadRequest, "MalformedHttpRequestException", "The Content-Encoding of the body is not supported.")
		return false
	}
	err := x.fillBody()
	if err == nil {
		x.bodyRead = true
		return true
	}
	x.body.release()
	switch {
	case errors.Is(err, errTooLarge):
		x.fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The body of the request is too large.")
	case errors.Is(err, errNoRoom):
		x.fail(http.StatusServiceUnavailable, "ServiceUnavailable", "The server is handling as many large requests as it can.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.fail(http.StatusRequestTimeout, "RequestTimeoutException", "The body of the request took too long to arrive.")
	default:
		x.fail(http.StatusBadRequest, "MalformedHttpRequestException", "The body of the request did not arrive whole.")
	}
	return false
}

func (x *exchange) fillBody() error {
	limit := x.h.cfg.Bounds.BodyBytes
	promised := x.r.ContentLength
	if promised > limit {
		return errTooLarge
	}
	if promised == 0 {
		return nil
	}
	if promised < 0 {
		promised = limit
		// Tells net/http too when it is too much, so that it closes gently.
		x.r.Body = http.MaxBytesReader(x.w, x.r.Body, limit)
	}
	pace := newPace(x)
	defer pace.end()
	b := &x.body
	for {
		if len(b.bytes) == cap(b.bytes) || b.pooled == nil {
			if int64(len(b.bytes)) >= limit {
				return x.expectEnd()
			}
			if len(b.bytes) >= unaccounted && b.held == 0 {
				if err := x.reserveBody(promised, pace); err != nil {
					return err
				}
			}
			b.grow(promised)
		}
		n, err := x.r.Body.Read(b.bytes[len(b.bytes):min(int64(cap(b.bytes)), limit)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return errTooLarge
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case int64(len(b.bytes)) >= limit:
			return x.expectEnd()
		}
		pace.progress(n)
	}
}

// expectEnd is called with the limit reached: one more byte is too many.
func (x *exchange) expectEnd() error {
	n, err := io.ReadFull(x.r.Body, make([]byte, 1))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || n > 0 {
		return errTooLarge
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// reserveBody takes the share of a body that has shown that it is coming.
func (x *exchange) reserveBody(promised int64, p *pace) error {
	ctx, cancel := context.WithTimeout(x.r.Context(), x.h.cfg.Bounds.QueueTime)
	defer cancel()
	held, err := x.h.bodies.acquire(ctx, int64(classSize(classFor(promised))))
	if err != nil {
		return errNoRoom
	}
	x.body.held = held
	p.restart() // the wait was ours, not the client's
	return nil
}

// pace cuts bodies that arrive too slowly, by moving the connection's read
// deadline on as long as enough has come.
type pace struct {
	x     *exchange
	since time.Time // start of the window
	last  time.Time // no window goes beyond
	got   int       // bytes in this window
}

func newPace(x *exchange) *pace {
	p := &pace{x: x, last: time.Now().Add(x.h.cfg.Bounds.BodyTime)}
	p.restart()
	return p
}

func (p *pace) restart() {
	p.since, p.got = time.Now(), 0
	deadline := p.since.Add(p.x.h.cfg.Bounds.BodyWindow)
	if deadline.After(p.last) {
		deadline = p.last
	}
	_ = p.x.control.SetReadDeadline(deadline) // not every ResponseWriter of a test has one
}

func (p *pace) progress(n int) {
	p.got += n
	if time.Duration(p.got)*time.Second >= p.x.h.cfg.Bounds.BodyWindow*minBodyRate && time.Since(p.since) > p.x.h.cfg.Bounds.BodyWindow/16 {
		p.restart()
	}
}

// end takes the deadline off again: it must not hit the wait for the next
// request on the connection.
func (p *pace) end() { _ = p.x.control.SetReadDeadline(time.Time{}) }
