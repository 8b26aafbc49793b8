package wire

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"millrace/internal/ops"
	"millrace/internal/sigv4"
	"millrace/kinesis/types"
)

// fake is a dispatcher that does what a test says.
type fake func(ctx context.Context, c ops.Caller, op ops.Operation, in any) (any, error)

func (f fake) Do(ctx context.Context, c ops.Caller, op ops.Operation, _ string, in any) (any, error) {
	return f(ctx, c, op, in)
}

// rows is a small table of operations, so that these tests need no more of
// package ops than its types.
var rows = map[string]ops.Operation{
	"ListStreams":  {Name: "ListStreams", NewInput: func() any { return new(types.ListStreamsInput) }, HasOutput: true},
	"CreateStream": {Name: "CreateStream", NewInput: func() any { return new(types.CreateStreamInput) }},
	"GetRecords":   {Name: "GetRecords", NewInput: func() any { return new(types.GetRecordsInput) }, HasOutput: true},
	"PutRecord":    {Name: "PutRecord", NewInput: func() any { return new(types.PutRecordInput) }, HasOutput: true},
	"PutRecords":   {Name: "PutRecords", NewInput: func() any { return new(types.PutRecordsInput) }, HasOutput: true},
}

func newHandler(t testing.TB, cfg Config, do fake) *Handler {
	t.Helper()
	if do == nil {
		do = func(context.Context, ops.Caller, ops.Operation, any) (any, error) {
			return &types.ListStreamsOutput{StreamNames: []string{"a"}, HasMoreStreams: new(false)}, nil
		}
	}
	cfg.Ops = do
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h.lookup = func(name string) (ops.Operation, bool) { op, ok := rows[name]; return op, ok }
	return h
}

const claim = "AWS4-HMAC-SHA256 Credential=123456789012/20261128/eu-west-1/kinesis/aws4_request, SignedHeaders=host, Signature=0"

// call is a request that is right in all its parts.
func call(operation, body string) *http.Request {
	r := httptest.NewRequest("POST", "http://127.0.0.1:4567/", strings.NewReader(body))
	r.Header.Set("Content-Type", mediaJSON)
	r.Header.Set("X-Amz-Target", targetPrefix+operation)
	r.Header.Set("X-Amz-Date", "20261128T221530Z")
	r.Header.Set("Authorization", claim)
	return r
}

func answerTo(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t testing.TB, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnswer(t *testing.T) {
	h := newHandler(t, Config{}, nil)
	resp := answerTo(h, call("ListStreams", "{}"))
	body := bodyOf(t, resp)
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil || got["HasMoreStreams"] != false {
		t.Errorf("body %q: %v", body, err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != mediaJSON {
		t.Errorf("got %d, %q", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	if id := resp.Header["x-amzn-RequestId"][0]; !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("request id %q", id)
	}
	if id := resp.Header["x-amz-id-2"][0]; len(id) < 88 || len(id) > 108 {
		t.Errorf("x-amz-id-2 %q", id)
	}
	if resp.ContentLength != int64(len(body)) {
		t.Errorf("Content-Length %d of %d", resp.ContentLength, len(body))
	}
}

func TestAnswerWithoutOutput(t *testing.T) {
	h := newHandler(t, Config{}, func(context.Context, ops.Caller, ops.Operation, any) (any, error) { return nil, nil })
	resp := answerTo(h, call("CreateStream", "{}"))
	if body := bodyOf(t, resp); resp.StatusCode != 200 || body != "" || resp.Header.Get("Content-Length") != "0" ||
		resp.Header.Get("Content-Type") != mediaJSON {
		t.Errorf("got %d %q %v", resp.StatusCode, body, resp.Header)
	}
}

func TestErrorsOfOperations(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   string
	}{
		{"modelled", &types.ResourceNotFoundException{Message: `no "x"`}, 400, `{"__type":"ResourceNotFoundException","message":"no \"x\""}`},
		{"internal", types.NewError("InternalFailure", ""), 500, `{"__type":"InternalFailure"}`},
		{"no room", types.NewError("ServiceUnavailable", "later"), 503, `{"__type":"ServiceUnavailable","message":"later"}`},
		{"nameless", errors.New("secret detail"), 500, `{"__type":"InternalFailure"}`},
		{"type check", types.NewError("SerializationException", "Expected null"), 400, `{"__type":"SerializationException","Message":"Expected null"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHandler(t, Config{}, func(context.Context, ops.Caller, ops.Operation, any) (any, error) { return nil, c.err })
			resp := answerTo(h, call("ListStreams", "{}"))
			if body := bodyOf(t, resp); resp.StatusCode != c.status || body != c.body {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
		})
	}
}

func TestPanicTellsTheClientNothing(t *testing.T) {
	var log strings.Builder
	h := newHandler(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))},
		func(context.Context, ops.Caller, ops.Operation, any) (any, error) { panic("secret detail") })
	resp := answerTo(h, call("GetRecords", "{}"+strings.Repeat(" ", 2*unaccounted)))
	if body := bodyOf(t, resp); resp.StatusCode != 500 || body != `{"__type":"InternalFailure"}` {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	if h.answers.free != h.answers.total || h.bodies.free != h.bodies.total {
		t.Error("a budget is lost")
	}
	if !strings.Contains(log.String(), "secret detail") || !strings.Contains(log.String(), resp.Header["x-amzn-RequestId"][0]) {
		t.Errorf("logged: %s", log.String())
	}
	if h.Active() != 0 {
		t.Errorf("%d requests active", h.Active())
	}
}

func TestCaller(t *testing.T) {
	h := newHandler(t, Config{Region: "eu-central-1", Account: "999999999999"}, nil)
	for _, c := range []struct{ name, key, account, region, wantAccount, wantRegion string }{
		{"all known", "AKID", "111111111111", "us-west-2", "111111111111", "us-west-2"},
		{"key is an account", "222222222222", "", "us-west-2", "222222222222", "us-west-2"},
		{"file wins over key", "222222222222", "111111111111", "us-west-2", "111111111111", "us-west-2"},
		{"nothing known", "AKID", "", "", "999999999999", "eu-central-1"},
		{"boto 2 scopes", "AKID", "", "127", "999999999999", "eu-central-1"},
		{"localhost", "AKID", "", "localhost", "999999999999", "eu-central-1"},
		{"region of no partition", "AKID", "", "xx-east-1", "999999999999", "eu-central-1"},
		{"government", "AKID", "", "us-gov-west-1", "999999999999", "us-gov-west-1"},
		{"eleven digits", "22222222222", "", "us-east-1", "999999999999", "us-east-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := h.caller(sigv4.Identity{AccessKey: c.key, Account: c.account, Region: c.region})
			if got.Account != c.wantAccount || got.Region != c.wantRegion {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestOrderOfChecks makes requests that are wrong in several ways at once:
// the first check in the order wins.
func TestOrderOfChecks(t *testing.T) {
	h := newHandler(t, Config{}, nil)
	const unknown, serialization = `{"__type":"UnknownOperationException"}`, `{"__type":"SerializationException"}`
	const deniedXML = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n"
	const missingXML = "<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n</MissingAuthenticationTokenException>\n"
	change := func(changes ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(changes); i += 2 {
				if r.Header.Del(changes[i]); changes[i+1] != "" {
					r.Header.Set(changes[i], changes[i+1])
				}
			}
		}
	}
	for _, c := range []struct {
		name, method, body string
		change             func(*http.Request)
		status             int
		media, want        string
	}{
		{"right", "POST", "{}", change(), 200, mediaJSON, `{"StreamNames":["a"],"HasMoreStreams":false}`},
		{"plain JSON", "POST", "{}", change("Content-Type", "application/json"), 200, mediaPlainJSON, `{"StreamNames":["a"],"HasMoreStreams":false}`},
		{"parameters and blanks", "POST", "{}", change("Content-Type", "  application/X-Amz-json-1.1  ;x"), 200, mediaJSON, `{"StreamNames":["a"],"HasMoreStreams":false}`},
		{"get", "GET", "", change(), 403, "", deniedXML},
		{"put with body", "PUT", "{}", change(), 403, "", deniedXML},
		{"options without origin", "OPTIONS", "", change(), 403, "", deniedXML},
		{"get without signature", "GET", "", change("Authorization", ""), 403, "", missingXML},
		{"get before all else", "GET", "{", change("Content-Type", "x", "X-Amz-Target", ""), 403, "", deniedXML},
		{"empty body", "POST", "", change("Authorization", ""), 400, mediaJSON, serialization},
		{"empty body, unknown target", "POST", "", change("X-Amz-Target", "x"), 400, mediaJSON, unknown},
		{"empty body, no type", "POST", "", change("Content-Type", ""), 400, mediaCBOR, "\xbf\x66__type\x76SerializationException\xff"},
		{"empty body, no type, unknown", "POST", "", change("Content-Type", "", "X-Amz-Target", ""), 400, mediaCBOR, "\xbf\x66__type\x78\x19UnknownOperationException\xff"},
		{"other type, no target", "POST", "{}", change("Content-Type", "text/plain", "X-Amz-Target", ""), 403, "", deniedXML},
		{"other type, no target, no signature", "POST", "{}", change("Content-Type", "text/plain", "X-Amz-Target", "", "Authorization", ""), 403, "", missingXML},
		{"other type", "POST", "{}", change("Content-Type", "text/plain"), 404, "", "<UnknownOperationException/>\n"},
		{"version 1.0", "POST", "{}", change("Content-Type", "application/x-amz-json-1.0"), 404, "", "<UnknownOperationException/>\n"},
		{"CBOR", "POST", "\xa0", change("Content-Type", mediaCBOR), 200, mediaCBOR, "\xbf\x6bStreamNames\x9f\x61a\xff\x6eHasMoreStreams\xf4\xff"},
		{"CBOR, parameters and blanks", "POST", "\xbf\xff", change("Content-Type", " Application/x-amz-cbor-1.1 ;x"), 200, mediaCBOR, "\xbf\x6bStreamNames\x9f\x61a\xff\x6eHasMoreStreams\xf4\xff"},
		{"CBOR, empty body", "POST", "", change("Content-Type", mediaCBOR, "Authorization", ""), 400, mediaCBOR, "\xbf\x66__type\x76SerializationException\xff"},
		{"CBOR, empty body, unknown target", "POST", "", change("Content-Type", mediaCBOR, "X-Amz-Target", "x"), 400, mediaCBOR, "\xbf\x66__type\x78\x19UnknownOperationException\xff"},
		{"CBOR, null, no signature", "POST", "\xf6", change("Content-Type", mediaCBOR, "Authorization", ""), 400, mediaCBOR, "\xbf\x66__type\x76SerializationException\xff"},
		{"CBOR, JSON inside, unknown target", "POST", "{}", change("Content-Type", mediaCBOR, "X-Amz-Target", "x"), 400, mediaCBOR, "\xbf\x66__type\x76SerializationException\xff"},
		{"CBOR, unknown target", "POST", "\xa0", change("Content-Type", mediaCBOR, "X-Amz-Target", "x", "Authorization", ""), 400, mediaCBOR, "\xbf\x66__type\x78\x19UnknownOperationException\xff"},
		{"CBOR, no signature", "POST", "\xa0", change("Content-Type", mediaCBOR, "Authorization", ""), 400, mediaCBOR, "\xbf\x66__type\x78\x23MissingAuthenticationTokenException\x67message\x78\x1cMissing Authentication Token\xff"},
		{"CBOR, wrong types", "POST", "\xa1\x65Limit\x61x", change("Content-Type", mediaCBOR), 400, mediaCBOR,
			"\xbf\x66__type\x76SerializationException\x67Message\x78\x39class java.lang.String can not be converted to an Integer\xff"},
		{"null, no signature", "POST", "null", change("Authorization", ""), 400, mediaJSON, serialization},
		{"text, unknown target", "POST", `"x"`, change("X-Amz-Target", "x"), 400, mediaJSON, serialization},
		{"half an object", "POST", `{"a":`, change("Authorization", ""), 400, mediaJSON, serialization},
		{"half an object, signed", "POST", `{"a":`, change(), 400, mediaJSON, serialization},
		{"something behind", "POST", `{} x`, change(), 400, mediaJSON, serialization},
		{"no target", "POST", "{}", change("X-Amz-Target", "", "Authorization", ""), 400, mediaJSON, unknown},
		{"unknown target", "POST", "{}", change("X-Amz-Target", "Kinesis_20131202.Fly", "Authorization", ""), 400, mediaJSON, unknown},
		{"no prefix", "POST", "{}", change("X-Amz-Target", "ListStreams"), 400, mediaJSON, unknown},
		{"other version", "POST", "{}", change("X-Amz-Target", "Kinesis_20131201.ListStreams"), 400, mediaJSON, unknown},
		{"target in lower case", "POST", "{}", change("X-Amz-Target", "kinesis_20131202.ListStreams"), 400, mediaJSON, unknown},
		{"no signature, wrong types", "POST", `{"Limit":"x"}`, change("Authorization", ""), 400, mediaJSON,
			`{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`},
		{"signature without date", "POST", "{}", change("X-Amz-Date", ""), 400, mediaJSON,
			`{"__type":"IncompleteSignatureException","message":"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=` + claim + `"}`},
		{"wrong types", "POST", `{"Limit":"x"}`, change(), 400, mediaJSON,
			`{"__type":"SerializationException","Message":"class java.lang.String can not be converted to an Integer"}`},
		{"gzip", "POST", "{}", change("Content-Encoding", "gzip"), 400, mediaJSON,
			`{"__type":"MalformedHttpRequestException","message":"The Content-Encoding of the body is not supported."}`},
		{"identity", "POST", "{}", change("Content-Encoding", "identity"), 200, mediaJSON, `{"StreamNames":["a"],"HasMoreStreams":false}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := call("ListStreams", c.body)
			r.Method = c.method
			c.change(r)
			resp := answerTo(h, r)
			if body := bodyOf(t, resp); resp.StatusCode != c.status || body != c.want {
				t.Errorf("got  %d %q\nwant %d %q", resp.StatusCode, body, c.status, c.want)
			}
			if got := resp.Header.Get("Content-Type"); got != c.media {
				t.Errorf("Content-Type %q, want %q", got, c.media)
			}
			if len(resp.Header["x-amzn-RequestId"]) != 1 || len(resp.Header["x-amz-id-2"]) != 1 {
				t.Errorf("no ids: %v", resp.Header)
			}
		})
	}
}
