package awscbor

import (
	"encoding/binary"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// encodeBuffer is how many bytes Encode gathers before it writes.
	encodeBuffer = 64 << 10
	// encodeSlack is what an encoder's buffer may hold above encodeBuffer
	// without being made larger: the rest of a small structure.
	encodeSlack = 4 << 10
	// directBlob and larger is written out of its own memory by Encode.
	directBlob = 16 << 10
)

// Initial bytes: the major type in the upper three bits, and what else of them
// is used as a whole.
const (
	majorUint  = 0x00
	majorNeg   = 0x20
	majorBytes = 0x40
	majorText  = 0x60
	majorArray = 0x80
	majorMap   = 0xa0
	majorTag   = 0xc0
	majorOther = 0xe0

	openArray = 0x9f
	openMap   = 0xbf
	breakByte = 0xff

	simpleFalse     = 0xf4
	simpleTrue      = 0xf5
	simpleNull      = 0xf6
	simpleUndefined = 0xf7

	tagTime = 0xc1
)

// encoder is the shape.Encoder of CBOR. It appends to buf; where w is set, buf
// is written out whenever it holds encodeBuffer bytes.
type encoder struct {
	buf []byte
	w   io.Writer
	err error
}

func (e *encoder) flush() {
	if e.err == nil && len(e.buf) > 0 {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

// room writes the buffer out where it is full.
func (e *encoder) room() {
	if e.w != nil && len(e.buf) >= encodeBuffer {
		e.flush()
	}
}

func (e *encoder) open(c byte) {
	e.room()
	e.buf = append(e.buf, c)
}

func (e *encoder) BeginStruct()  { e.open(openMap) }
func (e *encoder) EndStruct()    { e.buf = append(e.buf, breakByte) }
func (e *encoder) BeginMap(int)  { e.open(openMap) }
func (e *encoder) EndMap()       { e.buf = append(e.buf, breakByte) }
func (e *encoder) BeginList(int) { e.open(openArray) }
func (e *encoder) EndList()      { e.buf = append(e.buf, breakByte) }

func (e *encoder) Key(name string) {
	e.buf = appendHead(e.buf, majorText, uint64(len(name)))
	e.buf = append(e.buf, name...)
}

func (e *encoder) MapKey(key string) { e.String(key) }

func (e *encoder) String(s string) {
	e.room()
	e.buf = appendString(e.buf, s)
}

func (e *encoder) Int(n int64) { e.buf = appendInt(e.buf, n) }

func (e *encoder) Bool(b bool) {
	if b {
		e.buf = append(e.buf, simpleTrue)
	} else {
		e.buf = append(e.buf, simpleFalse)
	}
}

func (e *encoder) Time(t time.Time) {
	e.buf = append(e.buf, tagTime)
	e.buf = appendInt(e.buf, t.UnixMilli())
}

func (e *encoder) Blob(b []byte) {
	e.buf = appendHead(e.buf, majorBytes, uint64(len(b)))
	if e.w == nil || len(b) < directBlob {
		e.buf = append(e.buf, b...)
		e.room()
		return
	}
	e.flush()
	for len(b) > 0 && e.err == nil {
		piece := b[:min(len(b), encodeBuffer)]
		_, e.err = e.w.Write(piece)
		b = b[len(piece):]
	}
}

// appendHead appends the shortest head of an item.
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

func appendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return appendHead(dst, majorNeg, uint64(^n))
	}
	return appendHead(dst, majorUint, uint64(n))
}

// appendString appends a text. Bytes that are not UTF-8 become U+FFFD each.
func appendString(dst []byte, s string) []byte {
	bad := badBytes(s)
	if bad == 0 {
		dst = appendHead(dst, majorText, uint64(len(s)))
		return append(dst, s...)
	}
	dst = appendHead(dst, majorText, uint64(len(s)+2*bad))
	for _, r := range s {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// badBytes counts the bytes of s that are not UTF-8.
func badBytes(s string) (n int) {
	if utf8.ValidString(s) {
		return 0
	}
	// U+FFFD itself has three bytes in s; a bad byte has one.
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			n++
		}
	}
	return n
}
