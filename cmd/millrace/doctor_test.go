package main

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"millrace/internal/server"
)

// filled is a data directory with three records in a stream, the server
// stopped unless running.
func filled(t *testing.T) (dir string, s *server.Server, stop func()) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	s = startServer(t, func(c *server.Config) { c.Data, c.Admin = dir, "127.0.0.1:0" })
	must(t, "streams", "create", "orders", "--shards", "1", "--wait")
	for _, data := range []string{"one", "two", "three"} {
		must(t, "put", "orders", data)
	}
	return dir, s, func() {
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// spoil flips a bit of a file behind an offset where it has content.
func spoil(t *testing.T, pattern, text string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if at := strings.Index(string(b), text); at >= 0 {
			b[at] ^= 1
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%q is in none of %v", text, files)
}

func TestDoctor(t *testing.T) {
	dir, _, stop := filled(t)
	if r := millrace(t, "doctor", "check", dir); r.code != exitFailure || !strings.Contains(r.stderr, "a server is running on it") {
		t.Errorf("while the server runs: %+v", r)
	}
	stop()
	if out := must(t, "doctor", "check", dir); !strings.Contains(out, "is sound") || !strings.Contains(out, "3 records") {
		t.Error(out)
	}
	spoil(t, dir+"/journal/*.j", "two")
	r := millrace(t, "doctor", "check", dir)
	for _, want := range []string{"damaged: " + dir + "/journal/", "at offset", "lost: orders shardId-000000000000: at most 1 record", "sequence numbers 4"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in %s", want, r.stdout)
		}
	}
	if r.code != exitFailure || !strings.Contains(r.stderr, "millrace doctor salvage") {
		t.Errorf("%+v", r)
	}
	kinds := map[string]int{}
	for _, o := range objects(t, millrace(t, "doctor", "check", dir, "-o", "json").stdout) {
		kinds[o["Kind"].(string)]++
	}
	if kinds["damage"] != 1 || kinds["lost"] != 1 || kinds["check"] != 1 {
		t.Errorf("%v", kinds)
	}
	saved := filepath.Join(t.TempDir(), "saved")
	out := must(t, "doctor", "salvage", dir, "--to", saved)
	for _, want := range []string{"saved: orders shardId-000000000000: 2 records", "at most 1 record lost"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if r := millrace(t, "doctor", "salvage", dir, "--to", saved); r.code != exitFailure || !strings.Contains(r.stderr, "not empty") {
		t.Errorf("over what is there: %+v", r)
	}
	must(t, "doctor", "check", saved)
	startServer(t, func(c *server.Config) { c.Data = saved })
	if out := must(t, "tail", "orders", "--from", "trim-horizon", "--no-follow", "--raw"); out != "one\nthree\n" {
		t.Errorf("read %q", out)
	}
}

func TestBackupAndRestore(t *testing.T) {
	dir, s, stop := filled(t)
	root := t.TempDir()
	out := must(t, "backup", "--to", root+"/backup", "--admin", s.AdminAddr())
	if !strings.Contains(out, "verified: 3 records") {
		t.Error(out)
	}
	if r := millrace(t, "backup", "--to", root+"/backup", "--admin", s.AdminAddr()); r.code != exitFailure || !strings.Contains(r.stderr, "not empty") {
		t.Errorf("%+v", r)
	}
	if r := millrace(t, "backup", "--to", root+"/b", "--data", dir); r.code != exitFailure || !strings.Contains(r.stderr, "a server is running") {
		t.Errorf("%+v", r)
	}
	if r := millrace(t, "backup", "--to", root+"/b", "--admin", strings.TrimPrefix(s.Endpoint(), "http://")); r.code != exitFailure || !strings.Contains(r.stderr, "is it the admin address") {
		t.Errorf("at the API port: %+v", r)
	}
	address := s.AdminAddr()
	stop()
	if r := millrace(t, "backup", "--to", root+"/b", "--admin", address); r.code != exitFailure || !strings.Contains(r.stderr, "no server at the admin address") {
		t.Errorf("%+v", r)
	}
	if o := objects(t, must(t, "backup", "--data", dir, "--to", root+"/stopped", "--copy", "-o", "json")); o[0]["Records"] != 3.0 || o[0]["Verified"] != true || o[0]["Linked"] != 0.0 {
		t.Errorf("%v", o)
	}
	for _, from := range []string{"/backup", "/stopped"} {
		if out := must(t, "restore", root+from, "--data", root+"/restored"+from); !strings.Contains(out, "3 records") {
			t.Error(out)
		}
		startServer(t, func(c *server.Config) { c.Data = root + "/restored" + from })
		if out := must(t, "tail", "orders", "--from", "trim-horizon", "--no-follow", "--raw"); out != "one\ntwo\nthree\n" {
			t.Errorf("read %q", out)
		}
	}
	spoil(t, root+"/stopped/streams/*/*.seg", "two")
	if r := millrace(t, "restore", root+"/stopped", "--data", root+"/again"); r.code != exitFailure || !strings.Contains(r.stderr, "is damaged, and was not copied") {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(root + "/again"); err == nil {
		t.Error("a damaged backup was copied")
	}
}

func TestOfAnotherVersion(t *testing.T) {
	dir, _, stop := filled(t)
	stop()
	// As the next format version would write it: its own checksum is right.
	if err := os.WriteFile(dir+"/FORMAT", formatOfVersion(2), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"doctor", "check", dir}, {"doctor", "salvage", dir, "--to", dir + "-saved"}, {"restore", dir, "--data", dir + "-new"}} {
		if r := millrace(t, args...); r.code != exitFailure || !strings.Contains(r.stderr, "format version 2") {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

func formatOfVersion(v byte) []byte {
	b := append([]byte("MRFORMT"), v)
	b = append(b, make([]byte, 20)...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}
