package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"millrace/internal/ops"
	"millrace/kinesis/types"
)

// TestDrainWaitsForNoUnusedConnection has connections of every kind that
// nobody uses, and one with a request under way, which is answered.
func TestDrainWaitsForNoUnusedConnection(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var slow bool
	s := newFront(t, Config{}, func(context.Context, ops.Operation) (any, error) {
		if slow {
			close(entered)
			<-leave
		}
		return &types.ListStreamsOutput{}, nil
	})
	config := trust(t, s)
	h2 := config.Clone()
	h2.NextProtos = []string{"h2"}
	var conns []net.Conn
	for range 5 {
		dribbling := dial(t, s)
		send(t, dribbling, "POST / HTTP/1.1\r\nX: ")
		kept := dial(t, s)
		send(t, kept, whole("ListStreams", "{}"))
		receive(t, bufio.NewReader(kept))
		hello := dial(t, s)
		send(t, hello, "\x16\x03\x01")
		conns = append(conns, dial(t, s), dribbling, kept, hello, dialTLS(t, s, config), dialTLS(t, s, h2))
	}
	for _, c := range []*http.Client{h2c(t), secureClient(t, config, true), secureClient(t, config, false)} {
		r := request(t, s, "ListStreams", strings.NewReader("{}"))
		if c.Transport.(*http.Transport).TLSClientConfig != nil {
			r.URL.Scheme = "https"
		}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	<-time.After(2 * lameDuck)
	slow = true
	last := dial(t, s)
	send(t, last, whole("ListStreams", "{}"))
	<-entered
	go func() {
		<-time.After(100 * time.Millisecond)
		close(leave)
	}()
	begun := time.Now()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	took := time.Since(begun)
	t.Logf("drained in %v", took)
	if took > time.Second {
		t.Errorf("drained in %v", took)
	}
	if status, _, _ := receive(t, bufio.NewReader(last)); status != 200 {
		t.Errorf("the request under way: %d", status)
	}
	for _, c := range conns {
		expectClosed(t, c)
	}
	if n := s.listener.Open(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

func TestDrainOfAnIdleServerIsInstant(t *testing.T) {
	s := newFront(t, Config{}, nil)
	conn := dial(t, s)
	send(t, conn, whole("ListStreams", "{}"))
	receive(t, bufio.NewReader(conn))
	dial(t, s)
	secure := dialTLS(t, s, trust(t, s))
	<-time.After(2 * lameDuck)
	begun := time.Now()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if d := time.Since(begun); d > lameDuck/2 {
		t.Errorf("drained in %v", d)
	}
	if _, err := secure.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the end of TLS: %v", err)
	}
}

// TestClosingWaitsForNoReader closes a connection whose client has stopped
// reading, so that there is no room for the end of TLS.
func TestClosingWaitsForNoReader(t *testing.T) {
	s := newFront(t, Config{}, nil)
	config := trust(t, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own := open(l, 1, s.listener.door)
	defer own.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	shaken := make(chan error, 1)
	go func() { shaken <- tls.Client(client, config).Handshake() }()
	served, err := own.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	inner := connUnder(served)
	// Where no megabytes fit any more, a few bytes may.
	for _, size := range []int{64 << 20, 1 << 20, 1 << 10} {
		for err = nil; err == nil; {
			_ = inner.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			_, err = inner.TCPConn.Write(make([]byte, size))
		}
		if !isTimeout(err) {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	_ = served.Close()
	if d := time.Since(begun); d > time.Second {
		t.Errorf("closed after %v", d)
	}
}
