package conformance_test

import (
	"strings"
	"testing"
	"time"

	"millrace/test/harness"
)

const key = harness.AccessKey

// TestOrderOfChecks holds that the first thing wrong with a request is the
// one that is answered.
func TestOrderOfChecks(t *testing.T) {
	s := harness.Start(t, harness.Options{Verify: true})
	xml := func(name string) string { return "<" + name }
	tests := []struct {
		name   string
		call   call
		status int
		typ    string // __type, or the start of an XML body
		text   string
	}{
		{"GET is not a call", call{method: "GET", target: "ListStreams"}, 403, xml("AccessDeniedException"), "Unable to determine service/operation name to be authorized"},
		{"PUT is not a call", call{method: "PUT", target: "ListStreams", body: "{}"}, 403, xml("AccessDeniedException"), "Unable to determine service/operation name to be authorized"},
		{"empty body, known operation", call{target: "ListStreams", unsigned: true}, 400, "SerializationException", ""},
		{"empty body, unknown operation", call{target: "Nonsense", unsigned: true}, 400, "UnknownOperationException", ""},
		{"unusable content type, no target", call{typ: "text/plain", target: "-", body: "{}"}, 403, xml("AccessDeniedException"), ""},
		{"unusable content type, target", call{typ: "text/plain", target: "ListStreams", body: "{}"}, 404, xml("UnknownOperationException"), ""},
		{"json-1.0 is unusable", call{typ: "application/x-amz-json-1.0", target: "ListStreams", body: "{}"}, 404, xml("UnknownOperationException"), ""},
		{"body is not JSON", call{target: "ListStreams", body: "{", unsigned: true}, 400, "SerializationException", ""},
		{"body is null", call{target: "ListStreams", body: "null", unsigned: true}, 400, "SerializationException", ""},
		{"body is a string", call{target: "ListStreams", body: `"x"`, unsigned: true}, 400, "SerializationException", ""},
		{"body is a list", call{target: "ListStreams", body: `[]`, unsigned: true}, 400, "SerializationException", ""},
		{"unknown operation before authentication", call{target: "Nonsense", body: "{}", unsigned: true}, 400, "UnknownOperationException", ""},
		{"unknown service", call{target: "DynamoDB_20120810.ListTables", body: "{}", unsigned: true}, 400, "UnknownOperationException", ""},
		{"no target", call{target: "-", body: "{}", unsigned: true}, 400, "UnknownOperationException", ""},
		{"authentication before the type check", call{target: "ListStreams", body: `{"Limit":"x"}`, unsigned: true}, 400, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"header and query authentication", call{target: "ListStreams", body: "{}", query: "X-Amz-Algorithm=AWS4-HMAC-SHA256"}, 400, "InvalidSignatureException", "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
		{"wrong secret", call{target: "ListStreams", body: "{}", secret: "wrong wrong wrong"}, 400, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided."},
		{"too old", call{target: "ListStreams", body: "{}", at: time.Now().Add(-6 * time.Minute)}, 400, "InvalidSignatureException", "Signature expired: "},
		{"too new", call{target: "ListStreams", body: "{}", at: time.Now().Add(6 * time.Minute)}, 400, "InvalidSignatureException", "Signature not yet current: "},
		{"four minutes old is fine", call{target: "ListStreams", body: "{}", at: time.Now().Add(-4 * time.Minute)}, 200, "", ""},
		{"type check before constraints", call{target: "GetRecords", body: `{"ShardIterator":"","Limit":"x"}`}, 400, "SerializationException", "class java.lang.String can not be converted to an Integer"},
		{"constraints before the operation", call{target: "DescribeStream", body: `{"StreamName":"no spaces"}`}, 400, "ValidationException", "1 validation error detected: Value 'no spaces' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"the operation", call{target: "DescribeStream", body: `{"StreamName":"nobody"}`}, 400, "ResourceNotFoundException", "Stream nobody under account 000000000000 not found."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := send(t, s, test.call)
			if a.status != test.status {
				t.Fatalf("status = %d, want %d; body %s", a.status, test.status, a.body)
			}
			switch {
			case strings.HasPrefix(test.typ, "<"):
				if !strings.HasPrefix(a.body, test.typ) || !strings.Contains(a.body, test.text) {
					t.Errorf("body = %q, want %s… with %q", a.body, test.typ, test.text)
				}
			case test.typ != "":
				if f := a.fault(t); f.Type != test.typ || !strings.HasPrefix(f.Message, test.text) {
					t.Errorf("fault = %+v, want %s with %q", f, test.typ, test.text)
				}
				if got := a.header.Get("Content-Type"); got != jsonType {
					t.Errorf("Content-Type = %q, want %q", got, jsonType)
				}
			}
		})
	}
}

// TestAuthorizationHeader holds the texts for a header that lacks something,
// which are given with signature checks off as well.
func TestAuthorizationHeader(t *testing.T) {
	const (
		credential = "Credential=" + key + "/20260101/us-east-1/kinesis/aws4_request"
		headers    = "SignedHeaders=host;x-amz-date"
		signature  = "Signature=00"
		date       = "20260101T000000Z"
	)
	missing := func(name string) string { return "Authorization header requires '" + name + "' parameter. " }
	tests := []struct {
		name, authorization, date, text string
	}{
		{"nothing", "AWS4-HMAC-SHA256", date, missing("Credential") + missing("Signature") + missing("SignedHeaders")},
		{"no credential", "AWS4-HMAC-SHA256 " + headers + ", " + signature, date, missing("Credential")},
		{"no signature", "AWS4-HMAC-SHA256 " + credential + ", " + headers, date, missing("Signature")},
		{"no headers", "AWS4-HMAC-SHA256 " + credential + ", " + signature, date, missing("SignedHeaders")},
		{"no date", "AWS4-HMAC-SHA256 " + credential + ", " + headers + ", " + signature, "-", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "},
	}
	for _, verify := range []bool{false, true} {
		s := harness.Start(t, harness.Options{Verify: verify})
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				a := send(t, s, call{target: "ListStreams", body: "{}", unsigned: true, header: map[string]string{
					"Authorization": test.authorization, "X-Amz-Date": test.date,
				}})
				f := a.fault(t)
				want := test.text + "Authorization=" + test.authorization
				if a.status != 400 || f.Type != "IncompleteSignatureException" || f.Message != want {
					t.Errorf("%d %+v, want 400 IncompleteSignatureException %q", a.status, f, want)
				}
			})
		}
	}
}

// TestAuthOff holds that without checks a request must still be signed in
// form, and that any key will do.
func TestAuthOff(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	for name, c := range map[string]call{
		"wrong secret":         {target: "ListStreams", body: "{}", secret: "wrong wrong wrong"},
		"old":                  {target: "ListStreams", body: "{}", at: time.Now().Add(-48 * time.Hour)},
		"odd scope of boto":    {target: "ListStreams", body: "{}", region: "0", service: "127"},
		"localhost twice":      {target: "ListStreams", body: "{}", region: "localhost", service: "localhost"},
		"parameters of a type": {target: "ListStreams", body: "{}", typ: "  " + jsonType + "  ;charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			if a := send(t, s, c); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		a := send(t, s, call{target: "ListStreams", body: "{}", unsigned: true})
		if f := a.fault(t); a.status != 400 || f != (fault{"MissingAuthenticationTokenException", "Missing Authentication Token"}) {
			t.Errorf("%d %+v", a.status, f)
		}
	})
}

// TestVerifyScopes holds that a signature is checked with the scope it names.
func TestVerifyScopes(t *testing.T) {
	s := harness.Start(t, harness.Options{Verify: true})
	for _, scope := range [][2]string{{"us-east-1", "kinesis"}, {"eu-west-3", "kinesis"}, {"0", "127"}, {"localhost", "localhost"}} {
		if a := send(t, s, call{target: "ListStreams", body: "{}", region: scope[0], service: scope[1]}); a.status != 200 {
			t.Errorf("scope %v: %d %s", scope, a.status, a.body)
		}
	}
}

// TestTampered holds that no signed part of a request can be changed under
// its signature.
func TestTampered(t *testing.T) {
	s := harness.Start(t, harness.Options{Verify: true})
	for name, header := range map[string]map[string]string{
		"target": {"X-Amz-Target": "Kinesis_20131202.DescribeLimits"},
		"date":   {"X-Amz-Date": time.Now().UTC().Add(-time.Minute).Format("20060102T150405Z")},
	} {
		t.Run(name, func(t *testing.T) {
			a := send(t, s, call{target: "ListStreams", body: "{}", header: header})
			if f := a.fault(t); a.status != 400 || f.Type != "InvalidSignatureException" {
				t.Errorf("%d %+v, want InvalidSignatureException", a.status, f)
			}
		})
	}
	t.Run("body", func(t *testing.T) {
		signed := request(t, s, call{target: "ListStreams", body: `{"Limit":1}`})
		a := send(t, s, call{target: "ListStreams", body: `{"Limit":2}`, unsigned: true, header: map[string]string{
			"Authorization": signed.Header.Get("Authorization"), "X-Amz-Date": signed.Header.Get("X-Amz-Date"),
		}})
		if f := a.fault(t); a.status != 400 || f.Type != "InvalidSignatureException" {
			t.Errorf("%d %+v, want InvalidSignatureException", a.status, f)
		}
	})
}
