package awsjson

import (
	"io"
	"strconv"
	"time"
)

// encodeSlack is what an encoder's buffer may hold above encodeBuffer without
// being made larger: the rest of a small structure.
const encodeSlack = 4 << 10

// blobChunk is how much of a blob is encoded at a time when writing in pieces;
// a multiple of three, so that only the last piece has padding.
const blobChunk = 48 << 10

// encoder is the shape.Encoder of JSON. It appends to buf; where w is set, buf
// is written out whenever it holds encodeBuffer bytes.
type encoder struct {
	buf   []byte
	w     io.Writer
	err   error
	comma bool // the next key or value of this level needs a comma before it
}

func (e *encoder) flush() {
	if e.err == nil && len(e.buf) > 0 {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

func (e *encoder) sep() {
	if e.comma {
		e.buf = append(e.buf, ',')
	}
	e.comma = true
}

func (e *encoder) open(c byte) {
	if e.w != nil && len(e.buf) >= encodeBuffer {
		e.flush()
	}
	e.sep()
	e.buf = append(e.buf, c)
	e.comma = false
}

func (e *encoder) close(c byte) {
	e.buf = append(e.buf, c)
	e.comma = true
}

func (e *encoder) BeginStruct()  { e.open('{') }
func (e *encoder) EndStruct()    { e.close('}') }
func (e *encoder) BeginMap(int)  { e.open('{') }
func (e *encoder) EndMap()       { e.close('}') }
func (e *encoder) BeginList(int) { e.open('[') }
func (e *encoder) EndList()      { e.close(']') }

func (e *encoder) Key(name string) {
	if e.comma {
		e.buf = append(e.buf, ',')
	}
	e.comma = false
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '"', ':')
}

func (e *encoder) MapKey(key string) {
	e.sep()
	e.buf = appendString(e.buf, key)
	e.buf = append(e.buf, ':')
	e.comma = false
}

func (e *encoder) String(s string) {
	if e.w != nil && len(e.buf) >= encodeBuffer {
		e.flush()
	}
	e.sep()
	e.buf = appendString(e.buf, s)
}

func (e *encoder) Int(n int64) {
	e.sep()
	e.buf = strconv.AppendInt(e.buf, n, 10)
}

func (e *encoder) Bool(b bool) {
	e.sep()
	e.buf = strconv.AppendBool(e.buf, b)
}

func (e *encoder) Time(t time.Time) {
	e.sep()
	e.buf = appendTime(e.buf, t)
}

func (e *encoder) Blob(b []byte) {
	e.sep()
	e.buf = append(e.buf, '"')
	if e.w != nil {
		b = e.blobChunks(b)
	}
	e.buf = appendBase64(e.buf, b)
	e.buf = append(e.buf, '"')
}

// blobChunks writes what of b does not fit the buffer and returns the rest.
func (e *encoder) blobChunks(b []byte) []byte {
	for {
		room := (encodeBuffer + encodeSlack - 16 - len(e.buf)) / 4 * 3
		if len(b) <= room {
			return b
		}
		if room < blobChunk/4 {
			e.flush()
			continue
		}
		e.buf = appendBase64(e.buf, b[:room])
		b = b[room:]
		e.flush()
	}
}

// appendTime appends seconds since the epoch with up to three decimals.
func appendTime(dst []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if ms < 0 {
		dst = append(dst, '-')
		ms = -ms
	}
	dst = strconv.AppendInt(dst, ms/1000, 10)
	frac := ms % 1000
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+frac/100))
	if frac%100 != 0 {
		dst = append(dst, byte('0'+frac/10%10))
	}
	if frac%10 != 0 {
		dst = append(dst, byte('0'+frac%10))
	}
	return dst
}
