package hostile

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
)

const (
	jsonType = "application/x-amz-json-1.1"
	cborType = "application/x-amz-cbor-1.1"
	// claim is a signature in the right form that nobody verifies.
	claim = "AWS4-HMAC-SHA256 Credential=AKIDHOSTILE/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0"
	// streamName is the stream that every server of a test has.
	streamName = "hostile"
)

// number reads a positive number from the environment; short is what
// `go test -short` takes.
func number(tb testing.TB, name string, otherwise, short int) int {
	tb.Helper()
	text := os.Getenv(name)
	switch {
	case text != "":
	case testing.Short():
		return short
	default:
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		tb.Fatalf("%s=%q, want a number", name, text)
	}
	return n
}

// record keeps all that a server prints.
type record struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// target is a server under attack.
type target struct {
	*harness.Server
	said *record
}

// start starts a server with one stream of two shards.
func start(tb testing.TB, o harness.Options) *target {
	tb.Helper()
	t := &target{said: &record{}}
	o.Log = t.said
	o.Env = append(o.Env, "GOMEMLIMIT=400MiB")
	t.Server = harness.Start(tb, o)
	_, err := t.Client().CreateStream(tb.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(streamName), ShardCount: aws.Int32(2)})
	if err != nil {
		tb.Fatal(err)
	}
	harness.Eventually(tb, "stream ACTIVE", func() bool {
		out, err := t.Client().DescribeStreamSummary(tb.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(streamName)})
		return err == nil && out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive
	})
	return t
}

// address is where the server listens.
func (t *target) address() string { return strings.TrimPrefix(t.Endpoint, "http://") }

// dial opens a connection that gives up after a while.
func (t *target) dial(tb testing.TB) net.Conn {
	tb.Helper()
	conn, err := net.DialTimeout("tcp", t.address(), 10*time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	tb.Cleanup(func() { conn.Close() })
	return conn
}

// unharmed fails the test unless the server lives, serves, and has neither
// panicked nor reported a fault of its own.
func (t *target) unharmed(tb testing.TB) {
	tb.Helper()
	select {
	case <-t.Ended():
		tb.Fatalf("the server has ended:\n%s", t.said)
	default:
	}
	if err := t.put(tb.Context(), t.Client(), "unharmed"); err != nil {
		tb.Errorf("an honest put fails: %v", err)
	}
	for line := range strings.Lines(t.said.String()) {
		if strings.Contains(line, "panic") || strings.Contains(line, "level=ERROR") {
			tb.Errorf("the server said: %s", line)
			return
		}
	}
}

func (t *target) put(ctx context.Context, client *kinesis.Client, data string) error {
	_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: aws.String(streamName), PartitionKey: aws.String("k"), Data: []byte(data),
	})
	return err
}

// puts makes n honest puts, one after the other, and returns the 99th
// percentile of their durations.
func (t *target) puts(tb testing.TB, n int) time.Duration {
	tb.Helper()
	client := t.Client()
	took := make([]time.Duration, n)
	for i := range took {
		begun := time.Now()
		if err := t.put(tb.Context(), client, "honest"); err != nil {
			tb.Fatalf("an honest put fails: %v", err)
		}
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	return took[n*99/100]
}

// post is a whole request, signed in form.
func post(operation, contentType, body string) string {
	return head(operation, contentType) + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// head is a request up to, but not with, the length of its body.
func head(operation, contentType string) string {
	return "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Date: 20261128T221530Z\r\nAuthorization: " + claim +
		"\r\nContent-Type: " + contentType + "\r\nX-Amz-Target: Kinesis_20131202." + operation + "\r\n"
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
