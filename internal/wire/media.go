package wire

import (
	"io"
	"strings"

	"millrace/internal/ops"
	"millrace/internal/wire/awscbor"
	"millrace/internal/wire/awsjson"
)

// Media types of requests.
const (
	mediaJSON = "application/x-amz-json-1.1"
	// mediaPlainJSON is refused by Kinesis after much ado; we take it for
	// mediaJSON, which breaks no client and helps curl.
	mediaPlainJSON = "application/json"
	// mediaCBOR is in no model of the API, and is what SDKs for Java send.
	mediaCBOR = "application/x-amz-cbor-1.1"
)

// codec is one way to write requests and answers. A further media type is a
// further row of codecs and nothing else.
type codec struct {
	// media is the Content-Type of answers.
	media string
	// valid reports whether a body is an object of this encoding at all.
	valid func(body []byte) bool
	// decode makes the input of an operation out of a body, see decoderOf.
	decode func(op ops.Operation, body []byte) (in any, release func(), err error)
	// marshal appends an output, size is how long that gets, and encode writes
	// it without holding it in memory.
	marshal func(dst []byte, out any) []byte
	size    func(out any) int
	encode  func(w io.Writer, out any) error
	// fail appends an error.
	fail func(dst []byte, code, message string) []byte
	// events says whether a stream of events may be asked for in it.
	events bool
}

// jsonCodec also answers those who could not say which encoding they want.
var jsonCodec = &codec{
	media:   mediaJSON,
	valid:   awsjson.Valid,
	decode:  decoderOf[awsjson.PutDecoder](awsjson.Unmarshal),
	marshal: awsjson.Marshal,
	size:    awsjson.Size,
	encode:  awsjson.Encode,
	fail:    awsjson.MarshalError,
	events:  true,
}

// plainJSONCodec is jsonCodec under its other name.
var plainJSONCodec = func() *codec {
	c := *jsonCodec
	c.media = mediaPlainJSON
	return &c
}()

// cborCodec has no streams of events: SDKs for Java ask for those in JSON, and
// Kinesis fails who does not.
var cborCodec = &codec{
	media:   mediaCBOR,
	valid:   awscbor.Valid,
	decode:  decoderOf[awscbor.PutDecoder](awscbor.Unmarshal),
	marshal: awscbor.Marshal,
	size:    awscbor.Size,
	encode:  awscbor.Encode,
	fail:    awscbor.MarshalError,
}

// codecFor finds the codec of a Content-Type, whose parameters and
// surrounding blanks Kinesis ignores; nil where there is none.
func codecFor(contentType string) *codec {
	switch contentType {
	case mediaJSON:
		return jsonCodec
	case mediaCBOR:
		return cborCodec
	}
	contentType, _, _ = strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(contentType)) {
	case mediaJSON:
		return jsonCodec
	case mediaPlainJSON:
		return plainJSONCodec
	case mediaCBOR:
		return cborCodec
	}
	return nil
}
