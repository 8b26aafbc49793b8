// Package eventstream is the framing of event streams
// (application/vnd.amazon.eventstream), in which SubscribeToShard answers.
//
//	 0        4         8       12            12+h      n-4      n
//	+--------+---------+-------+-------------+---------+--------+
//	| n      | h       | CRC32 | headers (h) | payload | CRC32  |
//	+--------+---------+-------+-------------+---------+--------+
//
// All numbers are big-endian; the CRCs are IEEE, the first of the eight bytes
// before it, the second of all bytes before it. A header is a byte with the
// length of its name, the name, a byte with its type, and its value; texts and
// byte strings have two bytes of length before them.
//
// A stream is one initial-response, then events, and at most one exception (an
// error of the model) or error (any other), which ends it.
//
// The front door writes streams and the client reads them. Writing keeps no
// state and allocates only to make its target larger. A [Decoder] belongs to
// one goroutine at a time.
package eventstream

import "errors"

// ContentType is the media type of a stream.
const ContentType = "application/vnd.amazon.eventstream"

// Bounds of one message; those of botocore.
const (
	// MaxHeadersBytes is how large all headers of a message may be.
	MaxHeadersBytes = 128 << 10
	// MaxPayloadBytes is how large a payload may be. A record of 10 MiB has less
	// than 14 MiB in base64.
	MaxPayloadBytes = 24 << 20
	// MaxTextBytes is how long the text of a header is written; SDKs for Go take
	// no more.
	MaxTextBytes = 1<<15 - 1
)

const (
	preludeBytes = 12
	crcBytes     = 4
	// overhead is the size of a message without headers and payload.
	overhead = preludeBytes + crcBytes
)

// What is wrong with a stream; errors of this package wrap one of them. A
// stream that ends within a message gives io.ErrUnexpectedEOF.
var (
	ErrTooLarge  = errors.New("eventstream: message larger than allowed")
	ErrChecksum  = errors.New("eventstream: checksum differs")
	ErrMalformed = errors.New("eventstream: malformed message")
)

// Names of the headers that streams of AWS use.
const (
	HeaderMessageType   = ":message-type"
	HeaderEventType     = ":event-type"
	HeaderExceptionType = ":exception-type"
	HeaderContentType   = ":content-type"
	HeaderErrorCode     = ":error-code"
	HeaderErrorMessage  = ":error-message"
)

// Values of HeaderMessageType.
const (
	MessageEvent     = "event"
	MessageException = "exception"
	MessageError     = "error"
)

// EventInitialResponse is the type of the first event of every stream.
const EventInitialResponse = "initial-response"

// Type is the type of a header's value.
type Type byte

// The types, and what Header.Value holds: nothing for the booleans, a
// big-endian number for Byte to Long, milliseconds since the epoch for
// Timestamp, 16 bytes for UUID.
const (
	True Type = iota
	False
	Byte
	Short
	Int
	Long
	Bytes
	Text
	Timestamp
	UUID
)

// valueBytes is the size of a value by its type; -1 where two bytes say it.
var valueBytes = [...]int{True: 0, False: 0, Byte: 1, Short: 2, Int: 4, Long: 8, Bytes: -1, Text: -1, Timestamp: 8, UUID: 16}

// Header is one header of a message.
type Header struct {
	Name  string
	Type  Type
	Value []byte
}
