package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"millrace/internal/ops"
)

const (
	signingKey    = "AKIDSIGNATURETEST001"
	signingSecret = "a secret that only this test knows"
)

// signedCall is a call in the making. A forgery changes it before it is
// signed, or the request afterwards.
type signedCall struct {
	operation, body, secret, service, region string
	at                                       time.Time
	presigned                                bool
}

func (c signedCall) request(t *testing.T, endpoint string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, endpoint+"/", strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+c.operation)
	sum := sha256.Sum256([]byte(c.body))
	hash := hex.EncodeToString(sum[:])
	creds := aws.Credentials{AccessKeyID: signingKey, SecretAccessKey: c.secret}
	if !c.presigned {
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, hash, c.service, c.region, c.at); err != nil {
			t.Fatal(err)
		}
		return r
	}
	signed, headers, err := v4.NewSigner().PresignHTTP(t.Context(), creds, r, hash, c.service, c.region, c.at,
		func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true }) // the target stays a header
	if err != nil {
		t.Fatal(err)
	}
	if r.URL, err = url.Parse(signed); err != nil {
		t.Fatal(err)
	}
	for name, values := range headers {
		if name != "Host" && name != "Content-Length" {
			r.Header[name] = values
		}
	}
	return r
}

// setBody replaces what is sent by something else than what was signed.
func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}

// rewrite changes the signature parameters, wherever they stand.
func rewrite(r *http.Request, change func(string) string) {
	if auth := r.Header.Get("Authorization"); auth != "" {
		r.Header.Set("Authorization", change(auth))
		return
	}
	r.URL.RawQuery = change(r.URL.RawQuery)
}

func replace(from, to string) func(*http.Request) {
	return func(r *http.Request) {
		rewrite(r, func(s string) string { return strings.Replace(s, from, to, 1) })
	}
}

// forgeries are what a caller without the secret may try.
var forgeries = []struct {
	name   string
	before func(*signedCall)
	after  func(*http.Request)
}{
	{name: "another secret", before: func(c *signedCall) { c.secret = "a secret that somebody else has" }},
	{name: "another service", before: func(c *signedCall) { c.service = "kinesi" }, after: replace("kinesi", "kinesis")},
	{name: "another region", after: replace("us-east-1", "us-east-2")},
	{name: "six minutes old", before: func(c *signedCall) { c.at = c.at.Add(-6 * time.Minute) }},
	{name: "six minutes ahead", before: func(c *signedCall) { c.at = c.at.Add(6 * time.Minute) }},
	{name: "another body", after: func(r *http.Request) { setBody(r, `{"StreamName":"x"}`) }},
	{name: "a longer body", after: func(r *http.Request) { setBody(r, `{} `) }},
	{name: "another target", after: func(r *http.Request) { r.Header.Set("X-Amz-Target", "Kinesis_20131202.ListShardz") }},
	{name: "another host", after: func(r *http.Request) { r.Host = "localhost" }},
	{name: "an unknown key", after: replace(signingKey, "AKIDSIGNATURETEST002")},
	{name: "the key in lower case", after: replace(signingKey, strings.ToLower(signingKey))},
	{name: "half a signature", after: cutSignature(32)},
	{name: "an eighth of a signature", after: cutSignature(56)},
	{name: "an empty signature", after: cutSignature(64)},
	{name: "a changed last digit", after: changeSignature(63)},
	{name: "a changed first digit", after: changeSignature(0)},
	{name: "another algorithm", after: replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512")},
	{name: "the elliptic algorithm", after: replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")},
	{name: "another end of the scope", after: replace("aws4_request", "aws4_requesT")},
	{name: "one header fewer under the signature", after: replace("host", "")},
	{name: "nothing under the signature", after: dropSignedHeaders},
	{name: "an unsigned payload", after: func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }},
	{name: "both forms at once", after: bothForms},
	{name: "a stranger's session token", after: func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "token") }},
}

func signatureOf(s string) (start int) {
	if i := strings.Index(s, "X-Amz-Signature="); i >= 0 {
		return i + len("X-Amz-Signature=")
	}
	return strings.Index(s, "Signature=") + len("Signature=")
}

func cutSignature(digits int) func(*http.Request) {
	return func(r *http.Request) {
		rewrite(r, func(s string) string {
			i := signatureOf(s)
			return s[:i] + s[i:i+64-digits] + s[i+64:]
		})
	}
}

func changeSignature(at int) func(*http.Request) {
	return func(r *http.Request) {
		rewrite(r, func(s string) string {
			b := []byte(s)
			i := signatureOf(s) + at
			b[i] ^= 1
			if b[i] == 'a'-1 || b[i] == 'f'+1 || b[i] > '9' && b[i] < 'a' {
				b[i] = '0'
			}
			return string(b)
		})
	}
}

func dropSignedHeaders(r *http.Request) {
	rewrite(r, func(s string) string {
		i := strings.Index(s, "SignedHeaders=") + len("SignedHeaders=")
		end := i + strings.IndexAny(s[i:]+",", ",&")
		return s[:i] + s[end:]
	})
}

func bothForms(r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00")
		return
	}
	r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
}

// TestForgeries tries each forgery on each operation in both forms of a
// signature, and that the same calls are let in when nothing is forged.
func TestForgeries(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(file, []byte("- access_key: "+signingKey+"\n  secret: "+signingSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, Config{Auth: "verify", CredentialsFile: file})
	client := &http.Client{Timeout: 30 * time.Second}
	send := func(r *http.Request) (status int, body []byte) {
		t.Helper()
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err = io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, body
	}
	tried := 0
	for _, operation := range ops.Names() {
		for _, presigned := range []bool{false, true} {
			genuine := signedCall{operation: operation, body: "{}", secret: signingSecret, service: "kinesis", region: "us-east-1", at: time.Now(), presigned: presigned}
			if _, body := send(genuine.request(t, s.Endpoint())); refusedAsForgery(body) {
				t.Errorf("%s, presigned %v: a genuine call is refused: %s", operation, presigned, body)
			}
			for _, f := range forgeries {
				c := genuine
				if f.before != nil {
					f.before(&c)
				}
				r := c.request(t, s.Endpoint())
				if f.after != nil {
					f.after(r)
				}
				tried++
				if status, body := send(r); status < 400 || !refusedAsForgery(body) && f.name != "another target" {
					t.Errorf("%s, presigned %v, %s: %d %s", operation, presigned, f.name, status, body)
				}
			}
		}
	}
	t.Logf("%d forgeries tried, on %d operations", tried, len(ops.Names()))
}

// refusedAsForgery says whether an answer is one of those that only
// authentication gives.
func refusedAsForgery(body []byte) bool {
	var e struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal(bytes.TrimSpace(body), &e) != nil {
		return false
	}
	switch e.Type {
	case "InvalidSignatureException", "IncompleteSignatureException", "UnrecognizedClientException", "MissingAuthenticationTokenException", "ExpiredTokenException":
		return true
	}
	return false
}
