package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"millrace/internal/ops"
	"millrace/internal/wire"
	"millrace/kinesis/types"
)

// operations stands in for the layers below the wire.
type operations func(ctx context.Context, op ops.Operation) (any, error)

func (f operations) Do(ctx context.Context, _ ops.Caller, op ops.Operation, _ string, _ any) (any, error) {
	return f(ctx, op)
}

// newFront is a server that has everything but streams and engine, so that
// its tests are about connections alone.
func newFront(t testing.TB, cfg Config, do operations) *Server {
	t.Helper()
	if do == nil {
		do = func(context.Context, ops.Operation) (any, error) {
			return &types.ListStreamsOutput{HasMoreStreams: new(false), StreamNames: []string{"s"}}, nil
		}
	}
	cfg.Data, cfg.Listen, cfg.Admin = Memory, "127.0.0.1:0", Off
	cfg = cfg.withDefaults()
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s := &Server{cfg: cfg, log: cfg.Log, failed: make(chan error, 1)}
	if err := s.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.handler, err = wire.New(wire.Config{Ops: do, Bounds: cfg.Bounds, Log: cfg.Log}); err != nil {
		t.Fatal(err)
	}
	s.api = newAPIServer(cfg, s.handler)
	s.goServe(s.api, s.listener)
	s.ready.Store(true)
	t.Cleanup(func() {
		if err := s.Shutdown(context.WithoutCancel(t.Context())); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("shutdown: %v", err)
		}
	})
	return s
}

const signature = "AWS4-HMAC-SHA256 Credential=AKID/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0"

// head is a request's head up to where further headers may follow.
func head(operation string) string {
	return "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Date: 20261128T221530Z\r\n" +
		"X-Amz-Target: Kinesis_20131202." + operation + "\r\nAuthorization: " + signature + "\r\n"
}

func whole(operation, body string) string {
	return head(operation) + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// dial connects, with a deadline that ends a test that hangs.
func dial(t testing.TB, s *Server) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

func send(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// receive reads one answer.
func receive(t testing.TB, r *bufio.Reader) (status int, header http.Header, body string) {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Header["Close"] = []string{strconv.FormatBool(resp.Close)}
	return resp.StatusCode, resp.Header, string(b)
}

// request makes a call for an http.Client.
func request(t testing.TB, s *Server, operation string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), "POST", s.Endpoint()+"/", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	r.Header.Set("X-Amz-Date", "20261128T221530Z")
	r.Header.Set("Authorization", signature)
	return r
}

// expectClosed reads until the other side closes.
func expectClosed(t testing.TB, r io.Reader) string {
	t.Helper()
	rest, err := io.ReadAll(r)
	if nerr, ok := errors.AsType[net.Error](err); ok && nerr.Timeout() {
		t.Fatal("the connection was not closed")
	}
	return string(rest)
}

// expectAlive makes sure that the server still answers.
func expectAlive(t testing.TB, s *Server) {
	t.Helper()
	c := dial(t, s)
	send(t, c, whole("ListStreams", "{}"))
	if status, _, body := receive(t, bufio.NewReader(c)); status != 200 {
		t.Errorf("afterwards: %d %s", status, body)
	}
}

func jsonError(body, code string) bool { return strings.HasPrefix(body, `{"__type":"`+code+`"`) }
