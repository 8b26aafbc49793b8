// Package awscbor is the codec of application/x-amz-cbor-1.1, which AWS SDKs
// for Java speak: the CBOR (RFC 8949) of every shape of kinesis/types, of
// errors, and a fast reader for the two operations that write.
//
// Members and values are those of package awsjson, in other bytes: maps and
// lists are written with indefinite length and read with either; keys are text;
// a blob is a byte string, never base64; a timestamp is tag 1 with an integer of
// milliseconds since the epoch, where RFC 8949 has seconds. Texts and byte
// strings may come in chunks. Null and undefined are absent, in lists and maps
// too. Tags that mean nothing here, such as the self-described CBOR of 55799,
// are passed over. Of a key that comes twice the later value holds.
//
// A value of the wrong type gives a *types.SerializationException with the text
// that Kinesis gives for its counterpart in JSON. A body that is not one map of
// well-formed CBOR with texts in UTF-8, or that nests deeper than [MaxDepth],
// gives one without text.
//
// The front door calls it. Nothing here keeps state between calls but pools of
// buffers; all functions are safe for concurrent use. A [PutDecoder] belongs to
// one goroutine at a time.
package awscbor

import (
	"fmt"
	"io"
	"sync"

	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// Bounds of what Unmarshal takes from a body; those of package awsjson.
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

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Marshal appends the CBOR of v, a pointer to a structure of kinesis/types, to
// dst. It allocates only to make dst larger; [Size] says how large it will be.
func Marshal(dst []byte, v any) []byte {
	e := encoders.Get().(*encoder)
	e.buf = dst
	encode(e, v)
	dst = e.buf
	*e = encoder{}
	encoders.Put(e)
	return dst
}

var streams = sync.Pool{New: func() any { return &encoder{buf: make([]byte, 0, encodeBuffer+encodeSlack)} }}

// Encode writes the CBOR of v to w in pieces of about 64 KiB, so that a large
// answer needs no buffer of its size. The error is that of w.
func Encode(w io.Writer, v any) error {
	e := streams.Get().(*encoder)
	e.w = w
	encode(e, v)
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
	encode(e, v)
	n := e.n
	*e = sizer{}
	sizers.Put(e)
	return n
}

func encode(e shape.Encoder, v any) {
	if !shape.Encode(e, v) {
		panic(fmt.Sprintf("awscbor: %T is not a shape", v))
	}
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
	if d.kind() != kindMap {
		return &types.SerializationException{}
	}
	if !shape.Decode(d, v) {
		panic(fmt.Sprintf("awscbor: %T is not a shape", v))
	}
	if d.err == nil && d.pos != len(body) {
		d.fail()
	}
	if d.err == nil {
		return nil
	}
	// A wrong type is only told where the body is CBOR at all.
	if d.err.Message != "" && !Valid(body) {
		return &types.SerializationException{}
	}
	return d.err
}

// Valid says whether body is one map that nests no deeper than MaxDepth.
func Valid(body []byte) bool {
	d := decoders.Get().(*decoder)
	defer func() {
		d.reset(nil, 0)
		decoders.Put(d)
	}()
	d.reset(body, 0)
	if d.kind() != kindMap {
		return false
	}
	d.Skip()
	return d.err == nil && d.pos == len(body)
}
