package eventstream

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"unicode/utf8"
)

// mediaJSON is the type of the payload of an initial response.
const mediaJSON = "application/x-amz-json-1.1"

// BeginEvent appends the head of an event. The payload is appended by the
// caller, who then calls [End] with the length that dst had before:
//
//	start := len(dst)
//	dst = eventstream.BeginEvent(dst, "SubscribeToShardEvent", contentType)
//	dst = awsjson.Marshal(dst, event)
//	dst = eventstream.End(dst, start)
func BeginEvent(dst []byte, eventType, contentType string) []byte {
	return begin(dst, MessageEvent, HeaderEventType, eventType, HeaderContentType, contentType)
}

// BeginException appends the head of an exception; see [BeginEvent].
func BeginException(dst []byte, exceptionType, contentType string) []byte {
	return begin(dst, MessageException, HeaderExceptionType, exceptionType, HeaderContentType, contentType)
}

// End puts the lengths and checksums into the message that begins at start and
// whose payload reaches to the end of dst. A payload above MaxPayloadBytes is a
// bug of the caller, and panics.
func End(dst []byte, start int) []byte {
	message := dst[start:]
	headers := int(binary.BigEndian.Uint32(message[4:]))
	if payload := len(message) - preludeBytes - headers; payload < 0 || payload > MaxPayloadBytes {
		panic(fmt.Sprintf("eventstream: payload of %d bytes", payload))
	}
	binary.BigEndian.PutUint32(message, uint32(len(message)+crcBytes))
	binary.BigEndian.PutUint32(message[8:], crc32.ChecksumIEEE(message[:8]))
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(message))
}

// AppendInitialResponse appends the message that every stream begins with.
func AppendInitialResponse(dst []byte) []byte {
	return AppendEvent(dst, EventInitialResponse, mediaJSON, []byte("{}"))
}

// AppendEvent appends an event.
func AppendEvent(dst []byte, eventType, contentType string, payload []byte) []byte {
	start := len(dst)
	dst = BeginEvent(dst, eventType, contentType)
	return End(append(dst, payload...), start)
}

// AppendException appends an error of the model.
func AppendException(dst []byte, exceptionType, contentType string, payload []byte) []byte {
	start := len(dst)
	dst = BeginException(dst, exceptionType, contentType)
	return End(append(dst, payload...), start)
}

// AppendError appends an error that is not of the model.
func AppendError(dst []byte, code, message string) []byte {
	start := len(dst)
	return End(begin(dst, MessageError, HeaderErrorCode, code, HeaderErrorMessage, message), start)
}

// AppendMessage appends a message with any headers. Names above 255 bytes,
// values of the wrong size and headers or a payload above the bounds are bugs of
// the caller, and panic.
func AppendMessage(dst []byte, headers []Header, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, preludeBytes)...)
	for _, h := range headers {
		dst = appendHeader(dst, h)
	}
	dst = endHeaders(dst, start)
	return End(append(dst, payload...), start)
}

// begin appends room for the prelude and the headers that a message has; two
// of them differ.
func begin(dst []byte, messageType, name1, value1, name2, value2 string) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, preludeBytes)...)
	dst = appendText(dst, HeaderMessageType, messageType)
	dst = appendText(dst, name1, value1)
	dst = appendText(dst, name2, value2)
	return endHeaders(dst, start)
}

// endHeaders notes the length of the headers where End looks for it.
func endHeaders(dst []byte, start int) []byte {
	n := len(dst) - start - preludeBytes
	if n > MaxHeadersBytes {
		panic(fmt.Sprintf("eventstream: headers of %d bytes", n))
	}
	binary.BigEndian.PutUint32(dst[start+4:], uint32(n))
	return dst
}

// appendText appends a header with a text, which is cut where it is too long.
func appendText(dst []byte, name, value string) []byte {
	value = cut(value)
	dst = append(dst, byte(len(name)))
	dst = append(dst, name...)
	dst = append(dst, byte(Text))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}

func cut(s string) string {
	if len(s) <= MaxTextBytes {
		return s
	}
	end := MaxTextBytes
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func appendHeader(dst []byte, h Header) []byte {
	if len(h.Name) > 255 || int(h.Type) >= len(valueBytes) {
		panic(fmt.Sprintf("eventstream: header %.40q of type %d", h.Name, h.Type))
	}
	dst = append(dst, byte(len(h.Name)))
	dst = append(dst, h.Name...)
	dst = append(dst, byte(h.Type))
	switch want := valueBytes[h.Type]; {
	case want < 0 && len(h.Value) <= MaxTextBytes:
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(h.Value)))
	case want != len(h.Value):
		panic(fmt.Sprintf("eventstream: header %q with a value of %d bytes", h.Name, len(h.Value)))
	}
	return append(dst, h.Value...)
}
