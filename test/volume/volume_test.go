// Package volume writes far more than the server may hold in memory and reads
// all of it back.
package volume

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
)

const (
	stream = "volume"
	shards = 4
	// writers is how many calls are under way at once.
	writers = 4
	// callBytes is about how much data one PutRecords carries.
	callBytes = 4 << 20
	// memoryLimit is what the server is told to keep to, and rssLimit what it
	// may take in truth.
	memoryLimit = "256MiB"
	rssLimit    = 400 << 20
)

// TestLargerThanMemory writes BYTES of records of 1 KiB to 100 KiB, reads
// them back twice (once after a restart) and compares each byte, while the
// server's resident memory stays bounded.
func TestLargerThanMemory(t *testing.T) {
	total := size(t, "BYTES", 600_000_000)
	if testing.Short() {
		total = 50_000_000
	}
	dir := directory(t)
	options := harness.Options{Data: dir, Env: []string{"GOMEMLIMIT=" + memoryLimit}}
	s := harness.Start(t, options)
	create(t, s)

	began := time.Now()
	sent := writeAll(t, s, total)
	wrote, writing := time.Since(began), s.CPU(t)
	began = time.Now()
	readBack(t, s, sent)
	read, reading := time.Since(began), s.CPU(t)-writing
	peak := s.Memory(t).Peak
	s.Stop(t)

	s = harness.Start(t, options)
	began = time.Now()
	readBack(t, s, sent)
	again := time.Since(began)
	restarted := s.Memory(t).Peak
	s.Stop(t)

	mbps := func(d time.Duration) float64 { return float64(total) / 1e6 / d.Seconds() }
	perMB := func(d time.Duration) float64 { return d.Seconds() * 1e3 / (float64(total) / 1e6) }
	t.Logf("volume: %d records, %.1f GB; written at %.0f MB/s, read at %.0f MB/s, after a restart at %.0f MB/s; server CPU %.1f ms to write and %.1f ms to read a MB; resident memory at most %d MiB, after the restart %d MiB",
		sent.count(), float64(total)/1e9, mbps(wrote), mbps(read), mbps(again),
		perMB(writing), perMB(reading), peak>>20, restarted>>20)
	if most := max(peak, restarted); most > rssLimit {
		t.Errorf("resident memory reached %d MiB, want at most %d MiB", most>>20, rssLimit>>20)
	}
}

// size reads a number of bytes such as 600MB or 5GB from the environment.
func size(t *testing.T, name string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	digits := strings.TrimRight(text, "KMGB")
	unit, ok := map[string]int64{"": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[text[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok {
		t.Fatalf("%s=%q, want a number of bytes such as 600MB or 5GB", name, text)
	}
	return n * unit
}

// directory is on the disk of the checkout: /tmp may be memory.
func directory(t *testing.T) string {
	t.Helper()
	base := filepath.Join(harness.Root(), ".cache", "volume")
	if err := os.MkdirAll(base, 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(base, "data-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

func create(t *testing.T, s *harness.Server) {
	t.Helper()
	client := s.Client()
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(stream), ShardCount: aws.Int32(shards)}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "ACTIVE", func() bool {
		out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(stream)})
		return err == nil && out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive
	})
}

// noise is where the data of all records is cut from.
var noise = func() []byte {
	source := rand.NewChaCha8([32]byte{1})
	b := make([]byte, 1<<20)
	source.Read(b)
	return b
}()

// data is the data of record n: its number, then noise of a length that
// depends on the number alone.
func data(n uint64) []byte {
	random := rand.New(rand.NewPCG(n, 2))
	length := 1<<10 + random.IntN(99<<10)
	at := random.IntN(len(noise) - length)
	b := make([]byte, 8, 8+length)
	binary.BigEndian.PutUint64(b, n)
	return append(b, noise[at:at+length]...)
}

// ledger is which record was acknowledged at which sequence number, per shard.
type ledger struct {
	mu     sync.Mutex
	shards map[string]map[string]uint64
}

func (l *ledger) count() (n int) {
	for _, shard := range l.shards {
		n += len(shard)
	}
	return n
}

// writeAll puts records until they hold total bytes.
func writeAll(t *testing.T, s *harness.Server, total int64) *ledger {
	t.Helper()
	sent := &ledger{shards: map[string]map[string]uint64{}}
	var next atomic.Uint64
	var bytesSent atomic.Int64
	var wg sync.WaitGroup
	client := harness.HTTPClient(writers)
	for range writers {
		wg.Go(func() {
			var body []byte
			for bytesSent.Load() < total && !t.Failed() {
				var numbers []uint64
				body = append(body[:0], `{"StreamName":"`+stream+`","Records":[`...)
				for filled := 0; filled < callBytes && len(numbers) < 500; {
					n := next.Add(1)
					d := data(n)
					body = fmt.Appendf(body, `{"PartitionKey":"%d","Data":"`, n)
					body = base64.StdEncoding.AppendEncode(body, d)
					body = append(body, `"},`...)
					numbers = append(numbers, n)
					filled += len(d)
					bytesSent.Add(int64(len(d)))
				}
				body = append(body[:len(body)-1], `]}`...)
				var out struct {
					Records []struct{ ShardId, SequenceNumber, ErrorCode string }
				}
				if err := post(client, s, "PutRecords", body, &out); err != nil {
					t.Error(err)
					return
				}
				sent.note(t, numbers, out.Records)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return sent
}

func (l *ledger) note(t *testing.T, numbers []uint64, results []struct{ ShardId, SequenceNumber, ErrorCode string }) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(results) != len(numbers) {
		t.Errorf("%d results for %d records", len(results), len(numbers))
		return
	}
	for i, r := range results {
		if r.ErrorCode != "" {
			t.Errorf("record refused: %s", r.ErrorCode)
			return
		}
		if l.shards[r.ShardId] == nil {
			l.shards[r.ShardId] = map[string]uint64{}
		}
		l.shards[r.ShardId][r.SequenceNumber] = numbers[i]
	}
}

// readBack reads every shard from the beginning, two at a time, and compares.
func readBack(t *testing.T, s *harness.Server, sent *ledger) {
	t.Helper()
	var wg sync.WaitGroup
	turns := make(chan struct{}, 2)
	for shard, want := range sent.shards {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if err := readShard(t.Context(), s, shard, want); err != nil {
				t.Errorf("%s: %v", shard, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.Fatalf("the server said:\n%s", s.Output())
	}
}

func readShard(ctx context.Context, s *harness.Server, shard string, want map[string]uint64) error {
	out, err := s.Client().GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: aws.String(stream), ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		return err
	}
	client, iterator, found, last := harness.HTTPClient(1), *out.ShardIterator, 0, ""
	for {
		var page struct {
			Records []struct {
				SequenceNumber string
				Data           []byte
			}
			NextShardIterator  string
			MillisBehindLatest int64
		}
		if err := post(client, s, "GetRecords", []byte(`{"ShardIterator":"`+iterator+`"}`), &page); err != nil {
			return err
		}
		for _, r := range page.Records {
			n, ok := want[r.SequenceNumber]
			switch {
			case !ok:
				return fmt.Errorf("%s was never acknowledged", r.SequenceNumber)
			case r.SequenceNumber <= last:
				return fmt.Errorf("%s follows %s", r.SequenceNumber, last)
			case !bytes.Equal(r.Data, data(n)):
				return fmt.Errorf("%s has other bytes than record %d", r.SequenceNumber, n)
			}
			last = r.SequenceNumber
			found++
		}
		if len(page.Records) == 0 && page.MillisBehindLatest == 0 {
			break
		}
		iterator = page.NextShardIterator
	}
	if found != len(want) {
		return fmt.Errorf("%d records are there, %d were acknowledged", found, len(want))
	}
	return nil
}

// post makes one call with a signature in form only, so that the test spends
// its time on the data.
func post(client *http.Client, s *harness.Server, operation string, body []byte, out any) error {
	r, err := http.NewRequest("POST", s.Endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+harness.AccessKey+"/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00")
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != 200 {
		return fmt.Errorf("%s: %d %s", operation, res.StatusCode, answer)
	}
	return json.Unmarshal(answer, out)
}
