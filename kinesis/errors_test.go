package kinesis

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzDecodeError(f *testing.F) {
	for _, seed := range []struct{ header, body string }{
		{"", `{"__type":"ResourceNotFoundException","message":"Stream s not found."}`},
		{"", `{"__type":"com.amazon.coral#SerializationException","Message":"m"}`},
		{"ExpiredIteratorException:http://x/", `{}`},
		{"", `{"__type":3,"message":{}}`},
		{"", "<AccessDeniedException/>"},
		{"#:", ""},
		{"", "\xff\xfe" + strings.Repeat("é", 300)},
	} {
		f.Add(seed.header, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		code, message := decodeError(header, body)
		if strings.ContainsAny(code, ":#") {
			t.Errorf("code %q is not a bare name", code)
		}
		if utf8.ValidString(header) && (!utf8.ValidString(code) || !utf8.ValidString(message)) {
			t.Errorf("%q, %q: not text", code, message)
		}
		if len(message) > max(len(body)*3, maxExcerpt+3) {
			t.Errorf("a message of %d bytes out of a body of %d", len(message), len(body))
		}
	})
}
