package server

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
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

	"millrace/internal/clock"
	"millrace/internal/ops"
	"millrace/internal/tlsca"
	"millrace/internal/wire"
	"millrace/kinesis/types"
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

func TestNothingIsMadeBeforeTheFirstHandshake(t *testing.T) {
	dir := t.TempDir() + "/data"
	cfg := Config{Data: dir, TLSHosts: []string{"kinesis.example.com"}}
	s := newServer(t, cfg)
	must(t, s, "ListStreams", "{}")
	if _, err := os.Stat(filepath.Join(dir, "tls")); err == nil {
		t.Error("a CA was made, and nobody asked")
	}
	config := trust(t, s)
	config.ServerName = "kinesis.example.com"
	first := dialTLS(t, s, config).ConnectionState().PeerCertificates
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	exported, err := CACertificate(dir)
	if err != nil {
		t.Fatal(err)
	}
	s = newServer(t, cfg)
	if again := dialTLS(t, s, config).ConnectionState().PeerCertificates; !again[0].Equal(first[0]) || !again[1].Equal(first[1]) {
		t.Error("another certificate after a restart")
	}
	// The names of the certificate are names of the server.
	r := secureRequest(t, s, "ListStreams", "{}")
	r.Host = "kinesis.example.com"
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM(exported)
	resp, err := secureClient(t, config, false).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("by its name: %d", resp.StatusCode)
	}
}

func TestExportWithoutADataDirectory(t *testing.T) {
	dir := t.TempDir()
	if _, err := CACertificate(dir); err == nil || !strings.Contains(err.Error(), "not the data directory") {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("made %v", entries)
	}
}

// TestCertificateEndsWhileTheServerRuns has the server's clock at a later
// year at each handshake.
func TestCertificateEndsWhileTheServerRuns(t *testing.T) {
	now := clock.NewManual(time.Now())
	s := newFront(t, Config{Data: Memory, Clock: now}, nil)
	config := trust(t, s)
	config.Time = now.Now
	for year := range 9 {
		leaf := dialTLS(t, s, config).ConnectionState().PeerCertificates[0]
		if left := leaf.NotAfter.Sub(now.Now()); left < 24*time.Hour {
			t.Errorf("year %d: valid for another %v", year, left)
		}
		now.Advance(366 * 24 * time.Hour)
	}
}

func TestCertificateOfOnesOwn(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put := func(name string) {
		t.Helper()
		from := t.TempDir() + "/data"
		other := newServer(t, Config{Data: from, TLSHosts: []string{name}})
		trust(t, other)
		if _, err := other.certificates.Certificate(); err != nil {
			t.Fatal(err)
		}
		for path, name := range map[string]string{cert: "server.pem", key: "server.key"} {
			text, err := os.ReadFile(filepath.Join(from, "tls", name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("one.example.com")
	s := newServer(t, Config{TLSCert: cert, TLSKey: key})
	expect := func(name string) {
		t.Helper()
		leaf := dialTLS(t, s, &tls.Config{InsecureSkipVerify: true}).ConnectionState().PeerCertificates[0]
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	expect("one.example.com")
	put("two.example.com")
	if err := s.ReloadCertificate(); err != nil {
		t.Fatal(err)
	}
	expect("two.example.com")

	// Half written: what was there goes on; whole again: found unasked.
	files := s.certificates.(*certificateFiles)
	look := func() {
		files.mu.Lock()
		files.looked = time.Time{}
		files.mu.Unlock()
	}
	if err := os.WriteFile(cert, []byte("-----BEGIN"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.ReloadCertificate(); err == nil {
		t.Error("half a file was loaded")
	}
	look()
	expect("two.example.com")
	put("three.example.com")
	look()
	expect("three.example.com")

	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		cfg  Config
		want string
	}{
		{Config{TLSCert: cert, TLSKey: key}, "chmod 600"},
		{Config{TLSCert: cert, TLSKey: dir + "/nowhere"}, "no such file"},
		{Config{TLSCert: cert, TLSKey: cert}, "PRIVATE KEY"},
	} {
		other, err := Start(t.Context(), testConfig(t, bad.cfg))
		if err == nil {
			_ = other.Shutdown(context.WithoutCancel(t.Context()))
		}
		if err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("got %v, want %q", err, bad.want)
		}
	}
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

// TestDrainWaitsForNoUnusedConnection has connections of every kind that
// nobody uses, and one with a request under way, which is answered.
func TestDrainWaitsForNoUnusedConnection(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var slow bool
	s := newFront(t, Config{}, func(context.Context, ops.Operation) (any, error) {
		if slow {
			close(entered)
			<-leave
		}
		return &types.ListStreamsOutput{}, nil
	})
	config := trust(t, s)
	h2 := config.Clone()
	h2.NextProtos = []string{"h2"}
	var conns []net.Conn
	for range 5 {
		dribbling := dial(t, s)
		send(t, dribbling, "POST / HTTP/1.1\r\nX: ")
		kept := dial(t, s)
		send(t, kept, whole("ListStreams", "{}"))
		receive(t, bufio.NewReader(kept))
		hello := dial(t, s)
		send(t, hello, "\x16\x03\x01")
		conns = append(conns, dial(t, s), dribbling, kept, hello, dialTLS(t, s, config), dialTLS(t, s, h2))
	}
	for _, c := range []*http.Client{h2c(t), secureClient(t, config, true), secureClient(t, config, false)} {
		r := request(t, s, "ListStreams", strings.NewReader("{}"))
		if c.Transport.(*http.Transport).TLSClientConfig != nil {
			r.URL.Scheme = "https"
		}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	<-time.After(2 * lameDuck)
	slow = true
	last := dial(t, s)
	send(t, last, whole("ListStreams", "{}"))
	<-entered
	go func() {
		<-time.After(100 * time.Millisecond)
		close(leave)
	}()
	begun := time.Now()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	took := time.Since(begun)
	t.Logf("drained in %v", took)
	if took > time.Second {
		t.Errorf("drained in %v", took)
	}
	if status, _, _ := receive(t, bufio.NewReader(last)); status != 200 {
		t.Errorf("the request under way: %d", status)
	}
	for _, c := range conns {
		expectClosed(t, c)
	}
	if n := s.listener.Open(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

func TestDrainOfAnIdleServerIsInstant(t *testing.T) {
	s := newFront(t, Config{}, nil)
	conn := dial(t, s)
	send(t, conn, whole("ListStreams", "{}"))
	receive(t, bufio.NewReader(conn))
	dial(t, s)
	secure := dialTLS(t, s, trust(t, s))
	<-time.After(2 * lameDuck)
	begun := time.Now()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if d := time.Since(begun); d > lameDuck/2 {
		t.Errorf("drained in %v", d)
	}
	if _, err := secure.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the end of TLS: %v", err)
	}
}

// TestClosingWaitsForNoReader closes a connection whose client has stopped
// reading, so that there is no room for the end of TLS.
func TestClosingWaitsForNoReader(t *testing.T) {
	s := newFront(t, Config{}, nil)
	config := trust(t, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own := open(l, 1, s.listener.door)
	defer own.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	shaken := make(chan error, 1)
	go func() { shaken <- tls.Client(client, config).Handshake() }()
	served, err := own.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	inner := connUnder(served)
	// Where no megabytes fit any more, a few bytes may.
	for _, size := range []int{64 << 20, 1 << 20, 1 << 10} {
		for err = nil; err == nil; {
			_ = inner.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			_, err = inner.TCPConn.Write(make([]byte, size))
		}
		if !isTimeout(err) {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	_ = served.Close()
	if d := time.Since(begun); d > time.Second {
		t.Errorf("closed after %v", d)
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
