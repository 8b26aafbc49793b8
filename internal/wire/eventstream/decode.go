package eventstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"slices"
)

const (
	// firstBuffer is what a Decoder begins with. Its buffer doubles as bytes
	// arrive, whatever length a message claims.
	firstBuffer = 16 << 10
	// keptBuffer is the largest buffer that a Decoder keeps for the next message.
	keptBuffer = 2 << 20
)

// Message is one message of a stream. It is good until the next call of the
// Decoder that gave it.
type Message struct {
	// Payload is what comes after the headers.
	Payload []byte
	headers []byte // well-formed
}

// Headers gives the headers in their order.
func (m Message) Headers() iter.Seq[Header] {
	return func(yield func(Header) bool) {
		for rest := m.headers; len(rest) > 0; {
			name, typ, value, n := header(rest)
			if !yield(Header{Name: string(name), Type: typ, Value: value}) {
				return
			}
			rest = rest[n:]
		}
	}
}

// Text gives the text of a header; ok is false if there is none with a text. Of
// several with the name the last one counts, as in SDKs.
func (m Message) Text(name string) (text string, ok bool) {
	for rest := m.headers; len(rest) > 0; {
		key, typ, value, n := header(rest)
		if string(key) == name {
			text, ok = "", typ == Text
			if ok {
				text = string(value)
			}
		}
		rest = rest[n:]
	}
	return text, ok
}

// Decoder reads messages from a stream.
type Decoder struct {
	r   io.Reader
	buf []byte
}

// NewDecoder reads from r, and never beyond the message it returns.
func NewDecoder(r io.Reader) *Decoder { return &Decoder{r: r} }

// Next reads the next message; io.EOF says that the stream has ended after the
// one before. After any error the stream is of no use.
func (d *Decoder) Next() (Message, error) {
	if cap(d.buf) > keptBuffer {
		d.buf = nil
	}
	d.buf = d.buf[:0]
	if err := d.fill(preludeBytes); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) && len(d.buf) == 0 {
			err = io.EOF
		}
		return Message{}, err
	}
	total, _, err := prelude(d.buf)
	if err != nil {
		return Message{}, err
	}
	if err := d.fill(total); err != nil {
		return Message{}, err
	}
	m, _, err := Parse(d.buf)
	return m, err
}

// fill reads on until the buffer holds n bytes.
func (d *Decoder) fill(n int) error {
	for len(d.buf) < n {
		if len(d.buf) == cap(d.buf) {
			d.buf = slices.Grow(d.buf, min(max(cap(d.buf), firstBuffer), n-len(d.buf)))
		}
		have := len(d.buf)
		got, err := io.ReadAtLeast(d.r, d.buf[have:min(cap(d.buf), n)], 1)
		d.buf = d.buf[:have+got]
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Parse reads the message that b begins with and says how long it is. The
// message shares memory with b. Where b ends too early, the error is
// io.ErrUnexpectedEOF.
func Parse(b []byte) (m Message, n int, err error) {
	if len(b) < preludeBytes {
		return Message{}, 0, io.ErrUnexpectedEOF
	}
	n, headers, err := prelude(b)
	if err != nil {
		return Message{}, 0, err
	}
	if len(b) < n {
		return Message{}, 0, io.ErrUnexpectedEOF
	}
	end := n - crcBytes
	if got, want := crc32.ChecksumIEEE(b[:end]), binary.BigEndian.Uint32(b[end:]); got != want {
		return Message{}, 0, fmt.Errorf("%w: %08x of the message, which says %08x", ErrChecksum, got, want)
	}
	m = Message{headers: b[preludeBytes : preludeBytes+headers], Payload: b[preludeBytes+headers : end : end]}
	for rest := m.headers; len(rest) > 0; {
		_, _, _, size := header(rest)
		if size == 0 {
			return Message{}, 0, fmt.Errorf("%w: header at byte %d", ErrMalformed, preludeBytes+headers-len(rest))
		}
		rest = rest[size:]
	}
	return m, n, nil
}

// prelude checks the first twelve bytes of a message, and gives its length and
// that of its headers.
func prelude(b []byte) (total, headers int, err error) {
	if got, want := crc32.ChecksumIEEE(b[:8]), binary.BigEndian.Uint32(b[8:]); got != want {
		return 0, 0, fmt.Errorf("%w: %08x of the prelude, which says %08x", ErrChecksum, got, want)
	}
	n, h := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	switch {
	case n < overhead+h:
		return 0, 0, fmt.Errorf("%w: %d bytes with headers of %d", ErrMalformed, n, h)
	case h > MaxHeadersBytes:
		return 0, 0, fmt.Errorf("%w: headers of %d bytes", ErrTooLarge, h)
	case n-h-overhead > MaxPayloadBytes:
		return 0, 0, fmt.Errorf("%w: payload of %d bytes", ErrTooLarge, n-h-overhead)
	}
	return int(n), int(h), nil
}

// header takes the first header of b apart; n is its size, 0 if it is malformed.
func header(b []byte) (name []byte, typ Type, value []byte, n int) {
	at := 1 + int(b[0]) // of the type
	if len(b) <= at || int(b[at]) >= len(valueBytes) {
		return nil, 0, nil, 0
	}
	name, typ = b[1:at], Type(b[at])
	at++
	size := valueBytes[typ]
	if size < 0 {
		if len(b) < at+2 {
			return nil, 0, nil, 0
		}
		size = int(binary.BigEndian.Uint16(b[at:]))
		at += 2
	}
	if len(b) < at+size {
		return nil, 0, nil, 0
	}
	return name, typ, b[at : at+size : at+size], at + size
}
