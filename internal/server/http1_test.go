package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"millrace/internal/ops"
	"millrace/internal/wire"
	"millrace/kinesis/types"
)

func TestKeepAliveAndPipelining(t *testing.T) {
	s := newFront(t, Config{}, nil)
	c := dial(t, s)
	r := bufio.NewReader(c)
	for range 3 {
		send(t, c, whole("ListStreams", "{}"))
		if status, header, body := receive(t, r); status != 200 || body != `{"StreamNames":["s"],"HasMoreStreams":false}` || header.Get("Close") != "false" {
			t.Fatalf("got %d %q %v", status, body, header)
		}
	}
	send(t, c, strings.Repeat(whole("ListStreams", "{}"), 20))
	seen := map[string]bool{}
	for range 20 {
		status, header, _ := receive(t, r)
		if status != 200 {
			t.Fatalf("got %d", status)
		}
		seen[header.Get("X-Amzn-Requestid")] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 answers have %d request ids", len(seen))
	}
}

func TestHeadersAsOnTheWire(t *testing.T) {
	s := newFront(t, Config{}, nil)
	c := dial(t, s)
	send(t, c, strings.Replace(whole("ListStreams", "{}"), "\r\n", "\r\nConnection: close\r\n", 1))
	raw := expectClosed(t, c)
	for _, want := range []string{"\r\nx-amzn-RequestId: ", "\r\nx-amz-id-2: ", "\r\nContent-Type: application/x-amz-json-1.1\r\n", "\r\nContent-Length: 44\r\n", "\r\nDate: "} {
		if !strings.Contains(raw, want) {
			t.Errorf("no %q in %q", want, raw)
		}
	}
}

func TestHalfClosedClientsGetTheirAnswer(t *testing.T) {
	entered, closed := make(chan struct{}), make(chan struct{})
	s := newFront(t, Config{}, func(ctx context.Context, _ ops.Operation) (any, error) {
		close(entered)
		<-closed
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond): // time for a cancellation to get here
		}
		return &types.ListStreamsOutput{}, nil
	})
	c := dial(t, s)
	send(t, c, whole("ListStreams", "{}"))
	<-entered
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	close(closed)
	if status, _, body := receive(t, bufio.NewReader(c)); status != 200 {
		t.Errorf("got %d %s", status, body)
	}
}

func TestTooLarge(t *testing.T) {
	s := newFront(t, Config{Bounds: wire.Bounds{BodyBytes: 1 << 20}}, nil)
	for _, c := range []struct{ name, text string }{
		{"length over the bound", head("ListStreams") + "Content-Length: 1048577\r\n\r\n"},
		{"giant length", head("ListStreams") + "Content-Length: 9223372036854775807\r\n\r\n"},
		{"giant length, waiting for leave", head("ListStreams") + "Expect: 100-continue\r\nContent-Length: 9223372036854775807\r\n\r\n"},
		{"giant length and some body", head("ListStreams") + "Content-Length: 1000000000\r\n\r\n" + strings.Repeat("x", 64<<10)},
		{"endless chunks", head("ListStreams") + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("10000\r\n"+strings.Repeat("x", 0x10000)+"\r\n", 17)},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, s)
			send(t, conn, c.text)
			r := bufio.NewReader(conn)
			status, header, body := receive(t, r)
			if status != 413 || !jsonError(body, "RequestEntityTooLargeException") || header.Get("Close") != "true" {
				t.Errorf("got %d %s, close %s", status, body, header.Get("Close"))
			}
			expectClosed(t, r)
		})
	}
	expectAlive(t, s)
}

func TestSlowClientsAreCut(t *testing.T) {
	s := newFront(t, Config{
		HeaderTimeout: 200 * time.Millisecond,
		IdleTimeout:   300 * time.Millisecond,
		Bounds:        wire.Bounds{BodyWindow: 200 * time.Millisecond, BodyTime: time.Second},
	}, nil)
	for _, c := range []struct{ name, text, drip, want string }{
		{"silent", "", "", ""},
		{"dribbling head", "POST / HTTP/1.1\r\n", "X: y\r\n", ""},
		{"half a preface", "PRI * HTTP/2.0\r\n", "", ""},
		{"preface alone", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", ""},
		{"idle", whole("ListStreams", "{}"), "", "200 OK"},
		{"no body", head("ListStreams") + "Content-Length: 10\r\n\r\n", "", "408 Request Timeout"},
		{"no second buffer", head("ListStreams") + "Content-Length: 100000\r\n\r\n{}" + strings.Repeat(" ", 20000), "", "408 Request Timeout"},
		{"dribbling body", head("ListStreams") + "Content-Length: 100000\r\n\r\n", " ", "408 Request Timeout"},
		{"dribbling chunks", head("ListStreams") + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", "408 Request Timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s)
			send(t, conn, c.text)
			done := make(chan struct{})
			defer close(done)
			if c.drip != "" {
				go func() {
					tick := time.NewTicker(20 * time.Millisecond)
					defer tick.Stop()
					for {
						select {
						case <-done:
							return
						case <-tick.C:
							_, _ = io.WriteString(conn, c.drip)
						}
					}
				}()
			}
			start := time.Now()
			got := expectClosed(t, conn)
			if c.want == "" && strings.HasPrefix(got, "HTTP/1.1") || c.want != "" && !strings.HasPrefix(got, "HTTP/1.1 "+c.want) {
				t.Errorf("got %q", got)
			}
			if strings.HasPrefix(c.want, "408") && !strings.Contains(got, `{"__type":"RequestTimeoutException"`) {
				t.Errorf("got %q", got)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("cut after %v", d)
			}
		})
	}
}

// TestSteadyBodyMayTakeLong sends faster than the least rate, over several
// windows.
func TestSteadyBodyMayTakeLong(t *testing.T) {
	s := newFront(t, Config{Bounds: wire.Bounds{BodyWindow: 200 * time.Millisecond, BodyTime: 5 * time.Second}}, nil)
	c := dial(t, s)
	const pieces, piece = 25, 4 << 10
	send(t, c, head("ListStreams")+"Content-Length: 102402\r\n\r\n{}")
	for range pieces {
		<-time.After(25 * time.Millisecond)
		send(t, c, strings.Repeat(" ", piece))
	}
	if status, _, body := receive(t, bufio.NewReader(c)); status != 200 {
		t.Errorf("got %d %s", status, body)
	}
}

func TestMalformedRequests(t *testing.T) {
	s := newFront(t, Config{HeaderTimeout: 500 * time.Millisecond, Bounds: wire.Bounds{BodyWindow: 500 * time.Millisecond}}, nil)
	for _, c := range []struct{ name, text string }{
		{"nonsense", "\x00\x01\x02\x03\r\n\r\n"},
		{"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"},
		{"no version", "POST /\r\n\r\n"},
		{"version 3", "POST / HTTP/3.0\r\nHost: localhost\r\n\r\n"},
		{"no host", "POST / HTTP/1.1\r\n\r\n"},
		{"two hosts", "POST / HTTP/1.1\r\nHost: localhost\r\nHost: evil.com\r\n\r\n"},
		{"no host, version 1.0", "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"},
		{"blank in a name", "POST / HTTP/1.1\r\nHost: localhost\r\nX y: z\r\n\r\n"},
		{"folded header", "POST / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n"},
		{"two lengths", head("ListStreams") + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"},
		{"length and chunks", head("ListStreams") + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
		{"negative length", head("ListStreams") + "Content-Length: -1\r\n\r\n"},
		{"length of letters", head("ListStreams") + "Content-Length: ten\r\n\r\n"},
		{"overflowing length", head("ListStreams") + "Content-Length: 99999999999999999999\r\n\r\n"},
		{"bad chunk", head("ListStreams") + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"},
		{"chunk too long", head("ListStreams") + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}\r\n"},
		{"chunk extensions", head("ListStreams") + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 8<<10) + "\r\n{\r\n0\r\n\r\n"},
		{"body cut short", head("ListStreams") + "Content-Length: 100\r\n\r\n{"},
		{"coding of no kind", head("ListStreams") + "Transfer-Encoding: gzip\r\n\r\n"},
		{"bad expectation", head("ListStreams") + "Expect: the-unexpected\r\nContent-Length: 2\r\n\r\n{}"},
		{"header of a megabyte", head("ListStreams") + "X-Y: " + strings.Repeat("z", 1<<20) + "\r\n\r\n"},
		{"ten thousand headers", head("ListStreams") + strings.Repeat("X: y\r\n", 10000) + "\r\n"},
		{"connect", "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"preface and nonsense", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\xff", 100)},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, s)
			// The server may close before all is sent.
			_, _ = io.WriteString(conn, c.text)
			_ = conn.CloseWrite()
			got := expectClosed(t, conn)
			if strings.HasPrefix(got, "HTTP/1.1 5") && !strings.HasPrefix(got, "HTTP/1.1 501") && !strings.HasPrefix(got, "HTTP/1.1 505") {
				t.Errorf("got %q", got)
			}
			if strings.HasPrefix(got, "HTTP/1.1 2") && c.name != "length and chunks" {
				t.Errorf("accepted: %q", got)
			}
			_, body, _ := strings.Cut(got, "\r\n\r\n")
			if strings.HasPrefix(got, "HTTP/1.1 4") && !jsonError(body, "MalformedHttpRequestException") && !strings.HasPrefix(body, "<MissingAuthenticationTokenException>") && !jsonError(body, "AccessDeniedException") {
				t.Errorf("not in the form of the API: %q", got)
			}
		})
	}
	expectAlive(t, s)
}

func TestConnectionsAreBounded(t *testing.T) {
	s := newFront(t, Config{MaxConnections: 2}, nil)
	first, second, third := dial(t, s), dial(t, s), dial(t, s)
	send(t, first, whole("ListStreams", "{}"))
	receive(t, bufio.NewReader(first))
	send(t, second, whole("ListStreams", "{}"))
	receive(t, bufio.NewReader(second))
	send(t, third, whole("ListStreams", "{}"))
	_ = third.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := third.Read(make([]byte, 1)); !isTimeout(err) {
		t.Fatalf("the third of two connections was served: %v", err)
	}
	_ = third.SetReadDeadline(time.Now().Add(10 * time.Second))
	first.Close()
	if status, _, _ := receive(t, bufio.NewReader(third)); status != 200 {
		t.Errorf("got %d", status)
	}
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}
