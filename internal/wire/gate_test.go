package wire

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"millrace/internal/sigv4"
)

func TestHosts(t *testing.T) {
	l := newHostList([]string{"Streams.Example.com", "b.example.org."})
	verdicts := map[bool][]string{
		true: {
			"127.0.0.1", "127.0.0.1:", "127.0.0.1:4567", "10.1.2.3:80", "[::1]", "[::1]:4567", "[fe80::1%25eth0]:1", "localhost", "LOCALHOST:4567",
			"localhost.", "a.localhost", "a.b.localhost:1", "millrace", "millrace:4567", "my_container-1", "0", "127",
			"kinesis.us-east-1.amazonaws.com", "kinesis.us-east-1.amazonaws.com:4567", "Kinesis.eu-west-1.amazonaws.com.",
			"kinesis.cn-north-1.amazonaws.com.cn", "kinesis-fips.us-east-2.amazonaws.com", "kinesis.us-east-1.api.aws", "kinesis-fips.us-gov-west-1.api.aws",
			"123456789012.control-kinesis.us-east-1.amazonaws.com", "123456789012.data-kinesis.us-east-1.amazonaws.com",
			"123456789012.control-kinesis-fips.us-east-1.api.aws", "abcdefghijklmnopqrst.001.data-kinesis.us-east-1.amazonaws.com",
			"streams.example.com", "STREAMS.example.com:99", "b.example.org",
		},
		false: {
			"", ".", ":4567", "evil.com", "evil.com:4567", "localhost.evil.com", "127.0.0.1.evil.com", "127.0.0.1.nip.io", ".localhost",
			"notlocalhost.x", "xlocalhost.com", "kinesis.us-east-1.amazonaws.com.evil.com", "kinesis.evil.amazonaws.com", "s3.us-east-1.amazonaws.com",
			"evil.us-east-1.amazonaws.com", "x.kinesis.us-east-1.amazonaws.com", "control-kinesis.us-east-1.amazonaws.com", ".control-kinesis.us-east-1.amazonaws.com",
			"a.b.c.control-kinesis.us-east-1.amazonaws.com", "kinesis.amazonaws.com", "amazonaws.com", "us-east-1.amazonaws.com", "kinesisus-east-1.amazonaws.com",
			"127.0.0.1:x", "127.0.0.1:123456", "[::1", "::1]", "[127.0.0.1]:1", "::1", "a b", "a/b", "user@localhost", "localhost:80:80", "[]", "[]:1",
			"example.com", "x.streams.example.com", "streams.example.com.evil.com", "-", "mill\u00e4", "%6cocalhost", "localhost\x00", "[localhost]", "a..b",
		},
	}
	for want, hosts := range verdicts {
		for _, host := range hosts {
			if l.allow(host) != want {
				t.Errorf("%q: got %v", host, !want)
			}
		}
	}
	if all := newHostList([]string{"*"}); !all.allow("anything.example.com") || all.allow("") {
		t.Error("the list * does not allow all names")
	}
}

func TestForeignHostIsRefusedFirst(t *testing.T) {
	h := newHandler(t, Config{}, nil)
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		r := call("ListStreams", "")
		r.Method, r.Host = method, "rebound.example.com"
		r.Header.Set("Origin", "http://localhost")
		resp := answerTo(h, r)
		if body := bodyOf(t, resp); resp.StatusCode != 403 || !strings.HasPrefix(body, `{"__type":"AccessDeniedException","message":"`) {
			t.Errorf("%s: %d %s", method, resp.StatusCode, body)
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: CORS headers", method)
		}
	}
}

func TestOrigins(t *testing.T) {
	verifier := &sigv4.Verifier{Keys: func(string) (sigv4.Credential, bool) { return sigv4.Credential{}, false }, Now: time.Now}
	off, on := Config{}, Config{Verifier: verifier}
	listed, all := Config{CORS: []string{"https://App.example.com/"}}, Config{CORS: []string{"*"}}
	for _, c := range []struct {
		name   string
		cfg    Config
		origin string
		want   string // Access-Control-Allow-Origin; empty is refused
	}{
		{"off", off, "http://localhost:3000", "http://localhost:3000"},
		{"off", off, "https://127.0.0.1", "https://127.0.0.1"},
		{"off", off, "http://127.8.9.1:1", "http://127.8.9.1:1"},
		{"off", off, "http://[::1]:3000", "http://[::1]:3000"},
		{"off", off, "http://app.localhost", "http://app.localhost"},
		{"off", off, "https://evil.com", ""},
		{"off", off, "null", ""},
		{"off", off, "", ""},
		{"off", off, "file://", ""},
		{"off", off, "file://localhost", ""},
		{"off", off, "chrome-extension://localhost", ""},
		{"off", off, "http://localhost.evil.com", ""},
		{"off", off, "http://localhost@evil.com", ""},
		{"off", off, "http://evil.com/localhost", ""},
		{"off", off, "http://localhost/x", ""},
		{"off", off, "http://10.0.0.1", ""},
		{"off", off, "http://127.0.0.1.nip.io", ""},
		{"off", off, "http://0.0.0.0", ""},
		{"off", off, "http://.localhost", ""},
		{"off", off, "https://app.example.com", ""},
		{"listed", listed, "https://app.example.com", "https://app.example.com"},
		{"listed", listed, "http://app.example.com", ""},
		{"listed", listed, "https://app.example.com:444", ""},
		{"listed", listed, "http://localhost", "http://localhost"},
		{"all", all, "https://evil.com", "*"},
		{"all", all, "null", "*"},
		{"on", on, "https://evil.com", "*"},
	} {
		t.Run(c.name+" "+c.origin, func(t *testing.T) {
			h := newHandler(t, c.cfg, nil)
			for _, method := range []string{"POST", "OPTIONS"} {
				r := call("ListStreams", "{}")
				r.Method = method
				r.Header["Origin"] = []string{c.origin}
				r.Header.Set("Access-Control-Request-Headers", "x-amz-target,authorization")
				r.Header.Set("Access-Control-Request-Method", "POST")
				checkCORS(t, answerTo(h, r), method, c.want)
			}
		})
	}
}

func checkCORS(t *testing.T, resp *http.Response, method, want string) {
	t.Helper()
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
		t.Errorf("%s: allowed %q, want %q", method, got, want)
	}
	if want == "" {
		if body := bodyOf(t, resp); resp.StatusCode != 403 || !strings.HasPrefix(body, `{"__type":"AccessDeniedException"`) || len(resp.Header["Access-Control-Allow-Methods"]) > 0 {
			t.Errorf("%s: %d %s", method, resp.StatusCode, body)
		}
		return
	}
	if vary := resp.Header.Get("Vary"); (vary == "Origin") != (want != "*") {
		t.Errorf("%s: Vary %q", method, vary)
	}
	if resp.Header.Get("Access-Control-Expose-Headers") != exposedHeaders {
		t.Errorf("%s: exposes %q", method, resp.Header.Get("Access-Control-Expose-Headers"))
	}
	if method != "OPTIONS" {
		return
	}
	want = "200 x-amz-target,authorization POST 172800 \"\" \"\""
	got := fmt.Sprintf("%d %s %s %s %q %q", resp.StatusCode, resp.Header.Get("Access-Control-Allow-Headers"), resp.Header.Get("Access-Control-Allow-Methods"),
		resp.Header.Get("Access-Control-Max-Age"), resp.Header.Get("Content-Type"), bodyOf(t, resp))
	if got != want || len(resp.Header["x-amz-id-2"]) > 0 || len(resp.Header["x-amzn-RequestId"]) != 1 {
		t.Errorf("preflight: got %s, want %s", got, want)
	}
}

// TestSimplePostIsRefused sends what a page can send without a preflight.
func TestSimplePostIsRefused(t *testing.T) {
	h := newHandler(t, Config{}, nil)
	for name, header := range map[string]map[string]string{
		"origin":       {"Origin": "https://evil.com"},
		"opaque":       {"Origin": "null"},
		"no origin":    {"Sec-Fetch-Site": "cross-site"},
		"sibling site": {"Sec-Fetch-Site": "same-site"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "http://127.0.0.1:4567/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=d&X-Amz-Date=e", strings.NewReader("{}"))
			r.Header.Set("Content-Type", "text/plain")
			for k, v := range header {
				r.Header.Set(k, v)
			}
			if resp := answerTo(h, r); resp.StatusCode != 403 || !strings.HasPrefix(bodyOf(t, resp), `{"__type":"AccessDenied`) {
				t.Errorf("got %d", resp.StatusCode)
			}
		})
	}
	for _, site := range []string{"same-origin", "none"} {
		r := call("ListStreams", "{}")
		r.Header.Set("Sec-Fetch-Site", site)
		if resp := answerTo(h, r); resp.StatusCode != 200 {
			t.Errorf("%s: got %d", site, resp.StatusCode)
		}
	}
}
