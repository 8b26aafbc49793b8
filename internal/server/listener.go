package server

import (
	"net"
	"sync"
)

// limitedListener accepts so many connections at a time; others wait in the
// kernel's queue.
type limitedListener struct {
	net.Listener
	places chan struct{} // holds one element for each open connection
	done   chan struct{}
	close  sync.Once
}

func limit(l net.Listener, n int) *limitedListener {
	return &limitedListener{Listener: l, places: make(chan struct{}, n), done: make(chan struct{})}
}

// Open is how many connections are open.
func (l *limitedListener) Open() int { return len(l.places) }

// Accept waits for a place and a connection.
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		return &limitedConn{TCPConn: tcp, listener: l}, nil
	}
	<-l.places // nothing but TCP is ever listened on
	return c, nil
}

// Close stops accepting. Open connections stay.
func (l *limitedListener) Close() error {
	l.close.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// limitedConn gives its place back when it is closed. It is a TCPConn
// otherwise, so that net/http can close it half at a time.
type limitedConn struct {
	*net.TCPConn
	listener *limitedListener
	once     sync.Once
}

func (c *limitedConn) Close() error {
	c.once.Do(func() { <-c.listener.places })
	return c.TCPConn.Close()
}
