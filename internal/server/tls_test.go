package server

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"millrace/internal/tlsca"
	"millrace/internal/wire"
)

// trust is a client's configuration that trusts the server's CA alone.
func trust(t testing.TB, s *Server) *tls.Config {
	t.Helper()
	text, err := s.certificates.(*tlsca.Authority).CA()
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %q", text)
	}
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// secureClient speaks TLS, and in it HTTP/2 or HTTP/1.1 and only that.
func secureClient(t testing.TB, config *tls.Config, h2 bool) *http.Client {
	var p http.Protocols
	p.SetHTTP2(h2)
	p.SetHTTP1(!h2)
	transport := &http.Transport{TLSClientConfig: config.Clone(), Protocols: &p, MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func secureRequest(t testing.TB, s *Server, operation, body string) *http.Request {
	r := request(t, s, operation, strings.NewReader(body))
	r.URL.Scheme = "https"
	return r
}

// dialTLS shakes hands.
func dialTLS(t testing.TB, s *Server, config *tls.Config) *tls.Conn {
	t.Helper()
	c := tls.Client(dial(t, s), config)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryProtocolOnOnePort(t *testing.T) {
	s := newFront(t, Config{}, nil)
	config := trust(t, s)
	for _, c := range []struct {
		name   string
		client *http.Client
		scheme string
		major  int
	}{
		{"HTTP/1.1", &http.Client{Transport: &http.Transport{}}, "http", 1},
		{"HTTP/2", h2c(t), "http", 2},
		{"HTTP/1.1 over TLS", secureClient(t, config, false), "https", 1},
		{"HTTP/2 over TLS", secureClient(t, config, true), "https", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 3 {
				r := request(t, s, "ListStreams", strings.NewReader("{}"))
				r.URL.Scheme = c.scheme
				resp, err := c.client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode != 200 || resp.ProtoMajor != c.major || string(body) != `{"StreamNames":["s"],"HasMoreStreams":false}` {
					t.Errorf("%s %d %s", resp.Proto, resp.StatusCode, body)
				}
			}
			c.client.CloseIdleConnections()
		})
	}
}

func TestHandshakes(t *testing.T) {
	s := newFront(t, Config{}, nil)
	good := trust(t, s)
	for _, c := range []struct {
		name   string
		change func(*tls.Config)
		want   string // part of the error; "" succeeds
		proto  string
	}{
		{"no ALPN", func(*tls.Config) {}, "", ""},
		{"TLS 1.2", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, "", ""},
		{"TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, "protocol version", ""},
		{"h2", func(c *tls.Config) { c.NextProtos = []string{"http/1.1", "h2"} }, "", "h2"},
		{"http/1.1", func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }, "", "http/1.1"},
		{"another protocol", func(c *tls.Config) { c.NextProtos = []string{"imap"} }, "no application protocol", ""},
		{"address", func(c *tls.Config) { c.ServerName = "127.0.0.1" }, "", ""},
		{"another name", func(c *tls.Config) { c.ServerName = "example.com" }, "certificate is valid for", ""},
		{"without the CA", func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }, "unknown authority", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good.Clone()
			c.change(config)
			client := tls.Client(dial(t, s), config)
			err := client.Handshake()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if got := client.ConnectionState().NegotiatedProtocol; got != c.proto {
				t.Errorf("agreed on %q", got)
			}
		})
	}
	expectAlive(t, s)
}

func TestSessionsAreResumed(t *testing.T) {
	s := newFront(t, Config{}, nil)
	config := trust(t, s)
	config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	for i := range 2 {
		c := dialTLS(t, s, config)
		send(t, c, whole("ListStreams", "{}"))
		receive(t, bufio.NewReader(c))
		if resumed := c.ConnectionState().DidResume; resumed != (i == 1) {
			t.Errorf("connection %d: resumed %v", i, resumed)
		}
		c.Close()
	}
}

// TestErrorsOfHTTPOverTLS wants them in the form of the API, as without.
func TestErrorsOfHTTPOverTLS(t *testing.T) {
	s := newFront(t, Config{}, nil)
	for _, c := range []struct{ name, text, status string }{
		{"nonsense", "\x00\x01\x02\x03\r\n\r\n", "400"},
		{"no version", "POST /\r\n\r\n", "400"},
		{"header of a megabyte", head("ListStreams") + "X-Y: " + strings.Repeat("z", 1<<20) + "\r\n\r\n", "431"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dialTLS(t, s, trust(t, s))
			go func() { _, _ = io.WriteString(conn, c.text) }() // the server may close before all is sent
			_, got, _ := strings.Cut(expectClosed(t, conn), " ")
			_, body, _ := strings.Cut(got, "\r\n\r\n")
			if !strings.HasPrefix(got, c.status) || !jsonError(body, "MalformedHttpRequestException") {
				t.Errorf("got %q", got)
			}
		})
	}
	expectAlive(t, s)
}

func TestGarbageInPlaceOfTLS(t *testing.T) {
	s := newFront(t, Config{HeaderTimeout: 300 * time.Millisecond}, nil)
	for _, c := range []struct{ name, text string }{
		{"one byte and the end", "\x16"},
		{"a record of no kind", "\x16" + strings.Repeat("\xff", 1000)},
		{"plain HTTP after it", "\x16" + whole("ListStreams", "{}")},
		{"a hello of nonsense", "\x16\x03\x01\x00\x10" + strings.Repeat("\x01", 16)},
		{"SSL 3", "\x16\x03\x00\x00\x2f\x01\x00\x00\x2b\x03\x00" + strings.Repeat("\x00", 40)},
		{"an alert", "\x15\x03\x01\x00\x02\x02\x28"},
		{"application data", "\x17\x03\x03\x00\x10" + strings.Repeat("\x00", 16)},
		{"SSL 2 hello", "\x80\x2e\x01\x00\x02" + strings.Repeat("\x00", 40)},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, s)
			send(t, conn, c.text)
			_ = conn.CloseWrite()
			if got := expectClosed(t, conn); strings.Contains(got, " 200 ") {
				t.Errorf("got %q", got)
			}
		})
	}
	expectAlive(t, s)
}

func TestSilentClientsAreCut(t *testing.T) {
	const limit = 300 * time.Millisecond
	s := newFront(t, Config{HeaderTimeout: limit, IdleTimeout: time.Minute}, nil)
	config := trust(t, s)
	h2 := config.Clone()
	h2.NextProtos = []string{"h2"}
	plain := func(text string) func(t *testing.T) net.Conn {
		return func(t *testing.T) net.Conn {
			c := dial(t, s)
			send(t, c, text)
			return c
		}
	}
	secure := func(config *tls.Config, text string) func(t *testing.T) net.Conn {
		return func(t *testing.T) net.Conn {
			c := dialTLS(t, s, config)
			send(t, c, text)
			return c
		}
	}
	for _, c := range []struct {
		name    string
		connect func(t *testing.T) net.Conn
		drip    string
	}{
		{"nothing at all", plain(""), ""},
		{"one byte", plain("P"), ""},
		{"half a head", plain("POST / HTTP/1.1\r\n"), ""},
		{"dribbling head", plain("POST / HTTP/1.1\r\n"), "X: y\r\n"},
		{"half a preface", plain("PRI * HTTP/2.0\r\n"), ""},
		{"one byte of TLS", plain("\x16"), ""},
		{"half a hello", plain("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), ""},
		{"dribbling hello", plain("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "\x00"},
		{"TLS and nothing", secure(config, ""), ""},
		{"TLS and half a head", secure(config, "POST / HTTP/1.1\r\n"), ""},
		{"TLS and a dribbling head", secure(config, "POST / HTTP/1.1\r\n"), "X: y\r\n"},
		{"TLS, h2 and nothing", secure(h2, ""), ""},
		{"TLS, h2 and half a preface", secure(h2, "PRI * HTTP/2.0\r\n"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := c.connect(t)
			begun := time.Now()
			done := make(chan struct{})
			defer close(done)
			if c.drip != "" {
				go drip(conn, c.drip, done)
			}
			expectClosed(t, conn)
			if d := time.Since(begun); d > 2*limit+time.Second {
				t.Errorf("cut after %v", d)
			}
		})
	}
}

// drip sends a piece every 20 ms.
func drip(conn net.Conn, piece string, done <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			_, _ = io.WriteString(conn, piece)
		}
	}
}

// TestFirstRequestHasItsTime sends a body after the time for the head is
// over, and a second request even later.
func TestFirstRequestHasItsTime(t *testing.T) {
	const limit = 200 * time.Millisecond
	s := newFront(t, Config{HeaderTimeout: limit}, nil)
	for name, connect := range map[string]func() net.Conn{
		"plain": func() net.Conn { return dial(t, s) },
		"TLS":   func() net.Conn { return dialTLS(t, s, trust(t, s)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := connect()
			r := bufio.NewReader(c)
			for range 2 {
				send(t, c, head("ListStreams")+"Content-Length: 2\r\n\r\n")
				<-time.After(2 * limit)
				send(t, c, "{}")
				if status, _, body := receive(t, r); status != 200 {
					t.Fatalf("got %d %s", status, body)
				}
				<-time.After(2 * limit)
			}
		})
	}
}

func TestModes(t *testing.T) {
	required := newFront(t, Config{TLS: TLSRequire}, nil)
	for name, text := range map[string]string{"HTTP/1.1": whole("ListStreams", strings.Repeat(" ", 100<<10)), "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"} {
		t.Run("require refuses "+name, func(t *testing.T) {
			conn := dial(t, required)
			send(t, conn, text)
			r := bufio.NewReader(conn)
			status, header, body := receive(t, r)
			if status != 400 || !strings.Contains(body, "https") || !jsonError(body, "MalformedHttpRequestException") || header.Get("Close") != "true" {
				t.Errorf("got %d %s", status, body)
			}
			_ = conn.CloseWrite()
			expectClosed(t, r)
		})
	}
	resp, err := secureClient(t, trust(t, required), true).Do(request(t, required, "ListStreams", strings.NewReader("{}")))
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("TLS where it is required: %v", err)
	} else {
		resp.Body.Close()
	}

	off := newFront(t, Config{TLS: TLSOff}, nil)
	if err := tls.Client(dial(t, off), &tls.Config{InsecureSkipVerify: true}).Handshake(); err == nil {
		t.Error("TLS although it is off")
	}
	expectAlive(t, off)
}

// sign signs a request that has this body.
func sign(t testing.TB, r *http.Request, key, secret, body string) {
	t.Helper()
	r.Header.Del("Authorization")
	sum := sha256.Sum256([]byte(body))
	creds := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), "kinesis", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
}

// TestSignaturesOverTLS verifies a client's signature, under which the host is.
func TestSignaturesOverTLS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(path, []byte("- {access_key: AKIDTLS, secret: a-secret-of-some-length}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, Config{Auth: AuthVerify, CredentialsFile: path, TLS: TLSRequire})
	for _, h2 := range []bool{false, true} {
		client := secureClient(t, trust(t, s), h2)
		for secret, want := range map[string]int{"a-secret-of-some-length": 200, "another": 400} {
			r := request(t, s, "ListStreams", strings.NewReader("{}"))
			sign(t, r, "AKIDTLS", secret, "{}")
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("h2 %v, %s: %d %s", h2, secret, resp.StatusCode, body)
			}
		}
	}
}

func TestValidateTLS(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"require", Config{TLS: TLSRequire}, ""},
		{"off", Config{TLS: TLSOff}, ""},
		{"no such mode", Config{TLS: "maybe"}, "none of auto, require and off"},
		{"half of one's own", Config{TLSCert: "c"}, "belong together"},
		{"other half of one's own", Config{TLSKey: "k"}, "belong together"},
		{"one's own", Config{TLSCert: "c", TLSKey: "k"}, ""},
		{"one's own, with names", Config{TLSCert: "c", TLSKey: "k", TLSHosts: []string{"a"}}, "does not go with"},
		{"one's own, off", Config{TLS: TLSOff, TLSCert: "c", TLSKey: "k"}, "no use"},
		{"names, off", Config{TLS: TLSOff, TLSHosts: []string{"a"}}, "no use"},
		{"names", Config{TLSHosts: []string{"a.example.com", "10.0.0.1"}}, ""},
		{"wildcard", Config{TLSHosts: []string{"*.example.com"}}, "neither a host name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.cfg.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestSlowBodyOverTLSIsCut(t *testing.T) {
	s := newFront(t, Config{Bounds: wire.Bounds{BodyWindow: 200 * time.Millisecond}}, nil)
	c := dialTLS(t, s, trust(t, s))
	send(t, c, head("ListStreams")+"Content-Length: 10\r\n\r\n")
	status, _, body := receive(t, bufio.NewReader(c))
	var text map[string]string
	if err := json.Unmarshal([]byte(body), &text); status != 408 || err != nil {
		t.Errorf("a body that does not come: %d %s", status, body)
	}
}
