package server

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/internal/wire"
)

// h2c speaks HTTP/2 with prior knowledge, and only that.
func h2c(t testing.TB) *http.Client {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &p}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func do(t testing.TB, client *http.Client, r *http.Request) (status int, body string) {
	t.Helper()
	resp, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	if resp.ProtoMajor != 2 {
		t.Errorf("answered with %s", resp.Proto)
	}
	return resp.StatusCode, string(b)
}

func TestHTTP2WithPriorKnowledge(t *testing.T) {
	s := newFront(t, Config{}, nil)
	client := h2c(t)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			status, body := do(t, client, request(t, s, "ListStreams", strings.NewReader("{}")))
			if status != 200 || body != `{"StreamNames":["s"],"HasMoreStreams":false}` {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
	wg.Wait()
	if n := s.listener.Open(); n > 3 {
		t.Errorf("100 requests took %d connections", n)
	}
}

func TestHTTP2Bodies(t *testing.T) {
	s := newFront(t, Config{}, nil)
	client := h2c(t)
	large := append([]byte("{}"), bytes.Repeat([]byte(" "), 14<<20)...)
	if status, body := do(t, client, request(t, s, "ListStreams", bytes.NewReader(large))); status != 200 {
		t.Errorf("14 MiB: %d %s", status, body)
	}
	r := request(t, s, "ListStreams", io.MultiReader(bytes.NewReader(large), strings.NewReader(strings.Repeat(" ", 3<<20))))
	resp, err := client.Do(r)
	if err == nil { // the stream may be reset before the answer is seen
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 413 || !jsonError(string(body), "RequestEntityTooLargeException") {
			t.Errorf("17 MiB: %d %s", resp.StatusCode, body)
		}
	}
	if status, _ := do(t, client, request(t, s, "ListStreams", strings.NewReader("{}"))); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}

func TestHTTP2SlowBodyIsCut(t *testing.T) {
	s := newFront(t, Config{Bounds: wire.Bounds{BodyWindow: 200 * time.Millisecond}}, nil)
	body, feed := io.Pipe()
	defer feed.Close()
	go func() { _, _ = io.WriteString(feed, "{") }()
	if status, text := do(t, h2c(t), request(t, s, "ListStreams", body)); status != 408 || !jsonError(text, "RequestTimeoutException") {
		t.Errorf("got %d %s", status, text)
	}
}

func TestHTTP2ForeignAuthority(t *testing.T) {
	s := newFront(t, Config{}, nil)
	r := request(t, s, "ListStreams", strings.NewReader("{}"))
	r.Host = "rebound.example.com"
	if status, text := do(t, h2c(t), r); status != 403 || !jsonError(text, "AccessDeniedException") {
		t.Errorf("got %d %s", status, text)
	}
}
