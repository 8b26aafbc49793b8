package sigv4

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"
)

// resign signs r by the recipe, for the forms that AWS's signer does not make.
func resign(t testing.TB, r *http.Request, list, region, service, separator, date string) {
	t.Helper()
	at, ok := parseDate(date)
	if !ok {
		t.Fatal(date)
	}
	query, _ := parseQuery(r.URL.RawQuery)
	a := &authorization{query: query, signedHeaders: list, stamp: at.Format(basicFormat),
		scope: scope{accessKey, at.Format("20060102"), region, service, terminator}}
	canonical, refusal := canonicalRequest(r, a, nil)
	if refusal != nil {
		t.Fatal(refusal)
	}
	signature := sign(derive(NewSecret(secretKey), a.scope), a.scope.stringToSign(a.stamp, canonical))
	r.Header.Set("Authorization", strings.Join([]string{"AWS4-HMAC-SHA256 Credential=" +
		strings.Join([]string{accessKey, a.scope.date, region, service, terminator}, "/"),
		"SignedHeaders=" + list, "Signature=" + string(signature)}, separator))
}

func TestVerifyForms(t *testing.T) {
	basic := now.Format(basicFormat)
	for _, c := range []struct{ name, header, date, list, region, service, separator string }{
		{"boto 2 at 127.0.0.1", "X-Amz-Date", basic, "host;x-amz-date;x-amz-target", "0", "127", ","},
		{"boto 2 at localhost", "X-Amz-Date", basic, "host;x-amz-date;x-amz-target", "localhost", "localhost", ","},
		{"comma and blank", "X-Amz-Date", basic, "host;x-amz-date;x-amz-target", "us-east-1", "kinesis", ", "},
		{"blank", "X-Amz-Date", basic, "host;x-amz-date;x-amz-target", "us-east-1", "kinesis", " "},
		{"authority", "X-Amz-Date", basic, ":authority;x-amz-date;x-amz-target", "us-east-1", "kinesis", ", "},
		{"date in RFC 1123", "Date", now.Format(http.TimeFormat), "date;host;x-amz-target", "us-east-1", "kinesis", ", "},
		{"date header in basic form", "Date", basic, "date;host;x-amz-target", "us-east-1", "kinesis", ", "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := plain("")
			r.Header.Set(c.header, c.date)
			resign(t, r, c.list, c.region, c.service, c.separator, c.date)
			id, err := newVerifier().Verify(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if id.Region != c.region || id.Service != c.service {
				t.Errorf("got %+v", id)
			}
			if claimed, err := Presence(r); err != nil || claimed.AccessKey != accessKey || claimed.Region != c.region {
				t.Errorf("Presence: %+v, %v", claimed, err)
			}
		})
	}
}

// presigned is plain with its signature in the query, made by AWS's signer.
func presigned(t testing.TB, key, token, body, expires string, at time.Time) *http.Request {
	t.Helper()
	r := plain(body)
	if expires != "" {
		r.URL.RawQuery = "X-Amz-Expires=" + expires
	}
	creds := aws.Credentials{AccessKeyID: key, SecretAccessKey: secretKey, SessionToken: token}
	link, header, err := v4.NewSigner().PresignHTTP(context.Background(), creds, r, hashOf(body), "kinesis", "us-east-1", at,
		func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	if err != nil {
		t.Fatal(err)
	}
	if r.URL, err = url.Parse(link); err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	return received(t, r, body)
}

func TestVerifyPresigned(t *testing.T) {
	const body = "{}"
	for _, c := range []struct {
		name, key, token, expires string
		at                        time.Duration
		code, text                string
	}{
		{name: "plain", key: accessKey},
		{name: "with token", key: "SESSION", token: "token/+="},
		{name: "wrong token", key: "SESSION", token: "x", code: codeUnrecognized, text: textBadToken},
		{name: "old, no expiry", key: accessKey, at: -6 * time.Minute, code: codeInvalid, text: "- 5 min.)"},
		{name: "old, within expiry", key: accessKey, at: -59 * time.Minute, expires: "3600"},
		{name: "expired", key: accessKey, at: -61 * time.Minute, expires: "3600", code: codeInvalid, text: "- 60 min.)"},
		{name: "expired, seconds", key: accessKey, at: -2 * time.Minute, expires: "90", code: codeInvalid, text: "- 90 sec.)"},
		{name: "early", key: accessKey, at: 6 * time.Minute, expires: "3600", code: codeInvalid, text: "not yet current"},
		{name: "expiry of 0", key: accessKey, expires: "0", code: codeInvalid, text: "X-Amz-Expires"},
		{name: "expiry over a week", key: accessKey, expires: "604801", code: codeInvalid, text: "X-Amz-Expires"},
		{name: "expiry negative", key: accessKey, expires: "-1", code: codeInvalid, text: "X-Amz-Expires"},
		{name: "expiry no number", key: accessKey, expires: "soon", code: codeInvalid, text: "X-Amz-Expires"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := presigned(t, c.key, c.token, body, c.expires, now.Add(c.at))
			_, err := newVerifier().Verify(r, []byte(body))
			checkCode(t, err, c.code)
			if err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPresignedRefuses(t *testing.T) {
	missing := func(names ...string) string {
		var b strings.Builder
		for _, n := range names {
			b.WriteString("AWS query-string parameters must include '" + n + "'. ")
		}
		return b.String() + "Re-examine the query-string parameters."
	}
	remove := func(q string, names ...string) string {
		values, _ := url.ParseQuery(q)
		for _, n := range names {
			values.Del(n)
		}
		return values.Encode()
	}
	for _, c := range []struct {
		name, code, text string
		change           func(query string) string
	}{
		{"algorithm empty", codeIncomplete, missing("X-Amz-Algorithm"), func(q string) string { return remove(q, "X-Amz-Algorithm") + "&X-Amz-Algorithm=" }},
		{"all missing", codeIncomplete, missing("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"),
			func(string) string { return "X-Amz-Algorithm" }},
		{"credential and date missing", codeIncomplete, missing("X-Amz-Credential", "X-Amz-Date"),
			func(q string) string { return remove(q, "X-Amz-Credential", "X-Amz-Date") }},
		{"no algorithm is no signature", codeMissing, "Missing Authentication Token", func(q string) string { return remove(q, "X-Amz-Algorithm") }},
		{"signature twice", codeIncomplete, "exactly once", func(q string) string { return q + "&X-Amz-Signature=0" }},
		{"date twice", codeIncomplete, "exactly once", func(q string) string { return q + "&X-Amz-Date=20261128T221530Z" }},
		{"parameter added", codeInvalid, textMismatch, func(q string) string { return q + "&a=1" }},
		{"expiry added", codeInvalid, textMismatch, func(q string) string { return q + "&X-Amz-Expires=3600" }},
		{"token added", codeInvalid, textMismatch, func(q string) string { return q + "&X-Amz-Security-Token=t" }},
		{"sigv4a", codeIncomplete, "Unsupported", func(q string) string { return strings.Replace(q, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := presigned(t, accessKey, "", "{}", "", now)
			r.URL.RawQuery = c.change(r.URL.RawQuery)
			_, err := newVerifier().Verify(r, []byte("{}"))
			if got := refusalOf(t, err); got.Code != c.code || !strings.Contains(got.Message, c.text) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestAnyChangedByteIsRefused changes one byte of what is under the signature.
func TestAnyChangedByteIsRefused(t *testing.T) {
	v := newVerifier()
	rapid.Check(t, func(rt *rapid.T) {
		body := rapid.StringN(1, 64, 256).Draw(rt, "body")
		meta := rapid.StringMatching(`[a-z][a-z ]{0,20}[a-z]`).Draw(rt, "meta")
		base := plain(body)
		base.Header.Set("X-Amz-Meta", meta)
		r := signed(t, base, accessKey, "", body, now)
		if _, err := v.Verify(r, []byte(body)); err != nil {
			rt.Fatalf("well signed: %v", err)
		}
		flip := func(s string) string {
			b := []byte(s)
			i := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
			b[i] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
			return string(b)
		}
		switch field := rapid.SampledFrom([]string{"body", "X-Amz-Meta", "X-Amz-Target", "X-Amz-Date", "Content-Type", "Authorization", "host"}).Draw(rt, "field"); field {
		case "body":
			body = flip(body)
		case "host":
			r.Host = flip(r.Host)
		case "X-Amz-Meta":
			if changed := flip(meta); string(appendFolded(nil, changed)) != string(appendFolded(nil, meta)) {
				r.Header.Set(field, changed)
			} else {
				return // the same value, as far as a signature goes
			}
		case "Authorization":
			h := r.Header.Get(field)
			changed := flip(h[len(Algorithm)+1:])
			if sameFields(changed, h[len(Algorithm)+1:]) {
				return // a separator for another
			}
			r.Header.Set(field, h[:len(Algorithm)+1]+changed)
		default:
			r.Header.Set(field, flip(r.Header.Get(field)))
		}
		if _, err := v.Verify(r, []byte(body)); err == nil {
			rt.Fatalf("a changed request was let in: %q", r.Header.Get("Authorization"))
		}
	})
}

func sameFields(a, b string) bool {
	return strings.Join(strings.FieldsFunc(a, isSeparator), ",") == strings.Join(strings.FieldsFunc(b, isSeparator), ",")
}

func TestSecretIsNeverShown(t *testing.T) {
	const canary = "canary-canary"
	c := Credential{Secret: NewSecret(canary), SessionToken: NewSecret(canary)}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("x", "secret", c.Secret, "credential", c)
	log = slog.New(slog.NewTextHandler(&logged, nil))
	log.Info("x", "secret", c.Secret, "credential", c, "pointer", &c)
	shown := string(encoded) + logged.String() +
		fmt.Sprintf("%v %+v %#v %s %q %x %d", c, c, c, c.Secret, c.Secret, c.Secret, c.Secret) + fmt.Sprint(&c, []Secret{c.Secret})
	text, _ := c.Secret.MarshalText()
	shown += string(text) + c.Secret.String() + c.Secret.GoString() + c.Secret.LogValue().String()
	if strings.Contains(shown, "canary") || strings.Contains(shown, "63616e617279") {
		t.Errorf("a secret shows: %s", shown)
	}
	if !strings.Contains(shown, redacted) {
		t.Error("the marker does not show")
	}
}

// TestOddRequests signs what no SDK sends, by the recipe, and verifies it.
func TestOddRequests(t *testing.T) {
	basic := now.Format(basicFormat)
	for _, c := range []struct {
		name, list string
		change     func(*http.Request)
	}{
		{"no path", "host;x-amz-date;x-amz-target", func(r *http.Request) { r.URL.Path = "" }},
		{"transfer coding", "host;transfer-encoding;x-amz-date;x-amz-target", func(r *http.Request) { r.TransferEncoding = []string{"chunked"} }},
		{"length from the request", "content-length;host;x-amz-date;x-amz-target", func(r *http.Request) { r.ContentLength = 0 }},
		{"empty pairs in the query", "host;x-amz-date;x-amz-target", func(r *http.Request) { r.URL.RawQuery = "&&a=b&" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := plain("")
			r.Header.Set("X-Amz-Date", basic)
			c.change(r)
			resign(t, r, c.list, strings.Repeat("r", 200), strings.Repeat("s", 200), ",", basic)
			v := newVerifier()
			if _, err := v.Verify(r, nil); err != nil {
				t.Error(err)
			}
			if len(v.keys.keys) != 0 {
				t.Error("a scope of any length is remembered")
			}
		})
	}
}

func TestClockAndSkewOfTheVerifier(t *testing.T) {
	v := newVerifier()
	v.Now = nil
	r := signed(t, plain(""), accessKey, "", "", time.Now())
	if _, err := v.Verify(r, nil); err != nil {
		t.Errorf("by the machine's clock: %v", err)
	}
	v = newVerifier()
	v.Skew = 15 * time.Minute
	if _, err := v.Verify(signed(t, plain(""), accessKey, "", "", now.Add(-14*time.Minute)), nil); err != nil {
		t.Errorf("within a wider window: %v", err)
	}
}

func TestPresence(t *testing.T) {
	r := plain("")
	r.Header.Set("X-Amz-Date", "any")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=123456789012, SignedHeaders=a, Signature=b")
	if id, err := Presence(r); err != nil || id != (Identity{AccessKey: "123456789012"}) {
		t.Errorf("a credential without a scope: %+v, %v", id, err)
	}
	for _, query := range []string{"%zz=a", "a=%zz", "a=%"} {
		r.URL.RawQuery = query
		if _, err := Presence(r); err == nil {
			t.Errorf("the query %q was taken", query)
		}
	}
}

// TestTokenOfPresigned: the token may be in the query or in a signed header.
func TestTokenOfPresigned(t *testing.T) {
	r := presigned(t, "SESSION", "token/+=", "", "", now)
	r.Header.Set("X-Amz-Security-Token", "token/+=")
	if _, err := newVerifier().Verify(r, nil); err == nil {
		t.Error("two tokens were taken")
	}
	r = presigned(t, "SESSION", "", "", "", now)
	r.Header.Set("X-Amz-Security-Token", "token/+=")
	if _, err := newVerifier().Verify(r, nil); err == nil {
		t.Error("an unsigned token was taken")
	}
}

func TestIsRegion(t *testing.T) {
	for name, want := range map[string]bool{
		"us-east-1": true, "us-gov-west-1": true, "cn-north-1": true, "ap-southeast-7": true, "us-isob-east-1": true, "eusc-de-east-1": true,
		"": false, "0": false, "localhost": false, "127": false, "us-east": false, "us-east-": false, "US-EAST-1": false,
		"us--1": false, "-east-1": false, "us-east-1a": false, "us-east-111": false, "us_east_1": false, "a-b-1": false,
		"us-east-1/x": false, "us-e\u00e9st-1": false,
	} {
		if IsRegion(name) != want {
			t.Errorf("%q: got %v", name, !want)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=a/20261128/b/c/aws4_request, SignedHeaders=host, Signature=0", "20261128T221530Z", "a=b&X-Amz-Algorithm=x")
	f.Add("AWS4-HMAC-SHA256 Credential=AKIDMILLRACE00000001/20261128/us-east-1/kinesis/aws4_request,SignedHeaders=:authority;x-amz-date,Signature=ff", "20261128T221530Z", "")
	f.Add("AWS4-,,==,Credential", "Sat, 28 Nov 2026 22:15:30 GMT", "%zz")
	v := newVerifier()
	f.Fuzz(func(t *testing.T, header, date, query string) {
		r := plain("")
		r.Header["Authorization"] = []string{header}
		r.Header["X-Amz-Date"] = []string{date}
		r.URL.RawQuery = query
		if id, err := v.Verify(r, nil); err == nil {
			t.Errorf("let in: %+v", id)
		}
		_, _ = Presence(r)
	})
}

// FuzzCanonicalRequest compares our canonical form with AWS's signer.
func FuzzCanonicalRequest(f *testing.F) {
	f.Add("/", "", "v", "body")
	f.Add("/a b/%2F", "b=1&a=2&a=%20+", " x   y ", "")
	f.Fuzz(func(t *testing.T, path, query, value, body string) {
		r := plain(body)
		r.URL.Path, r.URL.RawQuery = "/"+strings.TrimLeft(path, "/"), query
		for i := range len(value) {
			if value[i] < ' ' || value[i] > '~' {
				return // not a header value
			}
		}
		if _, err := url.ParseQuery(query); err != nil || strings.Contains(query, "X-Amz-") || hasControls(query) {
			return
		}
		r.Header.Set("X-Amz-Meta", value)
		creds := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, hashOf(body), "kinesis", "us-east-1", now); err != nil {
			t.Skip(err)
		}
		if _, err := newVerifier().Verify(r, []byte(body)); err != nil {
			t.Errorf("path %q query %q value %q: %v", r.URL.Path, r.URL.RawQuery, value, err)
		}
	})
}

func hasControls(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}
