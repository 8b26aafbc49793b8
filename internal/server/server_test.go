package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"millrace/internal/engine"
	"millrace/internal/limits"
	"millrace/internal/ops"
	"millrace/internal/vfs"
	"millrace/internal/wire/shape"
)

// newServer starts a whole server, in memory unless cfg says otherwise.
func newServer(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), testConfig(t, cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Shutdown(context.WithoutCancel(t.Context())) })
	return s
}

func testConfig(t testing.TB, cfg Config) Config {
	if cfg.Data == "" {
		cfg.Data = Memory
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Admin == "" {
		cfg.Admin = "127.0.0.1:0"
	}
	if cfg.Limits == nil {
		cfg.Limits = limits.None()
	}
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	return cfg
}

// call makes a call and returns status and body.
func call(t testing.TB, s *Server, operation, body string) (status int, answer string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(request(t, s, operation, strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// must makes a call that has to succeed and decodes its answer.
func must(t testing.TB, s *Server, operation, body string) map[string]any {
	t.Helper()
	status, text := call(t, s, operation, body)
	if status != 200 {
		t.Fatalf("%s: %d %s", operation, status, text)
	}
	var out map[string]any
	if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%s: %v in %s", operation, err, text)
		}
	}
	return out
}

// TestNoAnswerHoldsStreamId makes every operation answer. A client that learns
// a StreamId sends its data to AWS from then on, whatever its endpoint.
func TestNoAnswerHoldsStreamId(t *testing.T) {
	s := newServer(t, Config{SubscriptionLifetime: 20 * time.Millisecond})
	const stream = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
	arn, resource := `"StreamARN":"`+stream+`"`, `"ResourceARN":"`+stream+`"`
	calls := []struct{ operation, body string }{
		{"CreateStream", `{"StreamName":"s","ShardCount":2}`},
		{"AddTagsToStream", `{"StreamName":"s","Tags":{"k":"v"}}`},
		{"ListTagsForStream", `{"StreamName":"s"}`},
		{"RemoveTagsFromStream", `{"StreamName":"s","TagKeys":["k"]}`},
		{"DescribeStream", `{` + arn + `}`},
		{"DescribeStreamSummary", `{` + arn + `}`},
		{"DescribeLimits", `{}`},
		{"ListStreams", `{}`},
		{"ListShards", `{"StreamName":"s"}`},
		{"PutRecord", `{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}`},
		{"PutRecords", `{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"k"}]}`},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`},
		{"GetRecords", `{"ShardIterator":"%s"}`},
		{"TagResource", `{` + resource + `,"Tags":{"k":"v"}}`},
		{"ListTagsForResource", `{` + resource + `}`},
		{"UntagResource", `{` + resource + `,"TagKeys":["k"]}`},
		{"RegisterStreamConsumer", `{` + arn + `,"ConsumerName":"c"}`},
		{"ListStreamConsumers", `{` + arn + `}`},
		{"DescribeStreamConsumer", `{` + arn + `,"ConsumerName":"c"}`},
		{"SubscribeToShard", `{"ConsumerARN":"%s","ShardId":"shardId-000000000000","StartingPosition":{"Type":"TRIM_HORIZON"}}`},
		{"DeregisterStreamConsumer", `{` + arn + `,"ConsumerName":"c"}`},
		{"SplitShard", `{"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"100"}`},
		{"MergeShards", `{"StreamName":"s","ShardToMerge":"shardId-000000000002","AdjacentShardToMerge":"shardId-000000000003"}`},
		{"IncreaseStreamRetentionPeriod", `{"StreamName":"s","RetentionPeriodHours":48}`},
		{"DecreaseStreamRetentionPeriod", `{"StreamName":"s","RetentionPeriodHours":24}`},
		{"UpdateShardCount", `{"StreamName":"s","TargetShardCount":4,"ScalingType":"UNIFORM_SCALING"}`},
		{"DeleteStream", `{"StreamName":"s"}`},
	}
	handle := "" // what the last answer gave to be used in the next call
	seen := map[string]bool{}
	for _, c := range calls {
		seen[c.operation] = true
		body := c.body
		if strings.Contains(body, "%s") {
			body = fmt.Sprintf(body, handle)
		}
		status, text := call(t, s, c.operation, body)
		if status != 200 {
			t.Errorf("%s: %d %s", c.operation, status, text)
		}
		if strings.Contains(text, "StreamId") {
			t.Errorf("%s answers with a StreamId: %s", c.operation, text)
		}
		var out struct {
			ShardIterator       string
			ConsumerDescription struct{ ConsumerARN string }
		}
		_ = json.Unmarshal([]byte(text), &out)
		handle = out.ShardIterator + out.ConsumerDescription.ConsumerARN
		// A StreamId that is sent is not echoed, and fails nothing with the
		// service's own fault.
		if status, text = call(t, s, c.operation, `{"StreamId":"abcdefghijklmnopqrst.001",`+strings.TrimPrefix(body, "{")); status >= 500 || strings.Contains(text, "StreamId") {
			t.Errorf("%s with a StreamId: %d %s", c.operation, status, text)
		}
	}
	for _, op := range shape.Operations {
		if _, built := ops.Lookup(op.Name); built && !seen[op.Name] {
			t.Errorf("%s is built, and this test does not know it", op.Name)
		}
	}
}

// TestRestart reads after a restart what was acknowledged before it.
func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := newServer(t, Config{Data: dir})
	must(t, s, "CreateStream", `{"StreamName":"s","ShardCount":1}`)
	put := must(t, s, "PutRecord", `{"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"k"}`)
	iterator := must(t, s, "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data directory: %v, %v", info.Mode(), err)
	}
	s = newServer(t, Config{Data: dir})
	page := must(t, s, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, iterator["ShardIterator"]))
	records := page["Records"].([]any)
	if len(records) != 1 || records[0].(map[string]any)["Data"] != "aGVsbG8=" || records[0].(map[string]any)["SequenceNumber"] != put["SequenceNumber"] {
		t.Errorf("read %v, put %v", records, put)
	}
}

func TestLargePages(t *testing.T) {
	s := newServer(t, Config{})
	must(t, s, "CreateStream", `{"StreamName":"s","ShardCount":1}`)
	record := `{"Data":"` + strings.Repeat("QUJD", 256<<10) + `","PartitionKey":"k"}`
	must(t, s, "PutRecords", `{"StreamName":"s","Records":[`+record+strings.Repeat(","+record, 4)+`]}`)
	iterator := must(t, s, "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`)
	page := must(t, s, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, iterator["ShardIterator"]))
	if n := len(page["Records"].([]any)); n != 5 {
		t.Errorf("%d records", n)
	}
}

func TestVerify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(path, []byte("- {access_key: AKIDTEST, secret: swordfish-swordfish, account: \"123456789012\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, Config{Auth: AuthVerify, CredentialsFile: path})
	send := func(secret string, client *http.Client) (int, string) {
		body := `{"StreamName":"s","ShardCount":1}`
		r := request(t, s, "CreateStream", strings.NewReader(body))
		r.Header.Del("Authorization")
		sum := sha256.Sum256([]byte(body))
		creds := aws.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: secret}
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), "kinesis", "eu-west-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if status, text := send("not the secret", http.DefaultClient); status != 400 || !jsonError(text, "InvalidSignatureException") {
		t.Errorf("wrong secret: %d %s", status, text)
	}
	if status, text := send("swordfish-swordfish", http.DefaultClient); status != 200 || text != "" {
		t.Errorf("right secret: %d %s", status, text)
	}
	status, text := send("swordfish-swordfish", h2c(t))
	if status != 400 || !jsonError(text, "ResourceInUseException") || !strings.Contains(text, "123456789012") {
		t.Errorf("again, over HTTP/2: %d %s", status, text)
	}
	if status, text := call(t, s, "ListStreams", "{}"); status != 400 || !jsonError(text, "InvalidSignatureException") {
		t.Errorf("an old signature: %d %s", status, text)
	}
}

func TestAdmin(t *testing.T) {
	s := newServer(t, Config{})
	get := func(path, host string) (int, string) {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.AdminAddr()+path, nil)
		r.Host = host
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	for _, c := range []struct {
		path, host string
		status     int
	}{{"/livez", "localhost", 200}, {"/readyz", "10.0.0.1:4568", 200}, {"/livez", "evil.example.com", 403}, {"/", "localhost", 404}} {
		if status, _ := get(c.path, c.host); status != c.status {
			t.Errorf("%s at %s: %d", c.path, c.host, status)
		}
	}
	s.ready.Store(false)
	if status, _ := get("/readyz", "localhost"); status != 503 {
		t.Errorf("/readyz of a server that is not ready: %d", status)
	}
	if status, _ := get("/livez", "localhost"); status != 200 {
		t.Errorf("/livez of a server that is not ready: %d", status)
	}
}

// TestFailedSyncEndsTheServer breaks the disk under a running server.
func TestFailedSyncEndsTheServer(t *testing.T) {
	broken := make(chan struct{})
	fs := vfs.WithHook(vfs.NewMem(), func(op vfs.Op) error {
		select {
		case <-broken:
			if op.Kind == "sync" {
				return syscall.EIO
			}
		default:
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg := testConfig(t, Config{fs: fs, Data: "data"})
	started, ended := make(chan *Server, 1), make(chan error, 1)
	cfg.Ready = func(s *Server) { started <- s }
	go func() { ended <- Run(ctx, cfg) }()
	s := <-started
	must(t, s, "CreateStream", `{"StreamName":"s","ShardCount":1}`)
	close(broken)
	if status, text := call(t, s, "PutRecord", `{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}`); status != 500 {
		t.Errorf("a put that could not be synced: %d %s", status, text)
	}
	if err := <-ended; !errors.Is(err, engine.ErrUnknownOutcome) {
		t.Errorf("Run returned %v", err)
	}
}

func TestRunDrainsWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cfg := testConfig(t, Config{})
	cfg.Ready = func(*Server) { cancel() }
	if err := Run(ctx, cfg); err != nil {
		t.Error(err)
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := newServer(t, Config{Data: dir})
	if other, err := Start(t.Context(), testConfig(t, Config{Data: dir})); err == nil {
		t.Error("two servers on one directory")
		_ = other.Shutdown(t.Context())
	}
	if other, err := Start(t.Context(), testConfig(t, Config{Listen: s.Addr()})); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("two servers on one port: %v", err)
		if err == nil {
			_ = other.Shutdown(t.Context())
		}
	}
	must(t, s, "ListStreams", "{}")
}

func TestManyRecordsThroughTheWholeHouse(t *testing.T) {
	s := newServer(t, Config{})
	must(t, s, "CreateStream", `{"StreamName":"s","ShardCount":4}`)
	var body bytes.Buffer
	body.WriteString(`{"StreamName":"s","Records":[`)
	for i := range 500 {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"Data":"aGVsbG8=","PartitionKey":"key-%d"}`, i)
	}
	body.WriteString(`]}`)
	out := must(t, s, "PutRecords", body.String())
	if out["FailedRecordCount"] != 0.0 || len(out["Records"].([]any)) != 500 {
		t.Errorf("got %v", out["FailedRecordCount"])
	}
}
