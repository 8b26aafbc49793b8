package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// textUnsigned is AWS's text for a request whose host is not under the
// signature; the other headers that must be signed get a text after its model.
const textUnsigned = "' must be a 'SignedHeader' in the AWS Authorization."

// singular headers decide something. One of them given twice could mean one
// thing to the signature and another to us, so that is refused.
var singular = [...]string{"X-Amz-Date", "X-Amz-Target", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Content-Type", "Date"}

// mustSign headers have to be under the signature where they are present,
// because they decide what the request does or when.
var mustSign = [...]string{"X-Amz-Date", "X-Amz-Target", "X-Amz-Security-Token"}

// checkSignedHeaders holds the list of signed headers to its form, and demands
// those that matter.
func checkSignedHeaders(r *http.Request, a *authorization) *Refusal {
	var previous string
	host := false
	for name := range strings.SplitSeq(a.signedHeaders, ";") {
		if name == "" || name <= previous || name != strings.ToLower(name) {
			return &Refusal{codeInvalid, "SignedHeaders must be lower-case names in ascending order, separated by ';', got '" +
				a.signedHeaders + "'."}
		}
		host = host || name == "host" || name == ":authority"
		previous = name
	}
	if !host {
		return &Refusal{codeInvalid, "'Host' or ':authority" + textUnsigned}
	}
	for _, name := range singular {
		if len(r.Header[name]) > 1 {
			return &Refusal{codeInvalid, "Header '" + name + "' must be given exactly once."}
		}
	}
	for _, name := range mustSign {
		if len(r.Header[name]) > 0 && !signs(a.signedHeaders, strings.ToLower(name)) {
			return &Refusal{codeInvalid, "'" + name + textUnsigned}
		}
	}
	return nil
}

func signs(list, name string) bool {
	for signed := range strings.SplitSeq(list, ";") {
		if signed == name {
			return true
		}
	}
	return false
}

// canonicalRequest gives the hash of the canonical request, in hexadecimal.
// A signed header that the request does not have is refused: no client signs
// what it does not send.
func canonicalRequest(r *http.Request, a *authorization, body []byte) (string, *Refusal) {
	payload := hexSum(body)
	if claimed := r.Header["X-Amz-Content-Sha256"]; len(claimed) > 0 &&
		subtle.ConstantTimeCompare([]byte(claimed[0]), []byte(payload)) != 1 {
		return "", &Refusal{codeInvalid, "The value of 'X-Amz-Content-Sha256' must be the SHA-256 of the body."}
	}
	b := make([]byte, 0, 1024)
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, canonicalPath(r)...)
	b = append(b, '\n')
	b = appendQuery(b, a.query)
	b = append(b, '\n')
	for name := range strings.SplitSeq(a.signedHeaders, ";") {
		values, ok := headerValues(r, name)
		if !ok {
			return "", &Refusal{codeInvalid, textMismatch}
		}
		b = append(b, name...)
		b = append(b, ':')
		for i, value := range values {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendFolded(b, value)
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, a.signedHeaders...)
	b = append(b, '\n')
	b = append(b, payload...)
	return hexSum(b), nil
}

// canonicalPath encodes the path as it was sent once more, as every service
// but S3 has it. Dot segments are not resolved: nobody sends them.
func canonicalPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	if path == "" {
		return "/"
	}
	return escape(path, "/")
}

// headerValues finds a signed header's values. net/http moves some headers out
// of r.Header; they are taken from where it puts them.
func headerValues(r *http.Request, name string) ([]string, bool) {
	switch name {
	case "host", ":authority":
		return []string{r.Host}, r.Host != ""
	case "content-length":
		if values := r.Header["Content-Length"]; len(values) > 0 {
			return values, true
		}
		return []string{strconv.FormatInt(r.ContentLength, 10)}, r.ContentLength >= 0
	case "transfer-encoding":
		return []string{strings.Join(r.TransferEncoding, ",")}, len(r.TransferEncoding) > 0
	}
	values, ok := r.Header[textproto.CanonicalMIMEHeaderKey(name)]
	return values, ok && len(values) > 0
}

// appendFolded writes a header value without surrounding blanks and with runs
// of blanks made one.
func appendFolded(b []byte, value string) []byte {
	value = strings.Trim(value, " \t")
	for {
		i := strings.Index(value, "  ")
		if i < 0 {
			return append(b, value...)
		}
		b = append(b, value[:i+1]...)
		value = strings.TrimLeft(value[i:], " ")
	}
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
