package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"millrace/internal/engine/disk"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want string // "" is valid
	}{
		{"zero", Config{}, ""},
		{"localhost", Config{Listen: "localhost:0"}, ""},
		{"IPv6 loopback", Config{Listen: "[::1]:0"}, ""},
		{"127.8.8.8", Config{Listen: "127.8.8.8:1"}, ""},
		{"no admin port", Config{Admin: "off"}, ""},
		{"every address", Config{Listen: "0.0.0.0:4567"}, "--insecure"},
		{"every address, IPv6", Config{Listen: "[::]:4567"}, "--insecure"},
		{"every address, short", Config{Listen: ":4567"}, "--auth verify --credentials FILE"},
		{"an address", Config{Listen: "10.1.2.3:4567"}, "--insecure"},
		{"every address, insecure", Config{Listen: ":4567", Insecure: true}, ""},
		{"every address, verified", Config{Listen: ":4567", Auth: AuthVerify, CredentialsFile: "f"}, ""},
		{"no port", Config{Listen: "127.0.0.1"}, "missing port"},
		{"admin without port", Config{Admin: "127.0.0.1"}, "admin address"},
		{"verify without file", Config{Auth: AuthVerify}, "--credentials FILE"},
		{"file without verify", Config{CredentialsFile: "f"}, "--auth verify"},
		{"no such auth", Config{Auth: "maybe"}, "neither off nor verify"},
		{"negative delay", Config{StateDelay: -1}, "negative"},
		{"account", Config{Account: "12"}, "12 digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.cfg.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestExampleKeysStayOnLoopback(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(path, []byte("- {access_key: AKIAIOSFODNN7EXAMPLE, secret: whatever-it-is}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t, Config{Listen: "0.0.0.0:0", Auth: AuthVerify, CredentialsFile: path})
	if s, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "documentation") {
		t.Errorf("got %v", err)
		if err == nil {
			_ = s.Shutdown(t.Context())
		}
	}
	newServer(t, Config{Auth: AuthVerify, CredentialsFile: path})
}

func TestParseDurability(t *testing.T) {
	for text, want := range map[string]disk.Durability{"fsync": disk.Fsync, "none": disk.None, "interval=100ms": disk.Interval(100 * time.Millisecond)} {
		if got, err := ParseDurability(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "sync", "interval", "interval=", "interval=0", "interval=-1s", "interval=1", "Fsync"} {
		if got, err := ParseDurability(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestPrepareDirectory(t *testing.T) {
	file := func(t *testing.T, path string) {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		make  func(t *testing.T, dir string)
		ok    bool
		after os.FileMode
	}{
		{"new", func(*testing.T, string) {}, true, 0o700},
		{"empty", func(_ *testing.T, dir string) { _ = os.Mkdir(dir, 0o755) }, true, 0o700},
		{"ours", func(t *testing.T, dir string) { _ = os.Mkdir(dir, 0o750); file(t, filepath.Join(dir, "FORMAT")) }, true, 0o700},
		{"of something else", func(t *testing.T, dir string) { _ = os.Mkdir(dir, 0o755); file(t, filepath.Join(dir, "x")) }, false, 0o755},
		{"closed already", func(t *testing.T, dir string) { _ = os.Mkdir(dir, 0o700); file(t, filepath.Join(dir, "x")) }, true, 0o700},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a")
			c.make(t, dir)
			if err := prepareDirectory(dir); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != c.after {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "f")
	file(t, path)
	if err := prepareDirectory(path); err == nil {
		t.Error("a file was taken for a directory")
	}
}
