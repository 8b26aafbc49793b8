package awscbor

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
	"unsafe"
)

// kind is what an item is to a shape.
type kind uint8

const (
	kindNone   kind = iota // there is none, or an error
	kindUint               // integer from zero on
	kindNeg                // integer below zero
	kindBignum             // integer in a byte string, tags 2 and 3
	kindFloat
	kindBytes
	kindText
	kindArray
	kindMap
	kindBool
	kindNull
	kindSimple // a simple value without meaning here
)

// Tags that change what stands behind them.
const (
	tagBignum         = 2
	tagNegativeBignum = 3
)

// kindOf gives the kind by the initial byte; breakByte and tags have none.
var kindOf = func() (t [256]kind) {
	majors := [...]kind{kindUint, kindNeg, kindBytes, kindText, kindArray, kindMap, kindNone, kindSimple}
	for c := range t {
		t[c] = majors[c>>5]
		switch info := c & 0x1f; {
		case info >= 28 && info <= 30, info == 31 && (c < majorBytes || c >= majorTag):
			t[c] = kindNone
		}
	}
	t[simpleFalse], t[simpleTrue] = kindBool, kindBool
	t[simpleNull], t[simpleUndefined] = kindNull, kindNull
	t[0xf9], t[0xfa], t[0xfb] = kindFloat, kindFloat, kindFloat
	return t
}()

// kind passes over tags and says what the item behind them is, without
// stepping over it. Where it says kindNone, it has failed.
func (d *decoder) kind() kind {
	if d.err != nil && d.err.Message == "" || d.pos >= len(d.body) {
		d.fail()
		return kindNone
	}
	c := d.body[d.pos]
	if c >= majorTag && c < majorOther {
		return d.tagged()
	}
	k := kindOf[c]
	if k == kindNone {
		d.fail()
	}
	d.tag = 0
	return k
}

// tagged is kind where a tag stands; of several the innermost counts.
func (d *decoder) tagged() kind {
	tag := uint64(0)
	for d.pos < len(d.body) && d.body[d.pos]&0xe0 == majorTag {
		n, ok := d.head()
		if !ok {
			return kindNone
		}
		tag = n
	}
	k := d.kind()
	d.tag = tag
	if k == kindBytes && (tag == tagBignum || tag == tagNegativeBignum) {
		return kindBignum
	}
	return k
}

// head steps over the head of an item of definite length and gives its argument.
func (d *decoder) head() (n uint64, ok bool) {
	b := d.body[d.pos:]
	if len(b) == 0 {
		d.fail()
		return 0, false
	}
	info := b[0] & 0x1f
	if info < 24 {
		d.pos++
		return uint64(info), true
	}
	size := 1 << (info - 24)
	if info > 27 || len(b) <= size {
		d.fail()
		return 0, false
	}
	d.pos += 1 + size
	switch b = b[1:]; info {
	case 24:
		return uint64(b[0]), true
	case 25:
		return uint64(binary.BigEndian.Uint16(b)), true
	case 26:
		return uint64(binary.BigEndian.Uint32(b)), true
	}
	return binary.BigEndian.Uint64(b), true
}

// float steps over a floating-point number of any width.
func (d *decoder) float() float64 {
	c := d.body[d.pos]
	n, _ := d.head()
	switch c {
	case 0xf9:
		return half(uint16(n))
	case 0xfa:
		return float64(math.Float32frombits(uint32(n)))
	}
	return math.Float64frombits(n)
}

// half is the value of a number of 16 bits.
func half(n uint16) float64 {
	exponent, mantissa := int(n>>10&0x1f), float64(n&0x3ff)
	v := 0.0
	switch exponent {
	case 0:
		v = math.Ldexp(mantissa, -24)
	case 31:
		v = math.Inf(1)
		if mantissa != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(mantissa+1024, exponent-25)
	}
	if n&0x8000 != 0 {
		return -v
	}
	return v
}

// counted steps over a text or byte string of definite length, as a part of the body.
func (d *decoder) counted() (b []byte, ok bool) {
	n, ok := d.head()
	if !ok {
		return nil, false
	}
	if n > uint64(len(d.body)-d.pos) {
		d.fail()
		return nil, false
	}
	start := d.pos
	d.pos += int(n)
	return d.body[start:d.pos], true
}

// inChunks says whether the text or byte string that stands next has no
// definite length.
func (d *decoder) inChunks() bool { return d.body[d.pos]&0x1f == 31 }

// chunk steps over one chunk of a string of the major type; more is false
// after the last one, and after an error.
func (d *decoder) chunk(major byte) (b []byte, more bool) {
	if d.pos >= len(d.body) {
		d.fail()
		return nil, false
	}
	c := d.body[d.pos]
	if c == breakByte {
		d.pos++
		return nil, false
	}
	if c&0xe0 != major {
		d.fail()
		return nil, false
	}
	b, ok := d.counted()
	if ok && major == majorText && !utf8.Valid(b) {
		d.fail()
		return nil, false
	}
	return b, ok
}

// chunks steps over a string in chunks and says how long it is as a whole.
func (d *decoder) chunks(major byte) (length int, ok bool) {
	d.pos++
	for {
		b, more := d.chunk(major)
		if !more {
			return length, !d.malformed()
		}
		length += len(b)
	}
}

// join copies the string in chunks that starts at pos, which chunks has passed
// over, into dst.
func (d *decoder) join(dst []byte, pos int, major byte) {
	end := d.pos
	d.pos = pos + 1
	for {
		b, more := d.chunk(major)
		if !more {
			break
		}
		dst = dst[copy(dst, b):]
	}
	d.pos = end
}

// stringOf reads a text or byte string. Of one in chunks it makes a copy, of
// the size that the chunks really have.
func (d *decoder) stringOf(major byte) (b []byte, copied, ok bool) {
	if !d.inChunks() {
		b, ok = d.counted()
		if ok && major == majorText && !utf8.Valid(b) {
			d.fail()
			return nil, false, false
		}
		return b, false, ok
	}
	pos := d.pos
	n, ok := d.chunks(major)
	if !ok {
		return nil, false, false
	}
	b = make([]byte, n)
	d.join(b, pos, major)
	return b, true, true
}

// view is b as a string without a copy; it changes when b does.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
