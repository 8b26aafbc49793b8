package server

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// phase is what a connection is doing.
type phase uint8

const (
	unopened phase = iota // not net/http's yet
	fresh                 // net/http waits for the first head, or for the preface of HTTP/2
	busy                  // requests are under way
	idle                  // between requests
)

// conn is a connection of the API port. It gives its place back when it is
// closed. It is a TCPConn otherwise, so that net/http can close it half at a
// time.
//
// The phase goes from unopened to fresh by the door, and from there on by
// net/http's reports (connState).
type conn struct {
	*net.TCPConn
	listener *openListener
	once     sync.Once

	// first is the byte that the door has read, for the reader to find; only
	// the reading goroutine touches the two.
	first  [1]byte
	unread bool

	mu    sync.Mutex // guards all below
	phase phase
	since time.Time // of the phase
	// wanted is the read deadline that was asked for, bound one that holds
	// beside it; zero is none. The bound lets a client that has not sent its
	// first request take no longer than it is allowed to, whatever net/http
	// thinks, and ends what a shutdown finds idle.
	wanted, bound time.Time
	// parting is set when all that is left to write is the end of TLS.
	parting bool
}

// partingTime is how long the end of TLS may take to be written. Package tls
// takes 5 s for it where a client has stopped reading, and net/http closes one
// connection after the other in a shutdown.
const partingTime = 100 * time.Millisecond

// Read gives the byte back that was read to tell the protocol.
func (c *conn) Read(p []byte) (int, error) {
	if c.unread && len(p) > 0 {
		c.unread = false
		p[0] = c.first[0]
		return 1, nil
	}
	return c.TCPConn.Read(p)
}

// Close closes the connection.
func (c *conn) Close() error {
	c.once.Do(func() { c.listener.remove(c) })
	return c.TCPConn.Close()
}

// SetReadDeadline sets the deadline for reads, within the bound.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = t
	return c.applyDeadline()
}

// SetWriteDeadline sets the deadline for writes.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := time.Now().Add(partingTime); c.parting && t.After(last) {
		t = last
	}
	return c.TCPConn.SetWriteDeadline(t)
}

// part says that nothing but the end of TLS will be written.
func (c *conn) part() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parting = true
}

func (c *conn) applyDeadline() error {
	t := c.wanted
	if !c.bound.IsZero() && (t.IsZero() || c.bound.Before(t)) {
		t = c.bound
	}
	return c.TCPConn.SetReadDeadline(t)
}

// handOver makes the connection net/http's, which has until bound to read the
// first request.
func (c *conn) handOver(bound time.Time) {
	_ = c.TCPConn.SetWriteDeadline(time.Time{})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phase, c.bound, c.wanted = fresh, bound, time.Time{}
	_ = c.applyDeadline()
}

// become follows net/http. A request that was read before hurry could stop
// it is answered like any other.
func (c *conn) become(p phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phase, c.since = p, time.Now()
	if p == busy && !c.bound.IsZero() {
		c.bound, c.parting = time.Time{}, false
		_ = c.applyDeadline()
	}
}

// quiet says whether the connection has not been in use for d.
func (c *conn) quiet(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase != busy && time.Since(c.since) >= d
}

// hurry ends the connection if it is not busy, by ending the read that it
// waits in. Closing it could cut a request that was read just now.
func (c *conn) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != busy {
		c.bound, c.parting = time.Unix(1, 0), true
		_ = c.applyDeadline()
	}
}

func (c *conn) closeUnopened() {
	c.mu.Lock()
	p := c.phase
	c.mu.Unlock()
	if p == unopened {
		_ = c.Close()
	}
}

// secureConn is a connection over TLS whose client did not ask for HTTP/2 in
// the hello. It speaks HTTP/1.1, or HTTP/2 with prior knowledge, as the SDK for
// Java does: net/http looks for that preface where it sees no TLS, so only the
// net.Conn is shown. Nor does it write its own errors past us then.
type secureConn struct {
	net.Conn
	secure *tls.Conn
}

func newSecureConn(c *tls.Conn) *secureConn { return &secureConn{Conn: c, secure: c} }

// Close ends TLS and closes the connection.
func (c *secureConn) Close() error {
	connUnder(c).part()
	return c.secure.Close()
}

// CloseWrite ends the sending half, for net/http.
func (c *secureConn) CloseWrite() error { return c.secure.CloseWrite() }

// connState tells a connection what net/http says of it.
func connState(c net.Conn, state http.ConnState) {
	inner := connUnder(c)
	if inner == nil {
		return
	}
	switch state {
	case http.StateActive:
		inner.become(busy)
	case http.StateIdle:
		inner.become(idle)
	}
}

func connUnder(c net.Conn) *conn {
	switch c := c.(type) {
	case *conn:
		return c
	case *secureConn:
		return connUnder(c.secure.NetConn())
	case *tls.Conn:
		return connUnder(c.NetConn())
	}
	return nil
}
