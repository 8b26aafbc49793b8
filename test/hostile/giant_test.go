package hostile

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"millrace/test/harness"
)

const (
	// bodyMost is the largest body that the server takes.
	bodyMost = 16 << 20
	// underway is what the sockets of both sides may hold beyond what the
	// server has read.
	underway = 12 << 20
)

// TestGiantBodies sends bodies of 1 GB, one and GIANTS (100) at a time, with
// their length and without.
func TestGiantBodies(t *testing.T) {
	most := number(t, "GIANTS", 100, 20)
	for _, test := range []struct {
		name    string
		chunked bool
		clients int
		sent    int64 // most that a client may get rid of
		grown   int64 // most that the server's memory may grow by
	}{
		{"one with its length", false, 1, underway, 32 << 20},
		{"many with their length", false, most, underway, 32 << 20},
		{"one in chunks", true, 1, bodyMost + underway, 48 << 20},
		// The budget for bodies is 96 MiB; each gets its share or waits.
		{"many in chunks", true, most, bodyMost + underway, 256 << 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, harness.Options{})
			before := server.Memory(t).Now
			var longest atomic.Int64
			var refused atomic.Int64
			var wg sync.WaitGroup
			for range test.clients {
				wg.Go(func() {
					sent, status, err := server.giant(t, test.chunked)
					if err != nil || status != http.StatusRequestEntityTooLarge && status != http.StatusServiceUnavailable && status != 0 {
						t.Errorf("status %d, %v; want 413, or 503 where there is no room", status, err)
					}
					if status == http.StatusRequestEntityTooLarge {
						refused.Add(1)
					}
					for was := longest.Load(); sent > was && !longest.CompareAndSwap(was, sent); was = longest.Load() {
					}
				})
			}
			wg.Wait()
			grown := server.Memory(t).Peak - before
			server.unharmed(t)
			t.Logf("D5: %d bodies of 1 GB %s: %d refused with 413; at most %s sent by one (sockets included); memory grew by %s",
				test.clients, test.name, refused.Load(), mebibytes(longest.Load()), mebibytes(grown))
			if longest.Load() > test.sent {
				t.Errorf("%s were taken of one body, want at most %s", mebibytes(longest.Load()), mebibytes(test.sent))
			}
			if grown > test.grown {
				t.Errorf("memory grew by %s, want at most %s", mebibytes(grown), mebibytes(test.grown))
			}
			if refused.Load() == 0 {
				t.Error("nobody was refused")
			}
		})
	}
}

// giant sends 1 GB until the server has had enough. status is 0 where the
// connection was reset before the answer could be read.
func (t *target) giant(tb testing.TB, chunked bool) (sent int64, status int, err error) {
	conn := t.dial(tb)
	defer conn.Close()
	length, piece := "Content-Length: 1000000000\r\n\r\n", strings.Repeat(" ", 1<<16)
	if chunked {
		length, piece = "Transfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("10000\r\n%s\r\n", piece)
	}
	if _, err := io.WriteString(conn, head("PutRecord", jsonType)+length); err != nil {
		return 0, 0, err
	}
	written := make(chan int64)
	go func() {
		var total int64
		for total < 1_000_000_000 {
			n, err := io.WriteString(conn, piece)
			if total += int64(n); err != nil {
				break
			}
		}
		written <- total
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil {
		status = res.StatusCode
		io.Copy(io.Discard, conn) // until it is closed
	}
	conn.Close()
	return <-written, status, nil
}
