package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"millrace/internal/server"
)

var readyAtTLS = regexp.MustCompile(`ready at (https://\S+),`)

// TestCertificatesFromServerAndDirectory exports the CA both ways, and calls
// the server with it.
func TestCertificatesFromServerAndDirectory(t *testing.T) {
	cleanEnvironment(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if r := millrace(t, "cert", "export-ca", "--data", data); r.code != exitFailure || !strings.Contains(r.stderr, "--endpoint") {
		t.Errorf("without a data directory: %d %s", r.code, r.stderr)
	}
	_, stderr, _ := background(t, "serve", "--data", data, "--listen", "127.0.0.1:0", "--admin", "off", "--state-delay", "0", "--tls", "require", "--tls-host", "kinesis.test")
	text := stderr.await(t, "that it is ready", func(s string) bool { return readyAtTLS.MatchString(s) && strings.Contains(s, "AWS_CA_BUNDLE") })
	endpoint := readyAtTLS.FindStringSubmatch(text)[1]

	if r := millrace(t, "cert", "show", "--data", data); r.code != exitFailure || !strings.Contains(r.stderr, "first client") {
		t.Errorf("before the first client: %d %s", r.code, r.stderr)
	}
	begun := time.Now()
	if r := millrace(t, "streams", "list", "--endpoint", endpoint); r.code != exitFailure || !strings.Contains(r.stderr, "cert export-ca") {
		t.Errorf("without the CA: %d %s", r.code, r.stderr)
	}
	if d := time.Since(begun); d > 5*time.Second {
		t.Errorf("an untrusted certificate was retried for %v", d)
	}
	if r := millrace(t, "streams", "list", "--endpoint", strings.Replace(endpoint, "https:", "http:", 1)); r.code != exitFailure || !strings.Contains(r.stderr, "use https") {
		t.Errorf("without TLS: %d %s", r.code, r.stderr)
	}
	file := filepath.Join(dir, "ca.pem")
	must(t, "cert", "export-ca", "--endpoint", endpoint, "--out", file)
	stored := must(t, "cert", "export-ca", "--data", data)
	if served, err := os.ReadFile(file); err != nil || string(served) != stored || !strings.HasPrefix(stored, "-----BEGIN CERTIFICATE-----") {
		t.Errorf("served %q, stored %q, %v", served, stored, err)
	}
	must(t, "streams", "create", "s", "--wait", "--endpoint", endpoint, "--ca", file)
	t.Setenv("AWS_CA_BUNDLE", file)
	must(t, "put", "s", "over TLS", "--endpoint", endpoint)
	if out := must(t, "tail", "s", "--from", "trim-horizon", "--no-follow", "--raw", "--endpoint", endpoint); out != "over TLS\n" {
		t.Errorf("read %q", out)
	}

	shown := must(t, "cert", "show", "--data", data)
	if shown != must(t, "cert", "show", "--endpoint", strings.TrimPrefix(endpoint, "https://")) {
		t.Error("the server has another certificate than its directory")
	}
	for _, want := range []string{"kinesis.test", "localhost", "127.0.0.1", "::1", "millrace CA"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %s in %s", want, shown)
		}
	}
	list := objects(t, must(t, "cert", "show", "--data", data, "-o", "json"))
	if len(list) != 2 || list[0]["CA"] != false || list[1]["CA"] != true || list[1]["Fingerprint"] == "" {
		t.Errorf("shown: %v", list)
	}
	exported := objects(t, must(t, "cert", "export-ca", "--data", data, "-o", "json"))[0]
	if exported["PEM"] != stored || exported["Fingerprint"] != list[1]["Fingerprint"] {
		t.Errorf("exported %v", exported)
	}
}

func TestCAOfAnEndpointThatHasNone(t *testing.T) {
	s := startServer(t, func(cfg *server.Config) { cfg.TLS = server.TLSOff })
	if r := millrace(t, "cert", "export-ca", "--endpoint", s.Endpoint()); r.code != exitFailure || !strings.Contains(r.stderr, "TLS with") {
		t.Errorf("%d %s", r.code, r.stderr)
	}
	if r := millrace(t, "streams", "list", "--ca", os.DevNull); r.code != exitFailure || !strings.Contains(r.stderr, "no certificate") {
		t.Errorf("%d %s", r.code, r.stderr)
	}
}

// TestHangupReloads replaces the certificate of a server that runs, and says so.
func TestHangupReloads(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGHUP")
	}
	cleanEnvironment(t)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put := func(name string) {
		data := filepath.Join(t.TempDir(), "data")
		_, stderr, stop := background(t, "serve", "--data", data, "--listen", "127.0.0.1:0", "--admin", "off", "--tls", "require", "--tls-host", name)
		text := stderr.await(t, "that it is ready", func(s string) bool { return readyAtTLS.MatchString(s) })
		must(t, "cert", "show", "--endpoint", readyAtTLS.FindStringSubmatch(text)[1])
		stop()
		for path, from := range map[string]string{cert: "server.pem", key: "server.key"} {
			b, err := os.ReadFile(filepath.Join(data, "tls", from))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("one.test")
	_, stderr, _ := background(t, "serve", "--data", ":memory:", "--listen", "127.0.0.1:0", "--admin", "off", "--tls", "require", "--tls-cert", cert, "--tls-key", key)
	text := stderr.await(t, "that it is ready", func(s string) bool { return readyAtTLS.MatchString(s) })
	if strings.Contains(text, "AWS_CA_BUNDLE") {
		t.Error("the banner tells of a CA that is not in use")
	}
	endpoint := readyAtTLS.FindStringSubmatch(text)[1]
	put("two.test")
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	stderr.await(t, "that the certificate was loaded", func(s string) bool { return strings.Contains(s, "loaded the TLS certificate") })
	if out := must(t, "cert", "show", "--endpoint", endpoint); !strings.Contains(out, "two.test") {
		t.Errorf("shown: %s", out)
	}
}
