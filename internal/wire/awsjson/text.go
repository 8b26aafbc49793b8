package awsjson

import (
	"unicode/utf8"

	"millrace/internal/wire/shape"
)

const hexDigits = "0123456789abcdef"

// plain says which bytes stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendString appends a JSON string. Bytes that are not UTF-8 become U+FFFD;
// nothing is escaped but what has to be.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\ufffd"...)
				start = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, c)
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// stringSize is the length of what appendString appends.
func stringSize(s string) int {
	n := len(s) + 2
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, w := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && w == 1 {
				n += 2
			}
			i += w
			continue
		}
		switch c {
		case '"', '\\', '\n', '\r', '\t':
			n++
		default:
			n += 5
		}
		i++
	}
	return n
}

// Codes of errors whose text travels as Message.
const serializationException = "SerializationException"

// MarshalError appends the JSON of an error: __type, and the message unless it
// is empty. The text of a SerializationException travels as Message, all others
// as message.
func MarshalError(dst []byte, code, message string) []byte {
	dst = append(dst, `{"__type":`...)
	dst = appendString(dst, code)
	if message != "" {
		name := `,"message":`
		if code == serializationException {
			name = `,"Message":`
		}
		dst = append(dst, name...)
		dst = appendString(dst, message)
	}
	return append(dst, '}')
}

// UnmarshalError reads the code and the message of an error's body, for
// clients: __type or else code, without what stands before # and after :, and
// message in either spelling. What is not there is empty; a body that is not
// JSON gives nothing.
func UnmarshalError(body []byte) (code, message string) {
	var d decoder
	d.reset(body, MaxInputEntries)
	if d.peek() != '{' || !d.BeginStruct() {
		return "", ""
	}
	var other string
	for {
		name, ok := d.Member()
		if !ok {
			break
		}
		if d.peek() != '"' {
			d.Skip()
			continue
		}
		switch name {
		case "__type":
			code, _ = d.String()
		case "code":
			other, _ = d.String()
		case "message", "Message":
			message, _ = d.String()
		default:
			d.Skip()
		}
	}
	if d.err != nil {
		return "", ""
	}
	return shape.ErrorCode(code, other), message
}
