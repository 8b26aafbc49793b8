package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"millrace/internal/clock"
)

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
