package wire

import "strings"

// Media types of requests.
const (
	mediaJSON = "application/x-amz-json-1.1"
	// mediaPlainJSON is refused by Kinesis after much ado; we take it for
	// mediaJSON, which breaks no client and helps curl.
	mediaPlainJSON = "application/json"
	// mediaCBOR is what SDKs for Java send. There is no codec for it yet, so
	// such requests are answered as if the type were unknown.
	mediaCBOR = "application/x-amz-cbor-1.1"
)

// mediaType gives the media type of a Content-Type without parameters and
// blanks, which Kinesis ignores.
func mediaType(contentType string) string {
	if contentType == mediaJSON {
		return mediaJSON
	}
	contentType, _, _ = strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(contentType))
}
