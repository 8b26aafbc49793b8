package tlsca

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/internal/clock"
	"millrace/internal/vfs"
)

const day = 24 * time.Hour

var start = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func newAuthority(t testing.TB, fs vfs.FS, c clock.Clock, names ...string) *Authority {
	t.Helper()
	a, err := New(Config{FS: fs, Dir: "data/tls", Names: names, Clock: c, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func certificate(t testing.TB, a *Authority) *tls.Certificate {
	t.Helper()
	c, err := a.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// roots is what a client trusts that was given the exported CA.
func roots(t testing.TB, a *Authority) *x509.CertPool {
	t.Helper()
	text, err := a.CA()
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %s", text)
	}
	return pool
}

func TestNamesVerifyAgainstTheExportedCA(t *testing.T) {
	now := clock.NewManual(start)
	a := newAuthority(t, vfs.NewMem(), now, "Kinesis.Example.com", "10.1.2.3", "2001:db8::1", "localhost")
	leaf := certificate(t, a).Leaf
	for name, ok := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "kinesis.example.com": true, "10.1.2.3": true, "2001:db8::1": true,
		"example.com": false, "127.0.0.2": false, "a.localhost": false,
	} {
		_, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots(t, a), CurrentTime: now.Now()})
		if (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life >= 397*day {
		t.Errorf("valid for %v", life)
	}
	ca, err := a.store.certificate(caCert)
	if err != nil || !ca.IsCA || ca.NotAfter != start.AddDate(10, 0, 0) {
		t.Errorf("CA until %v, %v", ca.NotAfter, err)
	}
	if leaf.IsCA || leaf.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("server certificate: CA %v, %v", leaf.IsCA, leaf.PublicKeyAlgorithm)
	}
}

// TestWhatIsKept says when the CA and the server certificate stay, and when
// they are made anew.
func TestWhatIsKept(t *testing.T) {
	later := func(d time.Duration) func(*clock.Manual, *vfs.Mem) {
		return func(c *clock.Manual, _ *vfs.Mem) { c.Set(start.Add(d)) }
	}
	remove := func(names ...string) func(*clock.Manual, *vfs.Mem) {
		return func(_ *clock.Manual, fs *vfs.Mem) {
			for _, name := range names {
				_ = fs.Remove("data/tls/" + name)
			}
		}
	}
	for _, c := range []struct {
		name           string
		change         func(*clock.Manual, *vfs.Mem)
		names          []string
		sameCA, sameMe bool
	}{
		{"nothing changed", later(0), nil, true, true},
		{"a year later", later(365 * day), nil, true, true},
		{"29 days to go", later(367 * day), nil, true, false},
		{"long expired", later(2000 * day), nil, true, false},
		{"the CA's last year", later(3500 * day), nil, true, false},
		{"CA expired", later(3660 * day), nil, false, false},
		{"clock an hour back", later(-time.Hour), nil, true, true},
		{"another name", later(0), []string{"a.example.com"}, true, false},
		{"server key lost", remove(serverKey), nil, true, false},
		{"server certificate lost", remove(serverCert), nil, true, false},
		{"CA's key taken away", remove(caKey), nil, true, true},
		{"CA lost before anybody saw it", remove(caCert, serverCert), nil, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, fs := clock.NewManual(start), vfs.NewMem()
			before := newAuthority(t, fs, now)
			old := certificate(t, before)
			if again := certificate(t, before); again != old {
				t.Error("made twice")
			}
			oldCA, _ := before.CA()
			c.change(now, fs)
			after := newAuthority(t, fs, now, c.names...)
			fresh := certificate(t, after)
			freshCA, err := after.CA()
			if err != nil || (string(oldCA) == string(freshCA)) != c.sameCA {
				t.Errorf("same CA %v, %v", string(oldCA) == string(freshCA), err)
			}
			if fresh.Leaf.Equal(old.Leaf) != c.sameMe {
				t.Errorf("same certificate %v", fresh.Leaf.Equal(old.Leaf))
			}
			if _, err := fresh.Leaf.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: roots(t, after), CurrentTime: now.Now()}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRunningServerRenews(t *testing.T) {
	now := clock.NewManual(start)
	fs := vfs.NewMem()
	a := newAuthority(t, fs, now)
	first := certificate(t, a)
	now.Set(start.Add(380 * day))
	second := certificate(t, a)
	if second == first || !second.Leaf.NotAfter.After(first.Leaf.NotAfter) {
		t.Error("not renewed")
	}
	// A renewal that fails leaves what is still valid, and is tried again.
	now.Set(start.Add(380*day + 380*day))
	fs.SetCapacity(1)
	if got := certificate(t, a); got != second {
		t.Error("neither the old certificate nor an error")
	}
	fs.SetCapacity(1 << 20)
	if got := certificate(t, a); got != second {
		t.Error("tried again at once")
	}
	now.Set(now.Now().Add(2 * retryAfter))
	if got := certificate(t, a); got == second {
		t.Error("not tried again")
	}
}

func TestExpiredAndNoRoomIsAnError(t *testing.T) {
	now, fs := clock.NewManual(start), vfs.NewMem()
	fs.SetCapacity(1)
	a := newAuthority(t, fs, now)
	if c, err := a.Certificate(); !errors.Is(err, vfs.ErrNoSpace) {
		t.Errorf("got %v, %v", c, err)
	}
	fs.SetCapacity(1 << 20)
	certificate(t, a)
}

func TestDamageIsNamedAndKept(t *testing.T) {
	for _, c := range []struct {
		name, file, want string
	}{
		{"CA", caCert, "ca.pem is damaged"},
		{"CA's key", caKey, "ca.key is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, fs := clock.NewManual(start), vfs.NewMem()
			certificate(t, newAuthority(t, fs, now))
			s := store{fs: fs, dir: "data/tls"}
			if err := s.write(c.file, []byte("nonsense")); err != nil {
				t.Fatal(err)
			}
			a := newAuthority(t, fs, now, "other.example.com") // must sign anew
			if _, err := a.Certificate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if text, err := s.read(c.file); err != nil || string(text) != "nonsense" {
				t.Errorf("file is now %q, %v", text, err)
			}
		})
	}
	t.Run("CA's key of another", func(t *testing.T) {
		now, fs, other := clock.NewManual(start), vfs.NewMem(), vfs.NewMem()
		certificate(t, newAuthority(t, fs, now))
		certificate(t, newAuthority(t, other, now))
		key, _ := store{fs: other, dir: "data/tls"}.read(caKey)
		_ = store{fs: fs, dir: "data/tls"}.write(caKey, key)
		if _, err := newAuthority(t, fs, now, "x").Certificate(); err == nil || !strings.Contains(err.Error(), "does not belong") {
			t.Errorf("got %v", err)
		}
	})
}

// TestCrashAtEveryStep ends the machine after each operation on the disk. A
// CA that was handed out before is there afterwards, and there always is a
// certificate to be had.
func TestCrashAtEveryStep(t *testing.T) {
	for _, fate := range []vfs.Fate{vfs.Lost, vfs.Kept, vfs.Torn, vfs.Mixed} {
		t.Run(fate.String(), func(t *testing.T) {
			for seed := range uint64(10) {
				crashAtEveryStep(t, fate, seed)
			}
		})
	}
}

func crashAtEveryStep(t *testing.T, fate vfs.Fate, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	for step := range 200 {
		fs := vfs.NewCrashable()
		_ = fs.MkdirAll("data")
		_ = fs.SyncDir(".")
		operations := 0
		hooked := vfs.WithHook(fs, func(vfs.Op) error {
			if operations++; operations > step {
				return errors.New("the machine is gone")
			}
			return nil
		})
		a, err := New(Config{FS: hooked, Dir: "data/tls", Clock: clock.NewManual(start)})
		if err != nil {
			t.Fatal(err)
		}
		first, err := a.Certificate()
		b := newAuthority(t, fs.Crash(rnd, fate), clock.NewManual(start))
		second, err2 := b.Certificate()
		if err2 != nil {
			t.Fatalf("seed %d, step %d: %v", seed, step, err2)
		}
		if err == nil {
			if !second.Leaf.Equal(first.Leaf) {
				t.Fatalf("seed %d: a certificate that was handed out is gone", seed)
			}
			return
		}
	}
	t.Error("never done")
}

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "tls")
	make := func() (*tls.Certificate, error) {
		a, err := New(Config{FS: vfs.OS{}, Dir: dir, Names: []string{"n"}})
		if err != nil {
			t.Fatal(err)
		}
		return a.Certificate()
	}
	if _, err := make(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 5 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	for _, name := range []string{caKey, serverKey} {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := make(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a CA key that all can read: %v", err)
	}
}

// TestProcessesAgree has many make the CA at once.
func TestProcessesAgree(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			a, err := New(Config{FS: vfs.OS{}, Dir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			c, err := a.Certificate()
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			seen[string(c.Certificate[0])+string(c.Certificate[1])] = true
		})
	}
	wg.Wait()
	if len(seen) != 1 {
		t.Errorf("%d certificates", len(seen))
	}
}

func TestIsName(t *testing.T) {
	for name, want := range map[string]bool{
		"localhost": true, "a.b-c.example.com": true, "EXAMPLE.com.": true, "10.0.0.1": true, "fe80::1": true, "a_b": true,
		"": false, ".": false, "a..b": false, "-a": false, "a-": false, "*.example.com": false, "a b": false, "http://a": false,
		"a:1": false, "[::1]": false, "fe80::1%eth0": false, "ä.example": false, strings.Repeat("a", 64): false,
		strings.Repeat("a.", 127) + "a": false,
	} {
		if got := IsName(name); got != want {
			t.Errorf("IsName(%q) = %v", name, got)
		}
	}
	if _, err := New(Config{Names: []string{"*"}}); err == nil {
		t.Error("a wildcard was taken")
	}
}

func FuzzParseCertificate(f *testing.F) {
	a, err := New(Config{FS: vfs.NewMem(), Dir: "data/tls"})
	if err != nil {
		f.Fatal(err)
	}
	text, err := a.CA()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseCertificate(text)
		if err == nil && c == nil {
			t.Error("neither a certificate nor an error")
		}
	})
}
