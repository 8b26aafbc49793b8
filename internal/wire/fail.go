package wire

import (
	"cmp"

	"millrace/internal/wire/awsjson"
)

// fail answers an error in JSON, which every client can read whatever it sent.
func (x *exchange) fail(status int, code, message string) {
	x.code = code
	x.w.Header()["Content-Type"] = []string{cmp.Or(x.media, mediaJSON)}
	x.write(status, awsjson.MarshalError(nil, code, message))
}
