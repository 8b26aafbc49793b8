package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// lines says whether a text has n lines.
func lines(n int) func(string) bool {
	return func(s string) bool { return strings.Count(s, "\n") >= n }
}

func TestTailFollowsResharding(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--shards", "2", "--wait")
	must(t, "put", "s", "before", "--key", "k")
	out, _, stop := background(t, "tail", "s", "--from", "trim-horizon", "--raw")
	want := []string{"before"}
	put := func(data string) {
		t.Helper()
		must(t, "put", "s", data, "--key", "k")
		want = append(want, data)
	}
	out.await(t, "the first record", lines(1))
	put("two shards")
	must(t, "streams", "merge", "s", "shardId-000000000000", "shardId-000000000001", "--wait")
	put("merged")
	must(t, "streams", "split", "s", "shardId-000000000002", "--wait")
	put("split")
	must(t, "streams", "update-shard-count", "s", "1", "--wait")
	put("one shard")
	text := out.await(t, "all records", lines(len(want)))
	if got := strings.Split(strings.TrimSpace(text), "\n"); !slices.Equal(got, want) {
		t.Errorf("tail: %q, want %q", got, want)
	}
	if code := stop(); code != exitOK {
		t.Errorf("exit code of an interrupted tail = %d", code)
	}

	// From the beginning once more, through closed shards and to the end.
	if got := strings.Split(strings.TrimSpace(must(t, "tail", "s", "--no-follow", "--raw")), "\n"); !slices.Equal(got, want) {
		t.Errorf("tail --no-follow: %q, want %q", got, want)
	}
}

func TestTailFromLatest(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--wait")
	must(t, "put", "s", "old")
	out, _, _ := background(t, "tail", "s", "--raw")
	// The tail may not stand yet when the first of these is put.
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				millrace(t, "put", "s", fmt.Sprint("new", i))
			}
		}
	}()
	text := out.await(t, "a new record", lines(1))
	close(stop)
	<-done
	if strings.Contains(text, "old") || !strings.HasPrefix(text, "new") {
		t.Errorf("tail: %q", text)
	}
}

func TestTailPositions(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--wait")
	before := time.Now().Add(-time.Hour)
	var sequence []string
	for _, data := range []string{"a", "b", "c"} {
		o := objects(t, must(t, "put", "s", data, "-o", "json"))[0]
		sequence = append(sequence, o["SequenceNumber"].(string))
	}
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	for _, tc := range []struct {
		args string
		want string
	}{
		{"", "abc"},
		{"--limit 2", "ab"},
		{"--from trim-horizon", "abc"},
		{"--from latest", ""},
		{"--since 10m", "abc"},
		{"--at " + at(before), "abc"},
		{"--from at-timestamp --at " + fmt.Sprintf("%d.5", before.Unix()), "abc"},
		{"--from at-timestamp --at " + at(time.Now().Add(-time.Millisecond)), ""},
		{"--shard shardId-000000000000", "abc"},
		{"--shard shardId-000000000000 --from at-sequence --sequence " + sequence[1], "bc"},
		{"--shard shardId-000000000000 --from after-sequence --sequence " + sequence[1], "c"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			if strings.Contains(tc.args, "--at") && tc.want == "" {
				time.Sleep(5 * time.Millisecond) // the records must be older than the position
				tc.args = "--from at-timestamp --at " + at(time.Now())
			}
			args := append([]string{"tail", "s", "--until-tip", "--raw"}, strings.Fields(tc.args)...)
			if got := strings.ReplaceAll(must(t, args...), "\n", ""); got != tc.want {
				t.Errorf("tail %s: %q, want %q", tc.args, got, tc.want)
			}
		})
	}
	if r := millrace(t, "tail", "s", "--shard", "shardId-000000000009"); r.code != exitFailure || !strings.Contains(r.stderr, "has no shard") {
		t.Errorf("shard that is not there: %d %s", r.code, r.stderr)
	}
	if r := millrace(t, "tail", "nowhere"); r.code != exitFailure || !strings.Contains(r.stderr, "ResourceNotFoundException") {
		t.Errorf("stream that is not there: %d %s", r.code, r.stderr)
	}
}

func TestTailText(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--wait")
	must(t, "put", "s", "clear\x1b[2J\nline\t2 é", "--key", "k\x1b")
	millraceWith(t, strings.NewReader("\xff\x00"), "put", "s", "--key", "k")
	out := strings.Split(must(t, "tail", "s", "--no-follow"), "\n")
	if !strings.HasSuffix(out[0], ` shardId-000000000000 k\x1b  clear\x1b[2J\nline`+"\t2 é") {
		t.Errorf("text: %q", out[0])
	}
	if !strings.HasSuffix(out[1], " k  base64:/wA=") {
		t.Errorf("bytes: %q", out[1])
	}
}

func TestTailPipesIntoPut(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "a", "--shards", "3", "--wait")
	must(t, "streams", "create", "b", "--shards", "3", "--wait")
	var in strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&in, "{\"PartitionKey\":\"k%d\",\"Data\":\"<%d>\"}\n", i%7, i)
	}
	in.WriteString(`{"PartitionKey":"bytes","DataBase64":"/wA="}`)
	if r := millraceWith(t, strings.NewReader(in.String()), "put", "a", "--json-lines"); r.code != exitOK {
		t.Fatal(r.stderr)
	}
	first := must(t, "tail", "a", "--no-follow", "-o", "json")
	if r := millraceWith(t, strings.NewReader(first), "put", "b", "--json-lines"); r.code != exitOK {
		t.Fatal(r.stderr)
	}
	perKey := func(stream string) map[string][]string {
		m := make(map[string][]string)
		for _, r := range records(t, stream) {
			key := r["PartitionKey"].(string)
			m[key] = append(m[key], dataOf(t, r))
		}
		return m
	}
	a, b := perKey("a"), perKey("b")
	n := 0
	for key, want := range a {
		if n += len(want); !slices.Equal(b[key], want) {
			t.Errorf("key %s: %d records in the copy, %d in the original", key, len(b[key]), len(want))
		}
	}
	if n != 1501 || !strings.Contains(first, `"<0>"`) {
		t.Errorf("%d records", n)
	}
}
