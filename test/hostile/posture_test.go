package hostile

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"millrace/test/harness"
)

// keysFile writes a file of one access key.
func keysFile(t *testing.T, key, secret string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, "- access_key: %s\n  secret: %q\n", key, secret), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// otherAddress is an address of this machine that is not loopback.
func otherAddress() string {
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.To4() != nil {
			return ip.IP.String()
		}
	}
	return "192.0.2.1"
}

// TestPosture holds that a server that others could reach must be asked for,
// with keys of one's own; and what it says and exits with where it refuses.
func TestPosture(t *testing.T) {
	own := keysFile(t, "AKIDOFONESOWN", "a secret of one's own, long enough", 0o600)
	example := keysFile(t, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 0o600)
	hidden := keysFile(t, "AKIDOFSOMEONE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 0o600)
	wide := keysFile(t, "AKIDOFONESOWN", "a secret of one's own, long enough", 0o644)
	verify := func(file string) []string { return []string{"--auth", "verify", "--credentials", file} }
	const open = "can be reached by other machines"
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"every address", []string{"--listen", "0.0.0.0:0"}, 2, open},
		{"every address, IPv6", []string{"--listen", "[::]:0"}, 2, open},
		{"every address, mapped", []string{"--listen", "[::ffff:0.0.0.0]:0"}, 2, open},
		{"no address", []string{"--listen", ":0"}, 2, open},
		{"an address of this machine", []string{"--listen", otherAddress() + ":0"}, 2, open},
		{"verify without keys", []string{"--listen", "0.0.0.0:0", "--auth", "verify"}, 2, "--credentials FILE"},
		{"an unknown mode", []string{"--listen", "0.0.0.0:0", "--auth", "on"}, 2, "neither off nor verify"},
		{"keys without verify", []string{"--listen", "0.0.0.0:0", "--credentials", own}, 2, "--auth verify"},
		{"AWS's example key", append(verify(example), "--listen", "0.0.0.0:0"), 2, "documentation"},
		{"AWS's example secret", append(verify(hidden), "--listen", "0.0.0.0:0"), 2, "documentation"},
		{"keys that others may read", verify(wide), 1, "chmod 600"},
		{"keys that are not there", verify(own + ".no"), 1, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := harness.Launch(t, harness.Options{Args: c.args})
			if err != nil {
				t.Fatal(err)
			}
			select {
			case <-s.Ended():
			case <-time.After(10 * time.Second):
				t.Fatal("it started")
			}
			if code, _ := s.Wait(); code != c.code || !strings.Contains(s.Output(), c.says) {
				t.Errorf("exit code %d, want %d, saying %q; it said:\n%s", code, c.code, c.says, s.Output())
			}
		})
	}
	t.Run("a server by itself", func(t *testing.T) { byItself(t) })
}

// byItself holds that a server with nothing but a data directory listens on
// loopback alone and keeps its files to its owner.
func byItself(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, harness.Options{Data: data, Admin: true})
	listening := 0
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", s.PID(), table))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 10 || fields[3] != "0A" || !owns(t, s.PID(), fields[9]) {
				continue
			}
			listening++
			if address, _, _ := strings.Cut(fields[1], ":"); address != "0100007F" {
				t.Errorf("it listens on %s", fields[1])
			}
		}
	}
	if listening != 2 {
		t.Errorf("it listens on %d sockets, want the API's and the admin port's", listening)
	}
	err := filepath.Walk(data, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// owns reports whether a process has a socket, given by its inode.
func owns(t *testing.T, pid int, inode string) bool {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, _ := os.Readlink(link); to == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}
