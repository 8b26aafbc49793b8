package conformance_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"millrace/test/harness"
)

const (
	// cutLimit is how long a client that says nothing is borne with.
	cutLimit = 5 * time.Second
	// cutSlack is for a busy machine.
	cutSlack = time.Second
	// drainLimit is how long a server with nothing but unused connections
	// takes to end, on a busy machine.
	drainLimit = time.Second
)

// silence opens a connection, says something or nothing, and no more.
type silence struct {
	name string
	tls  string // ALPN to offer; "" is no TLS
	text string
}

var silences = []silence{
	{"nothing at all", "", ""},
	{"half a head", "", "POST / HTTP/1.1\r\n"},
	{"half a preface", "", "PRI * HTTP/2.0\r\n"},
	{"a preface and no frame", "", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
	{"one byte of TLS", "", "\x16"},
	{"half a TLS hello", "", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
	{"TLS and nothing", "http/1.1", ""},
	{"TLS and half a head", "http/1.1", "POST / HTTP/1.1\r\n"},
	{"TLS, h2 and nothing", "h2", ""},
	{"TLS, h2 and half a preface", "h2", "PRI * HTTP/2.0\r\n"},
	{"TLS, h2, a preface and no frame", "h2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
}

func (s silence) open(t *testing.T, server *harness.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.Endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if s.tls != "" {
		secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{s.tls}})
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
		conn = secure
	}
	if _, err := io.WriteString(conn, s.text); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestSilentClientsAreCut(t *testing.T) {
	server := harness.Start(t, harness.Options{})
	for _, s := range silences {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			conn := s.open(t, server)
			begun := time.Now()
			_ = conn.SetReadDeadline(begun.Add(cutLimit + cutSlack))
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("not cut after %v", time.Since(begun))
			}
		})
	}
}

func TestUnusedConnectionsHoldUpNoShutdown(t *testing.T) {
	server := harness.Start(t, harness.Options{})
	for _, s := range silences {
		for range 5 {
			s.open(t, server)
		}
	}
	begun := time.Now()
	server.Stop(t)
	took := time.Since(begun)
	t.Logf("ended in %v", took)
	if took > drainLimit {
		t.Errorf("ended in %v", took)
	}
}
