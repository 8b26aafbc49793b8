package wire

import "cmp"

// fail answers an error in the encoding of the request, be it read or not, or
// in JSON where it has none that we know: every client can read that.
func (x *exchange) fail(status int, code, message string) {
	x.code = code
	codec := cmp.Or(x.codec, codecFor(x.r.Header.Get("Content-Type")), jsonCodec)
	x.w.Header()["Content-Type"] = []string{codec.media}
	x.write(status, codec.fail(nil, code, message))
}

// MalformedRequest is the body of the answer to what is no HTTP request.
func MalformedRequest(why string) []byte {
	return jsonCodec.fail(nil, "MalformedHttpRequestException", why)
}
