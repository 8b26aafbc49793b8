package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"millrace/internal/limits"
	"millrace/internal/server"
)

// records reads a stream as tail writes it in JSON.
func records(t *testing.T, stream string) []map[string]any {
	t.Helper()
	return objects(t, must(t, "tail", stream, "--no-follow", "-o", "json"))
}

func TestPut(t *testing.T) {
	startServer(t)
	file := filepath.Join(t.TempDir(), "data")
	binary := []byte{0, 0xff, '\n', '\r', 7}
	if err := os.WriteFile(file, binary, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, tc := range []struct {
		name  string
		stdin string
		args  []string
		want  []string // key and data; a random key is "?"
	}{
		{"argument", "", []string{"hello"}, []string{"? hello"}},
		{"argument and key", "", []string{"hello", "--key", "k"}, []string{"k hello"}},
		{"partition-key", "", []string{"hello", "--partition-key", "k"}, []string{"k hello"}},
		{"stdin", "a\nb\n", nil, []string{"? a\nb\n"}},
		{"empty stdin", "", nil, []string{"? "}},
		{"file", "", []string{"--file", file}, []string{"? \x00\xff\n\r\a"}},
		{"dash", "x", []string{"--file", "-"}, []string{"? x"}},
		{"lines", "a\nb\r\n\nc", []string{"--lines", "-k", "k"}, []string{"k a", "k b", "k ", "k c"}},
		{"no lines", "", []string{"--lines"}, nil},
		{"JSON lines", `{"PartitionKey":"k","Data":"é","Other":1}` + "\n\n" + `{"PartitionKey":"l","DataBase64":"AP8="}` + "\n" + `{"Data":""}`,
			[]string{"--json-lines"}, []string{"k é", "l \x00\xff", "? "}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stream := fmt.Sprintf("s%d", i)
			must(t, "streams", "create", stream, "--wait")
			r := millraceWith(t, strings.NewReader(tc.stdin), append([]string{"put", stream}, tc.args...)...)
			if r.code != exitOK {
				t.Fatalf("exit code %d: %s", r.code, r.stderr)
			}
			got := records(t, stream)
			if len(got) != len(tc.want) {
				t.Fatalf("%d records, want %d: %v", len(got), len(tc.want), got)
			}
			for i, want := range tc.want {
				key, data, _ := strings.Cut(want, " ")
				if k := got[i]["PartitionKey"]; key != "?" && k != key || k == "" {
					t.Errorf("record %d: key %v, want %s", i, k, key)
				}
				if d := dataOf(t, got[i]); d != data {
					t.Errorf("record %d: %q, want %q", i, d, data)
				}
			}
		})
	}
}

func dataOf(t *testing.T, record map[string]any) string {
	t.Helper()
	if text, ok := record["Data"].(string); ok {
		return text
	}
	entry, err := lineRecord([]byte(`{"DataBase64":"`+record["DataBase64"].(string)+`"}`), putFlags{jsonLines: true})
	if err != nil {
		t.Fatal(err)
	}
	return string(entry.Data)
}

func TestPutSaysWhatWasStored(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--shards", "1", "--wait")
	if out := must(t, "put", "s", "a"); !strings.HasPrefix(out, "shardId-000000000000 4") {
		t.Errorf("one record: %q", out)
	}
	lines := strings.NewReader(strings.Repeat("x\n", 1234))
	if r := millraceWith(t, lines, "put", "s", "--lines"); r.stdout != "stored 1234 records in 1 shard\n" {
		t.Errorf("many records: %q %s", r.stdout, r.stderr)
	}
	r := millraceWith(t, strings.NewReader("x\ny\n"), "put", "s", "--lines", "-o", "json")
	if o := objects(t, r.stdout); len(o) != 2 || o[1]["ShardId"] != "shardId-000000000000" || o[1]["SequenceNumber"].(string) <= o[0]["SequenceNumber"].(string) {
		t.Errorf("JSON: %v", o)
	}
}

func TestPutOfAFaultyLine(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--wait")
	for _, bad := range []string{"{", `{"PartitionKey":"k"}`, `{"Data":"a","DataBase64":"YQ=="}`, `{"DataBase64":"?"}`} {
		in := strings.NewReader(`{"Data":"good"}` + "\n" + bad + "\n" + `{"Data":"never"}` + "\n")
		r := millraceWith(t, in, "put", "s", "--json-lines")
		if r.code != exitFailure || !strings.Contains(r.stderr, "line 2: ") {
			t.Errorf("%s: %d %s", bad, r.code, r.stderr)
		}
	}
	for _, rec := range records(t, "s") {
		if rec["Data"] != "good" {
			t.Errorf("stored %v", rec)
		}
	}
}

func TestPutIntoNothing(t *testing.T) {
	startServer(t)
	r := millraceWith(t, strings.NewReader("a\nb\n"), "put", "nowhere", "--lines")
	if r.code != exitFailure || !strings.Contains(r.stderr, "ResourceNotFoundException") || !strings.Contains(r.stderr, "streams list") {
		t.Errorf("%d %s", r.code, r.stderr)
	}
}

func TestPutSendsSlowLinesAtOnce(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--wait")
	out, _, _ := background(t, "tail", "s", "--from", "trim-horizon", "--raw")
	in, lines := io.Pipe()
	done := make(chan result)
	go func() { done <- millraceWith(t, in, "put", "s", "--lines") }()
	fmt.Fprintln(lines, "first")
	out.await(t, "the first line, while put goes on", func(s string) bool { return s == "first\n" })
	fmt.Fprintln(lines, "second")
	lines.Close()
	if r := <-done; r.code != exitOK || !strings.Contains(r.stdout, "2 records") {
		t.Errorf("%+v", r)
	}
	out.await(t, "both lines", func(s string) bool { return s == "first\nsecond\n" })
}

func FuzzLineRecord(f *testing.F) {
	f.Add([]byte(`{"PartitionKey":"k","Data":"a"}`))
	f.Add([]byte(`{"DataBase64":"AP8=","ExplicitHashKey":"0"}`))
	f.Add([]byte(`{"Data":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := lineRecord(line, putFlags{jsonLines: true})
		if err != nil {
			return
		}
		if e.PartitionKey == nil || *e.PartitionKey == "" || e.Data == nil {
			t.Errorf("%q gives a record without key or data: %+v", line, e)
		}
		if raw, err := lineRecord(line, putFlags{lines: true}); err != nil || !bytes.Equal(raw.Data, line) {
			t.Errorf("%q as raw bytes gives %q, %v", line, raw.Data, err)
		}
	})
}

// A shard takes 1,000 records a second: the rest is refused at first.
func TestPutSendsAgainWhatAShardRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the second that the shard needs")
	}
	startServer(t, func(c *server.Config) { c.Limits = limits.AWS() })
	must(t, "streams", "create", "s", "--wait")
	r := millraceWith(t, strings.NewReader(strings.Repeat("x\n", 2200)), "put", "s", "--lines")
	if r.code != exitOK || r.stdout != "stored 2200 records in 1 shard\n" {
		t.Errorf("%+v", r)
	}
	if got := len(records(t, "s")); got != 2200 {
		t.Errorf("%d records in the stream, want 2200", got)
	}
}
