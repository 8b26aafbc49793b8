package conformance_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"millrace/test/harness"
)

// TestHosts holds which names the API answers to while nobody is
// authenticated: a web page that rebinds a name of its own gets nothing.
func TestHosts(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	for host, status := range map[string]int{
		"127.0.0.1:4567":                     200,
		"127.0.0.1":                          200,
		"[::1]:4567":                         200,
		"10.1.2.3":                           200,
		"localhost":                          200,
		"localhost:4567":                     200,
		"api.localhost":                      200,
		"millrace":                           200,
		"millrace:4567":                      200,
		"kinesis.us-east-1.amazonaws.com":    200,
		"evil.example.com":                   403,
		"evil.example.com:4567":              403,
		"localhost.evil.com":                 403,
		"kinesis.us-east-1.amazonaws.com.io": 403,
		"127.0.0.1.nip.io":                   403,
	} {
		t.Run(host, func(t *testing.T) {
			a := send(t, s, call{target: "ListStreams", body: "{}", host: host})
			if a.status != status {
				t.Errorf("%d %s, want %d", a.status, a.body, status)
			}
		})
	}
}

// TestCORS holds that with authentication off only pages of this machine may
// read answers.
func TestCORS(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	open := harness.Start(t, harness.Options{Args: []string{"--cors", "*"}})
	verified := harness.Start(t, harness.Options{Verify: true})
	for _, test := range []struct {
		name   string
		server *harness.Server
		origin string
		allow  bool
	}{
		{"loopback name", s, "http://localhost:3000", true},
		{"loopback address", s, "http://127.0.0.1:8080", true},
		{"stranger", s, "https://evil.example.com", false},
		{"null", s, "null", false},
		{"lookalike", s, "http://localhost.evil.com", false},
		{"asked for", open, "https://evil.example.com", true},
		{"authenticated", verified, "https://app.example.com", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			preflight := send(t, test.server, call{method: "OPTIONS", target: "-", typ: "-", unsigned: true, header: map[string]string{
				"Origin": test.origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target",
			}})
			allowed := preflight.header.Get("Access-Control-Allow-Origin")
			if (allowed != "") != test.allow {
				t.Errorf("preflight allows %q, want allowed = %v", allowed, test.allow)
			}
			if test.allow {
				if preflight.status != 200 || preflight.body != "" {
					t.Errorf("preflight: %d %q", preflight.status, preflight.body)
				}
				if got := preflight.header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "x-amz-target") {
					t.Errorf("Allow-Headers = %q", got)
				}
				if got := preflight.header.Get("Access-Control-Max-Age"); got != "172800" {
					t.Errorf("Max-Age = %q", got)
				}
			}
			a := send(t, test.server, call{target: "ListStreams", body: "{}", header: map[string]string{"Origin": test.origin}})
			allowed = a.header.Get("Access-Control-Allow-Origin")
			if (allowed != "") != test.allow {
				t.Errorf("answer allows %q, want allowed = %v", allowed, test.allow)
			}
			if test.allow && !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "x-amzn-RequestId") {
				t.Errorf("Expose-Headers = %q", a.header.Get("Access-Control-Expose-Headers"))
			}
		})
	}
}

// TestTooLarge holds that a body over the limit is refused before it is read.
func TestTooLarge(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	conn := dial(t, s)
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\nContent-Length: 1073741824\r\n\r\n{", jsonType)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("status = %d, want 413", res.StatusCode)
	}
}

// TestChunkedTooLarge holds that a body without a length is cut at the limit.
func TestChunkedTooLarge(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	before := s.Memory(t).Now
	conn := dial(t, s)
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\nTransfer-Encoding: chunked\r\n\r\n", jsonType)
	chunk := fmt.Sprintf("100000\r\n%s\r\n", strings.Repeat("x", 1<<20))
	go func() {
		for range 64 {
			if _, err := conn.Write([]byte(chunk)); err != nil {
				return
			}
		}
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("status = %d, want 413", res.StatusCode)
	}
	if grown := s.Memory(t).Peak - before; grown > 128<<20 {
		t.Errorf("memory grew by %d MiB over one refused body", grown>>20)
	}
}

func dial(t *testing.T, s *harness.Server) net.Conn {
	t.Helper()
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestHTTP2PriorKnowledge holds that the port speaks both versions.
func TestHTTP2PriorKnowledge(t *testing.T) {
	s := harness.Start(t, harness.Options{Verify: true})
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(request(t, s, call{target: "ListStreams", body: "{}"}))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.ProtoMajor != 2 {
		t.Errorf("%d over %s, want 200 over HTTP/2", res.StatusCode, res.Proto)
	}
}

// TestTenMebibytes holds that a full PutRecords fits through the door.
func TestTenMebibytes(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	name := stream(t, s, "1")
	// 1 MiB less the partition key, in base64: 3 bytes are 4 characters.
	data := strings.Repeat("A", (1<<20-4)/3*4)
	records := strings.TrimSuffix(strings.Repeat(`{"PartitionKey":"k","Data":"`+data+`"},`, 10), ",")
	a := do(t, s, "PutRecords", `{"StreamName":"`+name+`","Records":[`+records+`]}`)
	if !strings.Contains(a.body, `"FailedRecordCount":0`) {
		t.Errorf("answer %s", a.body)
	}
}

// TestAdminPort holds the two answers of the admin port.
func TestAdminPort(t *testing.T) {
	port := harness.FreePort(t)
	harness.Start(t, harness.Options{Args: []string{"--admin", "127.0.0.1:" + port}})
	for _, path := range []string{"/livez", "/readyz"} {
		res, err := http.Get("http://127.0.0.1:" + port + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%s = %d, want 200", path, res.StatusCode)
		}
	}
}

// TestRefusesToStart holds that an open door off loopback must be asked for.
func TestRefusesToStart(t *testing.T) {
	for name, args := range map[string][]string{
		"every interface with authentication off": {"--listen", "0.0.0.0:0"},
		"verify without credentials":              {"--auth", "verify"},
		"unknown limits":                          {"--limits", "generous"},
		"unknown durability":                      {"--durability", "maybe"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := harness.Launch(t, harness.Options{Args: args})
			if err != nil {
				t.Fatal(err)
			}
			select {
			case <-s.Ended():
			case <-time.After(10 * time.Second):
				t.Fatal("it started")
			}
			if code, _ := s.Wait(); code == 0 {
				t.Errorf("exit code 0\n%s", s.Output())
			}
			if s.Output() == "" {
				t.Error("it does not say why")
			}
		})
	}
}
