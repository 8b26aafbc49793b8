package awsjson

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// classOf names what a scalar that begins with c is to the service.
func classOf(c byte) string {
	switch c {
	case 't', 'f':
		return shape.ClassBoolean
	case '"':
		return shape.ClassString
	}
	return shape.ClassNumber
}

// wrong says that a value has the wrong type.
func (d *decoder) wrong(message string) {
	if d.err == nil {
		d.err = &types.SerializationException{Message: message}
	}
}

// mismatch says that a value that begins with c stands where it must not;
// scalar gives the text if it is a scalar.
func (d *decoder) mismatch(c byte, scalar func() string) {
	switch {
	case c == '{':
		d.wrong(shape.StructureMessage)
	case c == '[':
		d.wrong(shape.ListMessage)
	case c == 't', c == 'f', c == '"', startsNumber(c):
		d.wrong(scalar())
	default:
		d.fail()
	}
}

// boolOfText takes the words that the service takes for a boolean.
func (d *decoder) boolOfText() (b, ok bool) {
	text, ok := d.text()
	if !ok {
		return false, false
	}
	b, refusal := shape.BoolOfWord(string(text))
	if refusal != "" {
		d.wrong(refusal)
		return false, false
	}
	return b, true
}

// boolOfNumber refuses whole numbers; the service lets those with a fraction
// pass, which then are true unless zero.
func (d *decoder) boolOfNumber() (b, ok bool) {
	text, whole := d.number()
	if text == nil {
		return false, false
	}
	if whole {
		d.wrong(shape.ClassNumber + " can not be converted to an Boolean")
		return false, false
	}
	return strings.Trim(mantissa(view(text)), "-0.") != "", true
}

func mantissa(number string) string {
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		return number[:i]
	}
	return number
}

// blobMessage says what is wrong with a base64 text that did not decode.
func blobMessage(s string) string {
	prefix := shape.Echo(s) + " can not be converted to a Blob: "
	units := len(s)
	for _, r := range s {
		if r >= 0x80 {
			units = len(utf16.Encode([]rune(s)))
			break
		}
	}
	if units%4 != 0 {
		return fmt.Sprintf("%sBase64 encoded length is expected a multiple of 4 bytes but found: %d", prefix, units)
	}
	pad := len(s) - len(strings.TrimRight(s, "="))
	for _, r := range s[:len(s)-pad] {
		if !isBase64(r) {
			return prefix + "Invalid Base64 character: '" + string(r) + "'"
		}
	}
	return prefix + "Invalid last non-pad Base64 character dectected"
}

func isBase64(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '/'
}
