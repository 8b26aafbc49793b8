package awscbor

import (
	"strings"
	"unicode/utf8"

	"millrace/kinesis/types"
)

// Texts of type errors, as the service gives them for JSON (observed; the
// spelling is its own). A byte string has no counterpart there: its class is
// the one that the service names for a blob in other places.
const (
	listMessage      = "Start of list found where not expected"
	structureMessage = "Start of structure or map found where not expected."

	classBoolean = "class java.lang.Boolean"
	classString  = "class java.lang.String"
	classNumber  = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
	classBytes   = "class java.nio.HeapByteBuffer"
)

// MaxEchoBytes is how much of a value a type error repeats; the service repeats
// all of it, and no value of a sensible size is cut.
const MaxEchoBytes = 64 << 10

// echo is a value as a type error repeats it.
func echo(s string) string {
	if len(s) <= MaxEchoBytes {
		return "'" + s + "'"
	}
	end := MaxEchoBytes
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return "'" + s[:end] + "...'"
}

// classOf names what a scalar is to the service; empty for other kinds.
func classOf(k kind) string {
	switch k {
	case kindBool:
		return classBoolean
	case kindText:
		return classString
	case kindBytes:
		return classBytes
	case kindUint, kindNeg, kindBignum, kindFloat:
		return classNumber
	}
	return ""
}

// wrong says that a value has the wrong type.
func (d *decoder) wrong(message string) {
	if d.err == nil {
		d.err = &types.SerializationException{Message: message}
	}
}

// mismatch says that a value stands where it must not; scalar is the text if it
// is a scalar. Simple values mean nothing to the service and make no text.
func (d *decoder) mismatch(k kind, scalar string) {
	switch k {
	case kindMap:
		d.wrong(structureMessage)
	case kindArray:
		d.wrong(listMessage)
	case kindSimple, kindNone:
		d.fail()
	default:
		d.wrong(scalar)
	}
}

// serializationException is the code of errors whose text travels as Message.
const serializationException = "SerializationException"

// MarshalError appends the CBOR of an error: __type, and the message unless it
// is empty. The text of a SerializationException travels as Message, all others
// as message.
func MarshalError(dst []byte, code, message string) []byte {
	dst = append(dst, openMap)
	dst = appendString(dst, "__type")
	dst = appendString(dst, code)
	if message != "" {
		name := "message"
		if code == serializationException {
			name = "Message"
		}
		dst = appendString(dst, name)
		dst = appendString(dst, message)
	}
	return append(dst, breakByte)
}

// UnmarshalError reads the code and the message of an error's body, for
// clients: __type or else code, without what stands before # and after :, and
// message in either spelling. What is not there is empty; a body that is not
// CBOR gives nothing.
func UnmarshalError(body []byte) (code, message string) {
	d := new(decoder)
	d.reset(body, MaxInputEntries)
	if d.kind() != kindMap || !d.BeginStruct() {
		return "", ""
	}
	var other string
	for {
		name, ok := d.Member()
		if !ok {
			break
		}
		if d.kind() != kindText {
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
	if code == "" {
		code = other
	}
	if _, after, ok := strings.Cut(code, "#"); ok {
		code = after
	}
	code, _, _ = strings.Cut(code, ":")
	return code, message
}
