package kinesis

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is a service that answers with what it is given, call by call, and
// keeps what it was asked.
type script struct {
	mu       sync.Mutex
	requests []request
	answers  []func(http.ResponseWriter, *http.Request)
	server   *httptest.Server
}

type request struct {
	operation string
	header    http.Header
	body      map[string]any
}

func newScript(tb testing.TB, answers ...func(http.ResponseWriter, *http.Request)) *script {
	s := &script{answers: answers}
	s.server = httptest.NewServer(s)
	tb.Cleanup(s.server.Close)
	return s
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	req := request{operation: strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix), header: r.Header.Clone()}
	json.Unmarshal(text, &req.body)
	s.mu.Lock()
	n := len(s.requests)
	s.requests = append(s.requests, req)
	s.mu.Unlock()
	w.Header().Set("x-amzn-RequestId", fmt.Sprintf("request-%d", n+1))
	s.answers[min(n, len(s.answers)-1)](w, r)
}

func (s *script) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// client makes a client of the service whose waits take no time; waits holds
// them.
func (s *script) client(change ...func(*Options)) (c *Client, waits *[]time.Duration) {
	o := Options{
		Endpoint: s.server.URL, Region: "eu-west-1",
		Credentials: StaticCredentials("AKID", "SECRET", "TOKEN"),
	}
	for _, f := range change {
		f(&o)
	}
	waits = new([]time.Duration)
	c = NewClient(o)
	c.jitter = func() float64 { return 1 }
	c.sleep = func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}
	return c, waits
}

// ok answers with a body.
func ok(body string) func(http.ResponseWriter, *http.Request) { return status(200, body) }

func status(code int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

// fault answers with an error of the API.
func fault(code string) func(http.ResponseWriter, *http.Request) {
	return status(400, `{"__type":"`+code+`","message":"because"}`)
}

// cut closes the connection in the middle of an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, rw, _ := w.(http.Hijacker).Hijack()
	rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
	rw.Flush()
	conn.Close()
}
