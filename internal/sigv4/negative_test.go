package sigv4

import (
	"net/http"
	"strings"
	"testing"
)

// edit changes the Authorization header of a signed request.
func edit(old, replacement string) func(*http.Request) {
	return func(r *http.Request) {
		h := r.Header.Get("Authorization")
		if !strings.Contains(h, old) {
			panic("nothing to replace: " + old)
		}
		r.Header.Set("Authorization", strings.Replace(h, old, replacement, 1))
	}
}

func set(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func drop(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}

func both(fs ...func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		for _, f := range fs {
			f(r)
		}
	}
}

const (
	wantCredential = "Authorization header requires 'Credential' parameter. "
	wantSignature  = "Authorization header requires 'Signature' parameter. "
	wantHeaders    = "Authorization header requires 'SignedHeaders' parameter. "
	wantDate       = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
)

// TestVerifyRefuses changes one thing about a well signed request at a time.
func TestVerifyRefuses(t *testing.T) {
	const body = `{"StreamName":"s"}`
	const keep = "\x00" // the body stays
	for _, c := range []struct {
		name, code, text string
		change           func(*http.Request)
		body             string
	}{
		{"no header", codeMissing, "Missing Authentication Token", drop("Authorization"), keep},
		{"empty header", codeMissing, "Missing Authentication Token", set("Authorization", ""), keep},
		{"basic", codeMissing, "Missing Authentication Token", set("Authorization", "Basic dTpw"), keep},
		{"bearer", codeMissing, "Missing Authentication Token", set("Authorization", "Bearer AWS4-HMAC-SHA256"), keep},
		{"lower case algorithm", codeMissing, "Missing Authentication Token", edit("AWS4-HMAC", "aws4-hmac"), keep},
		{"signature version 2", codeMissing, "Missing Authentication Token", set("Authorization", "AWS AKID:sig"), keep},
		{"two headers", codeIncomplete, "exactly once", func(r *http.Request) { r.Header.Add("Authorization", "AWS4-HMAC-SHA256") }, keep},
		{"header and query", codeInvalid, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
			func(r *http.Request) { r.URL.RawQuery = "X-Amz-Algorithm=" }, keep},
		{"empty basic and query", codeInvalid, "Found both", func(r *http.Request) {
			r.Header.Set("Authorization", "Basic x")
			r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
		}, keep},
		{"algorithm alone", codeIncomplete, wantCredential + wantSignature + wantHeaders + "Authorization=AWS4-HMAC-SHA256",
			set("Authorization", "AWS4-HMAC-SHA256"), keep},
		{"algorithm alone, no date", codeIncomplete, wantCredential + wantSignature + wantHeaders + wantDate + "Authorization=AWS4-",
			both(set("Authorization", "AWS4-"), drop("X-Amz-Date")), keep},
		{"no credential", codeIncomplete, wantCredential + "Authorization=AWS4-HMAC-SHA256 Signature=a, SignedHeaders=b",
			set("Authorization", "AWS4-HMAC-SHA256 Signature=a, SignedHeaders=b"), keep},
		{"no signature", codeIncomplete, wantSignature + "Authorization=", edit("Signature=", "Sig="), keep},
		{"no signed headers", codeIncomplete, wantHeaders + "Authorization=", edit("SignedHeaders=", "Signed="), keep},
		{"lower case parameters", codeIncomplete, wantCredential + "Authorization=", edit("Credential=", "credential="), keep},
		{"empty credential", codeIncomplete, wantCredential, set("Authorization", "AWS4-HMAC-SHA256 Credential= Signature=a SignedHeaders=b"), keep},
		{"no date", codeIncomplete, wantDate, drop("X-Amz-Date"), keep},
		{"credential twice", codeIncomplete, "more than one 'Credential'", edit("Credential=", "Credential=x, Credential="), keep},
		{"signature twice", codeIncomplete, "more than one 'Signature'", edit("Signature=", "Signature=0, Signature="), keep},
		{"signed headers twice", codeIncomplete, "more than one 'SignedHeaders'", edit("SignedHeaders=", "SignedHeaders=host, SignedHeaders="), keep},
		{"sha1", codeIncomplete, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.", edit("SHA256", "SHA1"), keep},
		{"sigv4a", codeIncomplete, "Unsupported AWS 'algorithm'", edit("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), keep},
		{"longer algorithm", codeIncomplete, "Unsupported", edit("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256-PAYLOAD"), keep},
		{"credential of 4", codeIncomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '",
			edit("/aws4_request", ""), keep},
		{"credential of 6", codeIncomplete, "exactly 5", edit("/aws4_request", "/aws4_request/x"), keep},
		{"bare access key", codeIncomplete, "got '" + accessKey + "'", edit("/20261128/us-east-1/kinesis/aws4_request", ""), keep},
		{"empty access key", codeIncomplete, "exactly 5", edit("="+accessKey, "="), keep},
		{"date not a date", codeIncomplete, "Date must be in ISO-8601", set("X-Amz-Date", "yesterday"), keep},
		{"extended date", codeIncomplete, "Date must be in ISO-8601", set("X-Amz-Date", "2026-11-28T22:15:30Z"), keep},
		{"date of no month", codeIncomplete, "Date must be in ISO-8601", set("X-Amz-Date", "20261328T221530Z"), keep},
		{"date with fraction", codeIncomplete, "Date must be in ISO-8601", set("X-Amz-Date", "20261128T221530.5Z"), keep},
		{"date with zone", codeIncomplete, "Date must be in ISO-8601", set("X-Amz-Date", "20261128T221530+01"), keep},
		{"date twice", codeInvalid, "exactly once", func(r *http.Request) { r.Header.Add("X-Amz-Date", "20261128T221530Z") }, keep},
		{"terminator", codeInvalid, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'.", edit("aws4_request", "aws5"), keep},
		{"other day", codeInvalid, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261127' != '20261128', from '20261128T221530Z'.",
			edit("20261128", "20261127"), keep},
		{"day with time", codeInvalid, "Date in Credential scope", edit("20261128", "20261128T221530Z"), keep},
		{"empty day", codeInvalid, "Date in Credential scope", edit("/20261128/", "//"), keep},
		{"moved by a second", codeInvalid, textMismatch, set("X-Amz-Date", "20261128T221531Z"), keep},
		{"other region", codeInvalid, textMismatch, edit("us-east-1", "us-east-2"), keep},
		{"other service", codeInvalid, textMismatch, edit("/kinesis/", "/firehose/"), keep},
		{"empty region", codeInvalid, textMismatch, edit("/us-east-1/", "//"), keep},
		{"other key", codeUnrecognized, textBadToken, edit(accessKey, "AKIDUNKNOWN000000000"), keep},
		{"key in lower case", codeUnrecognized, textBadToken, edit(accessKey, strings.ToLower(accessKey)), keep},
		{"key of another length", codeUnrecognized, textBadToken, edit(accessKey, accessKey[1:]), keep},
		{"host unsigned", codeInvalid, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", edit(";host;", ";"), keep},
		{"date unsigned", codeInvalid, "'X-Amz-Date' must be a 'SignedHeader'", edit(";x-amz-date", ""), keep},
		{"target unsigned", codeInvalid, "'X-Amz-Target' must be a 'SignedHeader'", edit(";x-amz-target", ""), keep},
		{"content type no longer signed", codeInvalid, textMismatch, edit("content-type;", ""), keep},
		{"header signed twice", codeInvalid, "ascending order", edit(";host;", ";host;host;"), keep},
		{"not sorted", codeInvalid, "ascending order", edit("host;x-amz-date", "x-amz-date;host"), keep},
		{"capitals", codeInvalid, "lower-case", edit(";host;", ";Host;"), keep},
		{"empty element", codeInvalid, "ascending order", edit(";host;", ";host;;"), keep},
		{"closing semicolon", codeInvalid, "ascending order", edit("x-amz-target,", "x-amz-target;,"), keep},
		{"signs what is not there", codeInvalid, textMismatch, edit(";host;", ";ghost;host;"), keep},
		{"other target", codeInvalid, textMismatch, set("X-Amz-Target", "Kinesis_20131202.DeleteStream"), keep},
		{"target twice", codeInvalid, "exactly once", func(r *http.Request) { r.Header.Add("X-Amz-Target", "Kinesis_20131202.DeleteStream") }, keep},
		{"target gone", codeInvalid, textMismatch, drop("X-Amz-Target"), keep},
		{"content type", codeInvalid, textMismatch, set("Content-Type", "application/json"), keep},
		{"other host", codeInvalid, textMismatch, func(r *http.Request) { r.Host = "127.0.0.1:4568" }, keep},
		{"no host", codeInvalid, textMismatch, func(r *http.Request) { r.Host = "" }, keep},
		{"other length", codeInvalid, textMismatch, both(drop("Content-Length"), func(r *http.Request) { r.ContentLength++ }), keep},
		{"length gone", codeInvalid, textMismatch, both(drop("Content-Length"), func(r *http.Request) { r.ContentLength = -1 }), keep},
		{"method", codeInvalid, textMismatch, func(r *http.Request) { r.Method = "PUT" }, keep},
		{"path", codeInvalid, textMismatch, func(r *http.Request) { r.URL.Path = "/x" }, keep},
		{"query", codeInvalid, textMismatch, func(r *http.Request) { r.URL.RawQuery = "a=1" }, keep},
		{"broken query", codeInvalid, "percent-encoded", func(r *http.Request) { r.URL.RawQuery = "a=%zz" }, keep},
		{"unsigned payload", codeInvalid, "'X-Amz-Content-Sha256' must be", set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), keep},
		{"streaming payload", codeInvalid, "'X-Amz-Content-Sha256' must be", set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), keep},
		{"payload hash twice", codeInvalid, "exactly once", func(r *http.Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{hashOf(body), "UNSIGNED-PAYLOAD"}
		}, keep},
		{"hash of another body", codeInvalid, "'X-Amz-Content-Sha256' must be", set("X-Amz-Content-Sha256", hashOf("")), keep},
		{"token added", codeInvalid, "'X-Amz-Security-Token' must be a 'SignedHeader'", set("X-Amz-Security-Token", "x"), keep},
		{"body", codeInvalid, textMismatch, func(*http.Request) {}, `{"StreamName":"t"}`},
		{"body empty", codeInvalid, textMismatch, func(*http.Request) {}, ""},
		{"body longer", codeInvalid, textMismatch, func(*http.Request) {}, body + " "},
		{"signature of another length", codeInvalid, textMismatch, func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h[:len(h)-1])
		}, keep},
		{"signature longer", codeInvalid, textMismatch, func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")+"0")
		}, keep},
		{"signature zero", codeInvalid, textMismatch, func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h[:len(h)-64]+strings.Repeat("0", 64))
		}, keep},
		{"signature in capitals", codeInvalid, textMismatch, func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h[:len(h)-64]+strings.ToUpper(h[len(h)-64:]))
		}, keep},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := signed(t, plain(body), accessKey, "", body, now)
			c.change(r)
			sent := body
			if c.body != keep {
				sent = c.body
			}
			_, err := newVerifier().Verify(r, []byte(sent))
			got := refusalOf(t, err)
			if got.Code != c.code || !strings.Contains(got.Message, c.text) {
				t.Errorf("got  %s: %s\nwant %s: %s", got.Code, got.Message, c.code, c.text)
			}
		})
	}
}

func TestForKinesis(t *testing.T) {
	for _, c := range []struct {
		region, service string
		refused         bool
	}{
		{"us-east-1", "kinesis", false},
		{"us-east-1", "s3", true},
		{"us-gov-west-1", "dynamodb", true},
		{"eu-west-1", "", true},
		{"0", "127", false},
		{"localhost", "localhost", false},
	} {
		err := Identity{Region: c.region, Service: c.service}.ForKinesis()
		if (err != nil) != c.refused {
			t.Errorf("%s/%s: %v", c.region, c.service, err)
		}
		if err != nil && refusalOf(t, err).Message != "Credential should be scoped to correct service: 'kinesis'." {
			t.Errorf("%s/%s: %v", c.region, c.service, err)
		}
	}
}

func TestStrictScope(t *testing.T) {
	v := newVerifier()
	v.StrictScope = true
	r := signed(t, plain(""), accessKey, "", "", now)
	if _, err := v.Verify(r, nil); err != nil {
		t.Errorf("a real scope: %v", err)
	}
	edit("us-east-1/kinesis", "127/0")(r)
	_, err := v.Verify(r, nil)
	want := "Credential should be scoped to a valid Region, not '127'. Credential should be scoped to correct service: 'kinesis'."
	if got := refusalOf(t, err); got.Message != want {
		t.Errorf("got %q", got.Message)
	}
}
