package awscbor

import (
	"time"

	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// longestName is the room for the name of a member that comes in chunks; the
// model has no longer one.
const longestName = 64

// decoder is the shape.Decoder of CBOR. The first error stays.
type decoder struct {
	body    []byte
	pos     int
	depth   int
	tag     uint64 // the tag before the item that kind has seen last
	entries int    // how many more elements may be kept
	err     *types.SerializationException
	left    [MaxDepth]int // entries left of each level, or unknownLength
	name    [longestName]byte
}

// reset leaves alone what is written before it is read.
func (d *decoder) reset(body []byte, entries int) {
	d.body, d.pos, d.depth, d.tag, d.entries, d.err = body, 0, 0, 0, entries, nil
}

// fail says that the body is not CBOR, or deeper than allowed.
func (d *decoder) fail() {
	if !d.malformed() {
		d.err = &types.SerializationException{}
	}
}

func (d *decoder) malformed() bool { return d.err != nil && d.err.Message == "" }

func (d *decoder) BeginStruct() bool { return d.begin(kindMap, 2, "Expected null") }

func (d *decoder) BeginMap() bool { return d.begin(kindMap, 2, "Expected map or null") }

func (d *decoder) BeginList() bool { return d.begin(kindArray, 1, "Expected list or null") }

// begin enters a list or map; other is the text for scalars.
func (d *decoder) begin(want kind, unit int, other string) bool {
	k := d.value()
	switch k {
	case want:
		return d.enter(unit)
	case kindNone:
	default:
		d.mismatch(k, other)
	}
	return false
}

// value is the kind of the value that stands next; kindNone, having stepped
// over it, for an absent one.
func (d *decoder) value() kind {
	if d.err != nil {
		return kindNone
	}
	k := d.kind()
	if k == kindNull {
		d.pos++
		return kindNone
	}
	return k
}

// Member passes over members whose key is no text: no member has such a name.
func (d *decoder) Member() (name string, ok bool) {
	for d.next() {
		if d.kind() == kindText {
			return d.memberName()
		}
		d.Skip()
		d.Skip()
	}
	return "", false
}

// memberName reads a key. One in chunks that is longer than all names of the
// model gives the empty name, which is unknown as well.
func (d *decoder) memberName() (name string, ok bool) {
	if !d.inChunks() {
		b, _, ok := d.stringOf(majorText)
		return view(b), ok
	}
	pos := d.pos
	n, ok := d.chunks(majorText)
	if !ok || n > longestName {
		return "", ok
	}
	d.join(d.name[:n], pos, majorText)
	return view(d.name[:n]), true
}

func (d *decoder) Element() bool {
	for d.next() {
		if d.value() != kindNone {
			return true
		}
	}
	return false
}

func (d *decoder) Entry() (key string, ok bool) {
	if !d.next() {
		return "", false
	}
	if d.kind() != kindText {
		d.fail()
		return "", false
	}
	return d.text()
}

func (d *decoder) Keep() bool {
	d.entries--
	return d.entries >= 0
}

// text reads a text into memory of its own.
func (d *decoder) text() (s string, ok bool) {
	b, copied, ok := d.stringOf(majorText)
	if copied {
		return view(b), ok
	}
	return string(b), ok
}

func (d *decoder) String() (s string, ok bool) {
	switch k := d.value(); k {
	case kindNone:
		return "", false
	case kindText:
		return d.text()
	default:
		d.mismatch(k, classOf(k)+" can not be converted to an String")
		return "", false
	}
}

func (d *decoder) Blob() []byte {
	k := d.value()
	switch k {
	case kindNone:
		return nil
	case kindBytes:
	default:
		d.mismatch(k, classOf(k)+" can not be converted to a Blob")
		return nil
	}
	b, copied, ok := d.stringOf(majorBytes)
	if !ok {
		return nil
	}
	if copied {
		return b
	}
	return append(make([]byte, 0, len(b)), b...)
}

func (d *decoder) Bool() (b, ok bool) {
	switch k := d.value(); k {
	case kindNone:
		return false, false
	case kindBool:
		d.pos++
		return d.body[d.pos-1] == simpleTrue, true
	case kindText:
		return d.boolOfText()
	case kindFloat:
		// The service refuses whole numbers and lets those with a fraction pass.
		return d.float() != 0, true
	default:
		d.mismatch(k, classOf(k)+" can not be converted to an Boolean")
		return false, false
	}
}

// boolOfText takes the words that the service takes for a boolean.
func (d *decoder) boolOfText() (b, ok bool) {
	text, _, ok := d.stringOf(majorText)
	if !ok {
		return false, false
	}
	b, refusal := shape.BoolOfWord(view(text))
	if refusal != "" {
		d.wrong(refusal)
		return false, false
	}
	return b, true
}

func (d *decoder) Int32() (n int32, ok bool) {
	v, ok := d.integer("Integer", -1<<31, 1<<31-1)
	return int32(v), ok
}

func (d *decoder) Int64() (n int64, ok bool) {
	return d.integer("Long", -1<<63, 1<<63-1)
}

func (d *decoder) integer(class string, low, high int64) (n int64, ok bool) {
	switch k := d.value(); k {
	case kindNone:
		return 0, false
	case kindUint, kindNeg, kindBignum, kindFloat:
		return d.number(k, low, high)
	default:
		d.mismatch(k, classOf(k)+" can not be converted to an "+class)
		return 0, false
	}
}

// Time takes milliseconds, tagged or not. A fraction of one is cut off.
func (d *decoder) Time() (t time.Time, ok bool) {
	switch k := d.value(); k {
	case kindNone:
		return time.Time{}, false
	case kindUint, kindNeg, kindBignum, kindFloat:
		ms, ok := d.number(k, firstMillis, lastMillis)
		return time.UnixMilli(ms).UTC(), ok
	default:
		d.mismatch(k, classOf(k)+" can not be converted to milliseconds since epoch")
		return time.Time{}, false
	}
}
