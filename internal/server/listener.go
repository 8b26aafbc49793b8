package server

import (
	"net"
	"sync"
	"time"
)

// openListener accepts so many connections at a time; others wait in the
// kernel's queue. Each is opened (see door) on a goroutine of its own before
// net/http gets it, so that one that is silent holds up no other.
//
// Close closes the connections that net/http does not have yet; join waits
// for the goroutines.
type openListener struct {
	net.Listener
	door   *door
	places chan struct{} // holds one element for each connection, and for the wait for the next
	opened chan opened
	done   chan struct{}
	wg     sync.WaitGroup

	mu            sync.Mutex // guards all below
	begun, closed bool
	conns         map[*conn]struct{}
	crowd         crowd
}

// opened is what Accept returns.
type opened struct {
	conn net.Conn
	err  error
}

func open(l net.Listener, n int, d *door) *openListener {
	return &openListener{
		Listener: l, door: d, places: make(chan struct{}, n),
		opened: make(chan opened), done: make(chan struct{}), conns: map[*conn]struct{}{},
	}
}

// Open is how many connections are open.
func (l *openListener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// Accept waits for a connection that has said what it speaks.
func (l *openListener) Accept() (net.Conn, error) {
	l.begin()
	select {
	case o := <-l.opened:
		return o.conn, o.err
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// begin starts accepting at the first Accept: until the server is ready,
// connections wait in the kernel.
func (l *openListener) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun && !l.closed {
		l.begun = true
		l.wg.Go(l.acceptAll)
	}
}

func (l *openListener) acceptAll() {
	for {
		select {
		case l.places <- struct{}{}:
		case <-l.done:
			return
		}
		c, err := l.Listener.Accept()
		if err != nil {
			<-l.places
			if !l.give(opened{err: err}) { // net/http decides whether to go on
				return
			}
			continue
		}
		conn := &conn{TCPConn: c.(*net.TCPConn), listener: l, since: time.Now()} // nothing but TCP is ever listened on
		l.wg.Go(func() { l.openOne(conn) })
	}
}

func (l *openListener) openOne(c *conn) {
	if !l.add(c) {
		c.Close()
		return
	}
	ready := l.door.open(c)
	if ready == nil || !l.give(opened{conn: ready}) {
		c.Close()
	}
}

// give passes a result to Accept; false once the listener is closed.
func (l *openListener) give(o opened) bool {
	select {
	case l.opened <- o:
		return true
	case <-l.done:
		return false
	}
}

func (l *openListener) add(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.conns[c] = struct{}{}
		l.crowd.joined(len(l.conns))
	}
	return !l.closed
}

// remove is called once for each connection, when it is closed.
func (l *openListener) remove(c *conn) {
	l.mu.Lock()
	delete(l.conns, c)
	gone := l.crowd.left(len(l.conns))
	l.mu.Unlock()
	if gone {
		giveMemoryBack()
	}
	<-l.places
}

// all lists the open connections.
func (l *openListener) all() []*conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		list = append(list, c)
	}
	return list
}

// Close stops accepting. Connections that net/http has stay.
func (l *openListener) Close() error {
	l.mu.Lock()
	was := l.closed
	l.closed = true
	l.mu.Unlock()
	if was {
		return nil
	}
	close(l.done)
	err := l.Listener.Close()
	for _, c := range l.all() {
		c.closeUnopened()
	}
	return err
}

// join waits for what the listener has started, after Close.
func (l *openListener) join() { l.wg.Wait() }

// quiet says whether no connection has been in use within d, or is.
func (l *openListener) quiet(d time.Duration) bool {
	for _, c := range l.all() {
		if !c.quiet(d) {
			return false
		}
	}
	return true
}

// hurry ends the connections that have no request under way.
func (l *openListener) hurry() {
	for _, c := range l.all() {
		c.hurry()
	}
}
