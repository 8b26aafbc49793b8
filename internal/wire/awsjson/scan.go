package awsjson

import (
	"unicode/utf8"
	"unsafe"
)

// peek passes over white space and returns the next byte, 0 at the end. A zero
// byte in the body counts as an error where it stands, so 0 is unambiguous.
func (d *decoder) peek() byte {
	for d.pos < len(d.body) {
		switch c := d.body[d.pos]; c {
		case ' ', '\t', '\n', '\r':
			d.pos++
		case 0:
			d.fail()
			return 1
		default:
			return c
		}
	}
	return 0
}

// Skip passes over one value of any kind, which has to be JSON.
func (d *decoder) Skip() {
	if d.err != nil {
		return
	}
	switch c := d.peek(); c {
	case '{':
		d.skipObject()
	case '[':
		d.skipArray()
	case '"':
		d.text()
	case 't':
		d.word("true")
	case 'f':
		d.word("false")
	case 'n':
		d.word("null")
	default:
		d.number()
	}
}

func (d *decoder) skipObject() {
	if !d.enter() {
		return
	}
	for {
		if _, ok := d.Member(); !ok {
			return
		}
		d.Skip()
	}
}

func (d *decoder) skipArray() {
	if !d.enter() {
		return
	}
	for d.next(']') {
		d.Skip()
	}
}

// enter steps over an opening bracket.
func (d *decoder) enter() bool {
	if d.depth == MaxDepth {
		d.fail()
		return false
	}
	d.depth++
	d.pos++
	d.first = true
	return true
}

// next moves to the next element or member of the level; false after having
// stepped over its end.
func (d *decoder) next(end byte) bool {
	if d.err != nil {
		return false
	}
	c := d.peek()
	first := d.first
	d.first = false
	if c == end {
		d.pos++
		d.depth--
		return false
	}
	if first {
		return true
	}
	if c != ',' {
		d.fail()
		return false
	}
	d.pos++
	return true
}

// word steps over a literal.
func (d *decoder) word(w string) bool {
	if len(d.body)-d.pos < len(w) || string(d.body[d.pos:d.pos+len(w)]) != w {
		d.fail()
		return false
	}
	d.pos += len(w)
	return true
}

// number steps over a number; integer says that it has no fraction and no
// exponent. The text holds as long as the body.
func (d *decoder) number() (text []byte, integer bool) {
	b, start := d.body, d.pos
	i := start
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case digitsFrom(b, i) > i:
		i = digitsFrom(b, i)
	default:
		d.fail()
		return nil, false
	}
	integer = true
	if i < len(b) && b[i] == '.' {
		integer = false
		end := digitsFrom(b, i+1)
		if end == i+1 {
			d.fail()
			return nil, false
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		integer = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := digitsFrom(b, i)
		if end == i {
			d.fail()
			return nil, false
		}
		i = end
	}
	d.pos = i
	return b[start:i], integer
}

func digitsFrom(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

// text steps over a string and returns what it stands for, as a part of the
// body or, where it has escapes, of the scratch buffer: it holds until the next
// call of text.
func (d *decoder) text() (s []byte, ok bool) {
	b, start := d.body, d.pos+1
	i := start
	for i < len(b) && plain[b[i]] {
		i++
	}
	if i < len(b) && b[i] == '"' {
		d.pos = i + 1
		return b[start:i], true
	}
	return d.hardText(start, i)
}

// hardText is text for strings with escapes or with more than ASCII; those
// bytes from start to i are plain.
func (d *decoder) hardText(start, i int) (s []byte, ok bool) {
	b := d.body
	d.scratch = append(d.scratch[:0], b[start:i]...)
	for i < len(b) {
		c := b[i]
		switch {
		case c == '"':
			d.pos = i + 1
			return d.scratch, true
		case c == '\\':
			if i = d.escape(i); i < 0 {
				d.fail()
				return nil, false
			}
		case c < 0x20:
			d.fail()
			return nil, false
		case c < utf8.RuneSelf:
			end := i + 1
			for end < len(b) && plain[b[end]] {
				end++
			}
			d.scratch = append(d.scratch, b[i:end]...)
			i = end
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				d.fail()
				return nil, false
			}
			d.scratch = append(d.scratch, b[i:i+n]...)
			i += n
		}
	}
	d.fail()
	return nil, false
}

// escape appends what the escape at i stands for and returns where it ends; -1
// if it is none. Half a surrogate pair stands for U+FFFD.
func (d *decoder) escape(i int) int {
	b := d.body
	if i+1 >= len(b) {
		return -1
	}
	c := b[i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return d.unicodeEscape(i)
	default:
		return -1
	}
	d.scratch = append(d.scratch, c)
	return i + 2
}

func (d *decoder) unicodeEscape(i int) int {
	r := hex4(d.body, i+2)
	if r < 0 {
		return -1
	}
	i += 6
	if r >= 0xd800 && r < 0xe000 {
		low := rune(-1)
		if r < 0xdc00 && i+1 < len(d.body) && d.body[i] == '\\' && d.body[i+1] == 'u' {
			low = hex4(d.body, i+2)
		}
		if low >= 0xdc00 && low < 0xe000 {
			r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
			i += 6
		} else {
			r = utf8.RuneError
		}
	}
	d.scratch = utf8.AppendRune(d.scratch, r)
	return i
}

// hex4 reads four hexadecimal digits; -1 if they are not there.
func hex4(b []byte, i int) rune {
	if i+4 > len(b) {
		return -1
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// view is b as a string without a copy; it changes when b does.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
