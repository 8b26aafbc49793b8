package server

import (
	"bytes"
	"fmt"
	"io"

	"millrace/internal/wire"
)

// net/http answers what it cannot read as a request by itself, in plain text,
// with one Write past everything else. Some clients fail on an error that is
// not JSON, so that one Write is translated. Nothing of ours answers in plain
// text on the API port.
var (
	plainStart = []byte("HTTP/1.1 ")
	// The one answer of net/http's own that has no text: to an Expect header
	// that it does not know.
	plainExpectation = []byte("HTTP/1.1 417 ")
	plainHead        = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
)

// maxPlainError is longer than any such answer.
const maxPlainError = 512

// translatePlainError makes JSON of an answer of net/http's own; ok is false
// for any other bytes.
func translatePlainError(p []byte) (answer []byte, ok bool) {
	if len(p) > maxPlainError || !bytes.HasPrefix(p, plainStart) {
		return nil, false
	}
	status, text, ok := bytes.Cut(p, plainHead)
	if bytes.HasPrefix(p, plainExpectation) {
		status, _, ok = bytes.Cut(p, []byte("\r\n"))
		text = []byte("The Expect header of the request is not supported.")
	}
	if !ok {
		return nil, false
	}
	body := wire.MalformedRequest(string(text))
	return fmt.Appendf(nil, "%s\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		status, len(body), body), true
}

// Write is the connection's Write.
func (c *conn) Write(p []byte) (int, error) { return writeTranslated(c.TCPConn, p) }

// Write is the connection's Write.
func (c *secureConn) Write(p []byte) (int, error) { return writeTranslated(c.Conn, p) }

func writeTranslated(w io.Writer, p []byte) (int, error) {
	answer, ok := translatePlainError(p)
	if !ok {
		return w.Write(p)
	}
	if _, err := w.Write(answer); err != nil {
		return 0, err
	}
	return len(p), nil
}
