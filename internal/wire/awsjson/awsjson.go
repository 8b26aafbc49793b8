// Package awsjson is the awsJson1.1 codec: the JSON of every shape of
// kinesis/types, of errors, and a fast scanner for the two operations that write.
//
// Members have the names of the model; unknown ones are passed over; null is
// absent, in lists and maps too; blobs are standard base64 with padding; a
// timestamp is a number of seconds with up to three decimals. A value of the
// wrong type gives a *types.SerializationException with the text that Kinesis
// gives. A body that is not one JSON object in UTF-8, or that nests deeper than
// [MaxDepth], gives one without text.
//
// The front door, the client and the event stream call it. Nothing here keeps
// state between calls but pools of buffers; all functions are safe for
// concurrent use. A [PutDecoder] belongs to one goroutine at a time.
package awsjson

import (
	"fmt"
	"io"
	"sync"

	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// Bounds of what Unmarshal takes from a body.
const (
	// MaxDepth is how deep lists, maps and structures may nest, in values that are
	// passed over too.
	MaxDepth = 64
	// MaxInputEntries is how many elements of lists and entries of maps are kept
	// of one input. The model allows for no valid input with more; those above
	// it are passed over, so that a small body cannot ask for much memory.
	MaxInputEntries = 1 << 17
	// MaxOutputEntries is the same for outputs, which a client reads.
	MaxOutputEntries = 1 << 24
)

// encodeBuffer is how many bytes Encode gathers before it writes.
const encodeBuffer = 64 << 10

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Marshal appends the JSON of v, a pointer to a structure of kinesis/types, to
// dst. It allocates only to make dst larger; [Size] says how large it will be.
func Marshal(dst []byte, v any) []byte {
	e := encoders.Get().(*encoder)
	e.buf = dst
	if !shape.Encode(e, v) {
		panic(fmt.Sprintf("awsjson: %T is not a shape", v))
	}
	dst = e.buf
	*e = encoder{}
	encoders.Put(e)
	return dst
}

var streams = sync.Pool{New: func() any { return &encoder{buf: make([]byte, 0, encodeBuffer+encodeSlack)} }}

// Encode writes the JSON of v to w in pieces of about 64 KiB, so that a large
// answer needs no buffer of its size. The error is that of w.
func Encode(w io.Writer, v any) error {
	e := streams.Get().(*encoder)
	e.w = w
	if !shape.Encode(e, v) {
		panic(fmt.Sprintf("awsjson: %T is not a shape", v))
	}
	e.flush()
	err := e.err
	buf := e.buf[:0]
	if cap(buf) > 2*encodeBuffer {
		buf = make([]byte, 0, encodeBuffer+encodeSlack)
	}
	*e = encoder{buf: buf}
	streams.Put(e)
	return err
}

// Size is the exact number of bytes that Marshal appends for v.
func Size(v any) int {
	e := sizers.Get().(*sizer)
	if !shape.Encode(e, v) {
		panic(fmt.Sprintf("awsjson: %T is not a shape", v))
	}
	n := e.n
	*e = sizer{}
	sizers.Put(e)
	return n
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// Unmarshal fills v, a pointer to a structure of kinesis/types, from body. It
// keeps no part of body. A given error is a *types.SerializationException, and
// v is of no use then.
func Unmarshal(body []byte, v any) error { return unmarshal(body, v, MaxInputEntries) }

// UnmarshalOutput is [Unmarshal] with the bound of outputs, for clients.
func UnmarshalOutput(body []byte, v any) error { return unmarshal(body, v, MaxOutputEntries) }

func unmarshal(body []byte, v any, entries int) error {
	d := decoders.Get().(*decoder)
	d.reset(body, entries)
	defer func() {
		d.reset(nil, 0)
		decoders.Put(d)
	}()
	if d.peek() != '{' {
		return &types.SerializationException{}
	}
	if !shape.Decode(d, v) {
		panic(fmt.Sprintf("awsjson: %T is not a shape", v))
	}
	if d.err == nil && d.peek() != 0 {
		d.fail()
	}
	if d.err == nil {
		return nil
	}
	// A wrong type is only told where the body is JSON at all.
	if d.err.Message != "" && !Valid(body) {
		return &types.SerializationException{}
	}
	return d.err
}

// Valid says whether body is one JSON object that nests no deeper than MaxDepth.
func Valid(body []byte) bool {
	var d decoder
	d.reset(body, 0)
	if d.peek() != '{' {
		return false
	}
	d.Skip()
	return d.err == nil && d.peek() == 0
}
