package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"millrace/internal/engine/disk"
)

// acked is a record that was acknowledged, by its data.
type acked struct{ shard, sequence string }

// producers put records until stop, and note what was acknowledged.
func producers(t *testing.T, s *Server, n int) (snapshot func() map[string]acked, stop func()) {
	var mu sync.Mutex
	var running sync.WaitGroup
	var ended atomic.Bool
	done := map[string]acked{}
	for p := range n {
		running.Go(func() {
			for i := 0; !ended.Load(); i++ {
				data := fmt.Sprintf("%d-%d", p, i)
				out := must(t, s, "PutRecords", fmt.Sprintf(`{"StreamName":"s","Records":[{"Data":%q,"PartitionKey":"k%d"},{"Data":%q,"PartitionKey":"j%d"}]}`,
					encoded(data+"a"), i, encoded(data+"b"), i))
				mu.Lock()
				for k, r := range out["Records"].([]any) {
					r := r.(map[string]any)
					done[data+string("ab"[k])] = acked{r["ShardId"].(string), r["SequenceNumber"].(string)}
				}
				mu.Unlock()
			}
		})
	}
	snapshot = func() map[string]acked {
		mu.Lock()
		defer mu.Unlock()
		out := map[string]acked{}
		for k, v := range done {
			out[k] = v
		}
		return out
	}
	return snapshot, func() { ended.Store(true); running.Wait() }
}

// readAll reads the stream s with the order of each shard checked.
func readAll(t *testing.T, s *Server) map[string]acked {
	t.Helper()
	out := map[string]acked{}
	for _, sh := range must(t, s, "ListShards", `{"StreamName":"s"}`)["Shards"].([]any) {
		id := sh.(map[string]any)["ShardId"].(string)
		it := must(t, s, "GetShardIterator", fmt.Sprintf(`{"StreamName":"s","ShardId":%q,"ShardIteratorType":"TRIM_HORIZON"}`, id))["ShardIterator"]
		last := ""
		for it != nil {
			page := must(t, s, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, it))
			records := page["Records"].([]any)
			for _, r := range records {
				r := r.(map[string]any)
				data, n := decoded(t, r["Data"].(string)), r["SequenceNumber"].(string)
				if _, twice := out[data]; twice || n <= last {
					t.Fatalf("%s: %s twice (%v) or out of order, %s after %s", id, data, twice, n, last)
				}
				out[data], last = acked{id, n}, n
			}
			if it = page["NextShardIterator"]; page["MillisBehindLatest"] == 0.0 {
				break
			}
		}
	}
	return out
}

func encoded(data string) string { return base64.StdEncoding.EncodeToString([]byte(data)) }

func decoded(t testing.TB, text string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func askBackup(t testing.TB, s *Server, body string, change func(*http.Request)) (int, BackupAnswer) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+s.AdminAddr()+BackupPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(BackupHeader, "backup")
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer BackupAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		answer.Error = string(text)
	}
	return resp.StatusCode, answer
}

// TestBackupUnderLoad makes backups of a server that is busy, and starts one
// on each: everything that was acknowledged before it was asked for is there,
// under its number, and nothing that was never put.
func TestBackupUnderLoad(t *testing.T) {
	root := t.TempDir()
	s := newServer(t, Config{Data: filepath.Join(root, "data"), JournalBytes: 128 << 10})
	must(t, s, "CreateStream", `{"StreamName":"s","ShardCount":3}`)
	snapshot, stop := producers(t, s, 4)
	defer stop()
	var before []map[string]acked
	for i := range 4 {
		if i == 2 {
			must(t, s, "SplitShard", `{"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"1000"}`)
		}
		for want := len(snapshot()) + 200; len(snapshot()) < want; {
			must(t, s, "ListStreams", `{}`)
		}
		before = append(before, snapshot())
		dir := filepath.Join(root, fmt.Sprint("backup", i))
		status, answer := askBackup(t, s, fmt.Sprintf(`{"Dir":%q,"Copy":%v}`, dir, i%2 == 1), nil)
		if status != 200 || answer.Segments == 0 || i%2 == 1 && answer.Linked > 0 {
			t.Fatalf("backup %d: %d %+v", i, status, answer)
		}
	}
	stop()
	all := snapshot()
	for i, want := range before {
		dir := filepath.Join(root, fmt.Sprint("backup", i))
		survey, err := disk.Inspect(t.Context(), disk.Options{Dir: dir}, nil)
		if err != nil || !survey.Sound() {
			t.Fatalf("backup %d: %v %+v", i, err, survey)
		}
		survey.Close()
		copied := newServer(t, Config{Data: dir})
		got := readAll(t, copied)
		for data, a := range want {
			if got[data] != a {
				t.Errorf("backup %d: %s was acknowledged as %v before it, and is %v", i, data, a, got[data])
			}
		}
		for data, a := range got {
			if all[data] != a {
				t.Errorf("backup %d: %s at %v was never acknowledged there: %v", i, data, a, all[data])
			}
		}
		// What the original gave out after the backup is given to nobody else.
		taken := map[string]bool{}
		for _, a := range all {
			taken[a.sequence] = true
		}
		for k := range 20 {
			out := must(t, copied, "PutRecord", fmt.Sprintf(`{"StreamName":"s","Data":"YQ==","PartitionKey":"%d"}`, k))
			if taken[out["SequenceNumber"].(string)] {
				t.Errorf("backup %d gives %v out again", i, out)
			}
		}
		if err := copied.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if got := readAll(t, s); len(got) != len(all) {
		t.Errorf("the original has %d records, %d were put", len(got), len(all))
	}
}

func TestBackupOfMemory(t *testing.T) {
	s := newServer(t, Config{})
	must(t, s, "CreateStream", `{"StreamName":"s","ShardCount":1}`)
	must(t, s, "PutRecord", `{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}`)
	dir := filepath.Join(t.TempDir(), "backup")
	if status, answer := askBackup(t, s, fmt.Sprintf(`{"Dir":%q}`, dir), nil); status != 200 {
		t.Fatal(answer)
	}
	if got := readAll(t, newServer(t, Config{Data: dir})); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestBackupIsRefused(t *testing.T) {
	root := t.TempDir()
	s := newServer(t, Config{Data: filepath.Join(root, "data")})
	good := fmt.Sprintf(`{"Dir":%q}`, filepath.Join(root, "backup"))
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		name, body string
		change     func(*http.Request)
		status     int
	}{
		{"no header", good, func(r *http.Request) { r.Header.Del(BackupHeader) }, 403},
		{"a form", good, set("Content-Type", "text/plain"), 403},
		{"a web page", good, set("Origin", "http://evil.example.com"), 403},
		{"a web page of this machine", good, set("Origin", "http://localhost:3000"), 403},
		{"another host", good, func(r *http.Request) { r.Host = "evil.example.com" }, 403},
		{"GET", good, func(r *http.Request) { r.Method = "GET" }, 405},
		{"no JSON", "{", nil, 400},
		{"unknown member", `{"Dir":"/x","Force":true}`, nil, 400},
		{"two values", good + good, nil, 400},
		{"large", `{"Dir":"` + strings.Repeat("x", maxBackupBody) + `"}`, nil, 400},
		{"no directory", `{}`, nil, 409},
		{"relative", `{"Dir":"backup"}`, nil, 409},
		{"dots", fmt.Sprintf(`{"Dir":%q}`, root+"/data/../backup"), nil, 409},
		{"in the data", fmt.Sprintf(`{"Dir":%q}`, root+"/data/backup"), nil, 409},
		{"the data", fmt.Sprintf(`{"Dir":%q}`, root+"/data"), nil, 409},
		{"around the data", fmt.Sprintf(`{"Dir":%q}`, root), nil, 409},
		{"no parent", fmt.Sprintf(`{"Dir":%q}`, root+"/a/b"), nil, 409},
	} {
		if status, answer := askBackup(t, s, c.body, c.change); status != c.status || answer.Error == "" {
			t.Errorf("%s: %d %+v", c.name, status, answer)
		}
	}
	if status, answer := askBackup(t, s, good, nil); status != 200 {
		t.Errorf("a good one: %d %+v", status, answer)
	}
	if status, answer := askBackup(t, s, good, nil); status != 409 || !strings.Contains(answer.Error, "not empty") {
		t.Errorf("again: %d %+v", status, answer)
	}
	s.backing.Lock()
	defer s.backing.Unlock()
	if status, answer := askBackup(t, s, fmt.Sprintf(`{"Dir":%q}`, root+"/second"), nil); status != 409 || !strings.Contains(answer.Error, "under way") {
		t.Errorf("at the same time: %d %+v", status, answer)
	}
}

func TestBackupOnlyForThisMachine(t *testing.T) {
	s := newServer(t, Config{Admin: "0.0.0.0:0"})
	if status, answer := askBackup(t, s, `{"Dir":"/x"}`, func(r *http.Request) { r.Host = "localhost" }); status != 403 {
		t.Errorf("%d %+v", status, answer)
	}
}
