package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"millrace/internal/wire"
)

// Values of Config.TLS.
const (
	// TLSAuto speaks TLS and plain HTTP, whichever the client begins with.
	TLSAuto = "auto"
	// TLSRequire refuses plain HTTP.
	TLSRequire = "require"
	// TLSOff speaks plain HTTP only.
	TLSOff = "off"
)

// recordHandshake is the first byte of every TLS connection, and of no HTTP
// request.
const recordHandshake = 0x16

const (
	// refusalTime is how long a client that is refused may take to notice.
	refusalTime = time.Second
	// refusalBytes is how much of what it sends meanwhile is read: closing
	// with bytes unread would take the answer away from it.
	refusalBytes = 256 << 10
)

// door finds out what each new connection speaks, by its first byte, and
// makes what net/http takes of it.
type door struct {
	mode    string
	timeout time.Duration // for the first byte and the TLS hello together, and for the first head
	config  *tls.Config   // nil where mode is TLSOff
	log     *slog.Logger
}

// newDoor makes the door of a configuration.
func newDoor(cfg Config, certificates certificates) *door {
	d := &door{mode: cfg.TLS, timeout: cfg.HeaderTimeout, log: cfg.Log}
	if certificates != nil {
		d.config = &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"h2", "http/1.1"},
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificates.Certificate() },
		}
	}
	return d
}

// open returns a connection for net/http, or nil where there is nothing to
// be had. The caller closes c then.
func (d *door) open(c *conn) net.Conn {
	deadline := time.Now().Add(d.timeout)
	_ = c.SetDeadline(deadline)
	if _, err := io.ReadFull(c.TCPConn, c.first[:]); err != nil {
		return nil // a probe, or silence
	}
	c.unread = true
	switch {
	case c.first[0] == recordHandshake && d.config != nil:
		return d.handshake(c)
	case d.mode == TLSRequire:
		refusePlain(c)
		return nil
	}
	c.handOver(deadline)
	return c
}

func (d *door) handshake(c *conn) net.Conn {
	secure := tls.Server(c, d.config)
	if err := secure.HandshakeContext(context.Background()); err != nil { // the deadline ends it
		d.log.Debug("TLS handshake failed", "client", c.RemoteAddr().String(), "error", err)
		return nil
	}
	c.handOver(time.Now().Add(d.timeout))
	if secure.ConnectionState().NegotiatedProtocol == "h2" {
		return secure
	}
	return newSecureConn(secure)
}

// refusePlain tells a client of plain HTTP why nothing will come of it.
func refusePlain(c *conn) {
	body := wire.MalformedRequest("This server speaks TLS only: use https.")
	_ = c.SetDeadline(time.Now().Add(refusalTime))
	_, _ = fmt.Fprintf(c.TCPConn, "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		len(body), body)
	_ = c.CloseWrite()
	_, _ = io.CopyN(io.Discard, c.TCPConn, refusalBytes)
}
