package awsjson

import (
	"bytes"
	"encoding/base64"
	"strings"
	"time"

	"millrace/kinesis/types"
)

// maxScratch is how large a scratch buffer stays in the pool of decoders.
const maxScratch = 64 << 10

// decoder is the shape.Decoder of JSON. The first error stays.
type decoder struct {
	body    []byte
	pos     int
	depth   int
	first   bool // no element of the level has been read
	entries int  // how many more elements may be kept
	err     *types.SerializationException
	key     []byte // the name of the member, where it had escapes
	scratch []byte
}

func (d *decoder) reset(body []byte, entries int) {
	key, scratch := d.key[:0], d.scratch[:0]
	if cap(key)+cap(scratch) > maxScratch {
		key, scratch = nil, nil
	}
	*d = decoder{body: body, entries: entries, key: key, scratch: scratch}
}

// fail says that the body is not JSON, or deeper than allowed.
func (d *decoder) fail() {
	if d.err == nil || d.err.Message != "" {
		d.err = &types.SerializationException{}
	}
}

// null steps over null; false where something else stands, or after an error.
func (d *decoder) null() bool { return d.peek() == 'n' && d.word("null") }

func (d *decoder) BeginStruct() bool { return d.begin('{', "Expected null") }

func (d *decoder) BeginMap() bool { return d.begin('{', "Expected map or null") }

func (d *decoder) BeginList() bool { return d.begin('[', "Expected list or null") }

// begin steps over the opening bracket; other is the text for scalars.
func (d *decoder) begin(open byte, other string) bool {
	if d.err != nil {
		return false
	}
	c := d.peek()
	if c == open {
		return d.enter()
	}
	if c == 'n' {
		d.word("null")
		return false
	}
	d.mismatch(c, func() string { return other })
	return false
}

func (d *decoder) Member() (name string, ok bool) {
	if !d.next('}') {
		return "", false
	}
	if d.peek() != '"' {
		d.fail()
		return "", false
	}
	text, ok := d.text()
	if !ok {
		return "", false
	}
	if len(d.scratch) > 0 && len(text) > 0 && &text[0] == &d.scratch[0] {
		d.key = append(d.key[:0], text...)
		text = d.key
	}
	if d.peek() != ':' {
		d.fail()
		return "", false
	}
	d.pos++
	return view(text), true
}

func (d *decoder) Element() bool {
	for d.next(']') {
		if d.peek() != 'n' {
			return true
		}
		d.word("null")
	}
	return false
}

func (d *decoder) Entry() (key string, ok bool) {
	name, ok := d.Member()
	if !ok {
		return "", false
	}
	return strings.Clone(name), true
}

func (d *decoder) Keep() bool {
	d.entries--
	return d.entries >= 0
}

func (d *decoder) String() (s string, ok bool) {
	if d.err != nil || d.null() {
		return "", false
	}
	if c := d.peek(); c != '"' {
		d.mismatch(c, func() string { return classOf(c) + " can not be converted to an String" })
		return "", false
	}
	text, ok := d.text()
	return string(text), ok
}

func (d *decoder) Blob() []byte {
	if d.err != nil || d.null() {
		return nil
	}
	if c := d.peek(); c != '"' {
		d.mismatch(c, func() string { return classOf(c) + " can not be converted to a Blob" })
		return nil
	}
	if blob, ok := d.plainBlob(); ok {
		return blob
	}
	text, ok := d.text()
	if !ok {
		return nil
	}
	blob := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, ok := decodeBase64(blob, text)
	if !ok {
		d.wrong(blobMessage(string(text)))
		return nil
	}
	return blob[:n]
}

// plainBlob reads a blob whose text has no escapes; ok is false, and nothing is
// read, where it has, or is no base64.
func (d *decoder) plainBlob() (blob []byte, ok bool) {
	rest := d.body[d.pos+1:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 || end%4 != 0 {
		return nil, false
	}
	blob = make([]byte, base64.StdEncoding.DecodedLen(end))
	n, ok := decodeBase64(blob, rest[:end])
	if ok {
		d.pos += end + 2
	}
	return blob[:n], ok
}

func (d *decoder) Bool() (b, ok bool) {
	if d.err != nil || d.null() {
		return false, false
	}
	switch c := d.peek(); c {
	case 't':
		return true, d.word("true")
	case 'f':
		return false, d.word("false")
	case '"':
		return d.boolOfText()
	case '{', '[':
		d.mismatch(c, nil)
		return false, false
	default:
		return d.boolOfNumber()
	}
}

func (d *decoder) Int32() (n int32, ok bool) {
	v, ok := d.integer("Integer", -1<<31, 1<<31-1)
	return int32(v), ok
}

func (d *decoder) Int64() (n int64, ok bool) {
	return d.integer("Long", -1<<63, 1<<63-1)
}

func (d *decoder) integer(class string, low, high int64) (n int64, ok bool) {
	if d.err != nil || d.null() {
		return 0, false
	}
	c := d.peek()
	if !startsNumber(c) {
		d.mismatch(c, func() string { return classOf(c) + " can not be converted to an " + class })
		return 0, false
	}
	text, whole := d.number()
	if text == nil {
		return 0, false
	}
	return clampInteger(text, whole, low, high), true
}

func (d *decoder) Time() (t time.Time, ok bool) {
	if d.err != nil || d.null() {
		return time.Time{}, false
	}
	c := d.peek()
	if !startsNumber(c) {
		d.mismatch(c, func() string { return classOf(c) + " can not be converted to milliseconds since epoch" })
		return time.Time{}, false
	}
	text, whole := d.number()
	if text == nil {
		return time.Time{}, false
	}
	return time.UnixMilli(epochMillis(text, whole)).UTC(), true
}

func startsNumber(c byte) bool { return c == '-' || c >= '0' && c <= '9' }
