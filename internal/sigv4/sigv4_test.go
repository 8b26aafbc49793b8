package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// now is when the requests of these tests are signed and checked.
var now = time.Date(2026, 11, 28, 22, 15, 30, 0, time.UTC)

const (
	accessKey = "AKIDMILLRACE00000001"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYMILLRACEKEY"
)

func newVerifier() *Verifier {
	return &Verifier{
		Now: func() time.Time { return now },
		Keys: func(key string) (Credential, bool) {
			switch key {
			case accessKey:
				return Credential{Secret: NewSecret(secretKey), Account: "123456789012"}, true
			case "SESSION":
				return Credential{Secret: NewSecret(secretKey), SessionToken: NewSecret("token/+=")}, true
			case "ENDED":
				return Credential{Secret: NewSecret(secretKey), SessionToken: NewSecret("token/+="), Expires: now}, true
			}
			return Credential{}, false
		},
	}
}

// received is a request as a server sees it: read from the bytes that a
// client would have sent.
func received(t testing.TB, r *http.Request, body string) *http.Request {
	t.Helper()
	clone := r.Clone(context.Background())
	clone.Body = io.NopCloser(strings.NewReader(body))
	clone.ContentLength = int64(len(body))
	var wire bytes.Buffer
	if err := clone.Write(&wire); err != nil {
		t.Fatal(err)
	}
	return parseRequest(t, wire.String())
}

func parseRequest(t testing.TB, text string) *http.Request {
	t.Helper()
	r, err := readRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// plain is an unsigned PutRecord.
func plain(body string) *http.Request {
	r := httptest.NewRequest("POST", "http://127.0.0.1:4567/", strings.NewReader(body))
	r.RequestURI = ""
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecord")
	return r
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// signed is r signed by AWS's own signer.
func signed(t testing.TB, r *http.Request, key, token, body string, at time.Time) *http.Request {
	t.Helper()
	creds := aws.Credentials{AccessKeyID: key, SecretAccessKey: secretKey, SessionToken: token}
	if err := v4.NewSigner().SignHTTP(context.Background(), creds, r, hashOf(body), "kinesis", "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	return received(t, r, body)
}

func refusalOf(t testing.TB, err error) *Refusal {
	t.Helper()
	refusal, ok := errors.AsType[*Refusal](err)
	if !ok {
		t.Fatalf("got %v, want a refusal", err)
	}
	return refusal
}

func TestVerifyAcceptsWhatAWSSigns(t *testing.T) {
	const body = `{"StreamName":"s"}`
	for name, prepare := range map[string]func(*http.Request){
		"as it is":          func(*http.Request) {},
		"payload hash":      func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", hashOf(body)) },
		"blanks in a value": func(r *http.Request) { r.Header.Set("X-Amz-Meta", "  a   b  c    d ") },
		"repeated header":   func(r *http.Request) { r.Header["X-Amz-Meta"] = []string{"b", "a", "a  c"} },
		"query":             func(r *http.Request) { r.URL.RawQuery = "b=2&a=%2F+x&a=1&c" },
		"path":              func(r *http.Request) { r.URL.Path = "/a b/ü" },
		"other host":        func(r *http.Request) { r.Host = "kinesis.us-east-1.amazonaws.com" },
		"sdk headers":       func(r *http.Request) { r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3") },
	} {
		t.Run(name, func(t *testing.T) {
			r := plain(body)
			prepare(r)
			id, err := newVerifier().Verify(signed(t, r, accessKey, "", body, now), []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			want := Identity{AccessKey: accessKey, Account: "123456789012", Region: "us-east-1", Service: "kinesis"}
			if id != want {
				t.Errorf("got %+v, want %+v", id, want)
			}
		})
	}
}

func TestVerifySessionToken(t *testing.T) {
	for _, c := range []struct{ name, key, token, code string }{
		{"right token", "SESSION", "token/+=", ""},
		{"wrong token", "SESSION", "token/+", codeUnrecognized},
		{"no token", "SESSION", "", codeUnrecognized},
		{"token of a key that has none", accessKey, "token/+=", codeUnrecognized},
		{"ended", "ENDED", "token/+=", codeExpired},
		{"ended, wrong token", "ENDED", "x", codeUnrecognized},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newVerifier().Verify(signed(t, plain(""), c.key, c.token, "", now), nil)
			checkCode(t, err, c.code)
		})
	}
}

func checkCode(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := refusalOf(t, err); got.Code != code {
		t.Errorf("got %v, want %s", got, code)
	}
}

func TestVerifySkew(t *testing.T) {
	for _, c := range []struct {
		name string
		at   time.Duration
		text string
	}{
		{"on time", 0, ""},
		{"5 min old", -5 * time.Minute, ""},
		{"5 min early", 5 * time.Minute, ""},
		{"too old", -5*time.Minute - time.Second,
			"Signature expired: 20261128T221029Z is now earlier than 20261128T221030Z (20261128T221530Z - 5 min.)"},
		{"too early", 5*time.Minute + time.Second,
			"Signature not yet current: 20261128T222031Z is still later than 20261128T222030Z (20261128T221530Z + 5 min.)"},
		{"ten years", -10 * 365 * 24 * time.Hour, "Signature expired: 20161130T221530Z is now earlier than 20261128T221030Z (20261128T221530Z - 5 min.)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newVerifier().Verify(signed(t, plain(""), accessKey, "", "", now.Add(c.at)), nil)
			if c.text == "" {
				checkCode(t, err, "")
			} else if got := refusalOf(t, err); got.Code != codeInvalid || got.Message != c.text {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestPublishedExamples holds us to signatures that AWS has published: the
// ListUsers example of the AWS General Reference and two cases of its suite.
func TestPublishedExamples(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	for _, c := range []struct{ name, service, signature, request string }{
		{"ListUsers", "iam", "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
			"GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\r\nHost: iam.amazonaws.com\r\n" +
				"Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nX-Amz-Date: 20150830T123600Z\r\n"},
		{"get-vanilla", "service", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
			"GET / HTTP/1.1\r\nHost: example.amazonaws.com\r\nX-Amz-Date: 20150830T123600Z\r\n"},
		{"post-vanilla", "service", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
			"POST / HTTP/1.1\r\nHost: example.amazonaws.com\r\nX-Amz-Date: 20150830T123600Z\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := "host;x-amz-date"
			if strings.Contains(c.request, "Content-Type") {
				list = "content-type;" + list
			}
			r := parseRequest(t, c.request+"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"+
				c.service+"/aws4_request, SignedHeaders="+list+", Signature="+c.signature+"\r\n\r\n")
			v := &Verifier{
				Now:  func() time.Time { return time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC) },
				Keys: func(string) (Credential, bool) { return Credential{Secret: NewSecret(secret)}, true },
			}
			if _, err := v.Verify(r, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKeyCacheIsBoundedAndFollowsRotation(t *testing.T) {
	var c keyCache
	s := scope{date: "20261128", region: "us-east-1", service: "kinesis", term: terminator}
	old := c.get("A", NewSecret("old"), s)
	if c.get("A", NewSecret("old"), s) != old {
		t.Error("the same secret gives another key")
	}
	if c.get("A", NewSecret("new"), s) == old {
		t.Error("a rotated secret still gives the old key")
	}
	for i := range 3 * maxCachedKeys {
		s.region = strings.Repeat("x", i%200) + string(rune('a'+i%26))
		c.get("B", NewSecret("old"), s)
	}
	if len(c.keys) > maxCachedKeys {
		t.Errorf("%d keys are cached", len(c.keys))
	}
}

func BenchmarkVerify(b *testing.B) {
	v, r := newVerifier(), signed(b, plain(""), accessKey, "", "", now)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(r, nil); err != nil {
			b.Fatal(err)
		}
	}
}
