package hostile

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"millrace/test/harness"
)

// flood is much of the same over one connection.
type flood struct {
	name  string
	first string
	piece func(i int) string
	count int
	// most is how many bytes the server may take, sockets included; 0 is that
	// it may take all of them.
	most int64
}

func repeated(s string) func(int) string { return func(int) string { return s } }

// sockets is what the sockets of both sides may hold.
const sockets = 8 << 20

// request is the header block of a POST of nothing to localhost, in HPACK:
// indexes of the static table, and one literal.
const request = "\x83\x86\x84\x01\x09localhost"

// opened is a frame that opens the i-th stream of a client.
func opened(i int, flags byte) string { return frame(1, flags, uint32(2*i+1), request) }

const (
	endStream, endHeaders = 1, 4
	settings              = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
)

var floods = []flood{
	{"chunk extensions", head("PutRecord", jsonType) + "Transfer-Encoding: chunked\r\n\r\n", repeated("1;" + strings.Repeat("e", 2000) + "\r\n \r\n"), 20_000, sockets},
	{"chunks of a byte", head("PutRecord", jsonType) + "Transfer-Encoding: chunked\r\n\r\n", repeated("1\r\n \r\n"), 1_000_000, 0},
	{"trailers", head("ListStreams", jsonType) + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", repeated("Trailer: x\r\n"), 1_000_000, sockets},
	{"headers", "POST / HTTP/1.1\r\nHost: localhost\r\n", repeated("A: b\r\n"), 1_000_000, sockets},
	{"one header", "POST / HTTP/1.1\r\nHost: localhost\r\nA: ", repeated(strings.Repeat("b", 1000)), 20_000, sockets},
	{"empty lines", "", repeated("\r\n"), 1_000_000, sockets},
	{"requests without reading", "", repeated(post("ListStreams", jsonType, "{}")), 20_000, 0},
	{"streams opened and reset", preface + settings, func(i int) string {
		return opened(i, endHeaders) + frame(3, 0, uint32(2*i+1), "\x00\x00\x00\x08")
	}, 50_000, 0},
	{"streams opened and broken", preface + settings, func(i int) string { // MadeYouReset
		return opened(i, endHeaders) + frame(8, 0, uint32(2*i+1), "\x00\x00\x00\x00")
	}, 50_000, 0},
	{"streams opened", preface + settings, func(i int) string { return opened(i, endHeaders) }, 50_000, 0},
	{"continuations", preface + settings + frame(1, 0, 1, request), repeated(frame(9, 0, 1, "\x00\x01a\x01b")), 500_000, sockets},
	{"empty continuations", preface + settings + frame(1, 0, 1, request), repeated(frame(9, 0, 1, "")), 500_000, 0},
	{"pings without reading", preface + settings, repeated(frame(6, 0, 0, "12345678")), 500_000, sockets},
	{"settings without reading", preface + settings, repeated(settings), 500_000, sockets},
	{"empty data", preface + settings + opened(0, endHeaders), repeated(frame(0, 0, 1, "")), 500_000, 0},
	{"priorities", preface + settings, func(i int) string { return frame(2, 0, uint32(2*i+1), "\x00\x00\x00\x00\x01") }, 500_000, 0},
	{"TLS warnings", "\x16\x03\x01\x00\x04\x01\x00\x01\xfc", repeated("\x15\x03\x01\x00\x02\x01\x00"), 200_000, sockets},
}

// floodTime bounds a flood.
const floodTime = 5 * time.Second

// TestFloods sends each flood over FLOODS (4) connections at once.
func TestFloods(t *testing.T) {
	connections := number(t, "FLOODS", 4, 2)
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			if testing.Short() {
				f.count /= 5
			}
			server := start(t, harness.Options{})
			before, used := server.Memory(t).Now, server.CPU(t)
			var sent atomic.Int64
			var wg sync.WaitGroup
			begun := time.Now()
			for range connections {
				wg.Go(func() { sent.Add(f.pour(t, server)) })
			}
			during := server.puts(t, 20)
			wg.Wait()
			took, cost := time.Since(begun), server.CPU(t)-used
			server.unharmed(t)
			each, grown := sent.Load()/int64(connections), server.Memory(t).Peak-before
			t.Logf("D8: %s: %s of %d pieces taken of each connection in %v; %v of processor time each; memory grew by %s; slowest put of 20 %v",
				f.name, mebibytes(each), f.count, took.Round(time.Millisecond), (cost / time.Duration(connections)).Round(time.Millisecond), mebibytes(grown), during.Round(time.Microsecond))
			if f.most > 0 && each > f.most {
				t.Errorf("%s were taken, want at most %s", mebibytes(each), mebibytes(f.most))
			}
			if grown > 96<<20 {
				t.Errorf("memory grew by %s", mebibytes(grown))
			}
		})
	}
}

// pour sends a flood until the server has had enough, and returns how many
// bytes it took. It reads nothing until then.
func (f flood) pour(t *testing.T, server *target) (sent int64) {
	conn, err := net.Dial("tcp", server.address())
	if err != nil {
		t.Error(err)
		return 0
	}
	defer conn.Close()
	conn.(*net.TCPConn).SetLinger(0)
	conn.SetDeadline(time.Now().Add(floodTime))
	n, err := io.WriteString(conn, f.first)
	sent = int64(n)
	var batch strings.Builder
	for i := 0; i < f.count && err == nil; i++ {
		batch.WriteString(f.piece(i))
		if batch.Len() < 64<<10 && i < f.count-1 {
			continue
		}
		n, err = io.WriteString(conn, batch.String())
		sent += int64(n)
		batch.Reset()
	}
	return sent
}

// TestFrames holds that the frames of this package are frames of HTTP/2: a
// request made of them has an answer.
func TestFrames(t *testing.T) {
	server := start(t, harness.Options{})
	conn := server.dial(t)
	if _, err := io.WriteString(conn, preface+settings+opened(0, endStream|endHeaders)); err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	for {
		var h [9]byte
		if _, err := io.ReadFull(conn, h[:]); err != nil {
			t.Fatalf("no answer on stream 1: %v", err)
		}
		if h[3] == 1 && binary.BigEndian.Uint32(h[5:]) == 1 {
			return // HEADERS of stream 1
		}
		if _, err := io.CopyN(io.Discard, conn, int64(h[0])<<16|int64(h[1])<<8|int64(h[2])); err != nil {
			t.Fatal(err)
		}
	}
}
