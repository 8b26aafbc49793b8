package awscbor

import (
	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// classBytes is what a type error calls a byte string, which JSON does not
// have: the class that the service names for a blob in other places.
const classBytes = "class java.nio.HeapByteBuffer"

// classOf names what a scalar is to the service; empty for other kinds.
func classOf(k kind) string {
	switch k {
	case kindBool:
		return shape.ClassBoolean
	case kindText:
		return shape.ClassString
	case kindBytes:
		return classBytes
	case kindUint, kindNeg, kindBignum, kindFloat:
		return shape.ClassNumber
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
		d.wrong(shape.StructureMessage)
	case kindArray:
		d.wrong(shape.ListMessage)
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
	return shape.ErrorCode(code, other), message
}
