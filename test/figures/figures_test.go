// Package figures measures what the project promises in numbers and fails
// where a promise is broken. It is not part of the tests: a busy machine
// breaks promises of time.
package figures

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
)

const (
	startLimit = 50 * time.Millisecond
	idleLimit  = 30 << 20
	cpuLimit   = 8 * time.Microsecond
)

// TestStart measures the time from exec to the first answer, the best of
// several, and the memory of a server that has nothing to do.
func TestStart(t *testing.T) {
	var took []time.Duration
	var idle int64
	for range 10 {
		port := harness.FreePort(t)
		began := time.Now()
		s, err := harness.Launch(t, harness.Options{Args: []string{"--listen", "127.0.0.1:" + port}})
		if err != nil {
			t.Fatal(err)
		}
		s.Endpoint = "http://127.0.0.1:" + port
		client := s.Client()
		for {
			if _, err := client.ListStreams(t.Context(), &kinesis.ListStreamsInput{}); err == nil {
				break
			}
			if time.Since(began) > 10*time.Second {
				t.Fatalf("no answer\n%s", s.Output())
			}
			time.Sleep(200 * time.Microsecond)
		}
		took = append(took, time.Since(began))
		time.Sleep(300 * time.Millisecond)
		idle = max(idle, s.Memory(t).Now)
		s.Stop(t)
	}
	slices.Sort(took)
	t.Logf("figure: first ListStreams %v after exec (best of %d; median %v), limit %v",
		took[0].Round(time.Microsecond), len(took), took[len(took)/2].Round(time.Microsecond), startLimit)
	t.Logf("figure: idle resident memory %.1f MiB, limit %d MiB", float64(idle)/(1<<20), idleLimit>>20)
	if took[0] > startLimit {
		t.Errorf("best start took %v, want less than %v", took[0], startLimit)
	}
	if idle > idleLimit {
		t.Errorf("idle memory %d MiB, want less than %d MiB", idle>>20, idleLimit>>20)
	}
}

// TestCPUPerRecord measures the processor time that the server spends on one
// record of 1 KiB: PutRecords of 500 records as signed JSON, signatures
// verified, every call durable.
func TestCPUPerRecord(t *testing.T) {
	for _, clients := range []int{1, 4, 16} {
		t.Run(fmt.Sprintf("%d clients", clients), func(t *testing.T) {
			perRecord := cpuPerRecord(t, clients)
			t.Logf("figure: %v of server CPU per record with %d clients, limit %v", perRecord, clients, cpuLimit)
			if perRecord > cpuLimit {
				t.Errorf("%v per record, want at most %v", perRecord, cpuLimit)
			}
		})
	}
}

// TestIdleShards measures the memory of many shards that do nothing.
func TestIdleShards(t *testing.T) {
	const count = 1000
	s := harness.Start(t, harness.Options{})
	before := s.Memory(t).Now
	client := s.Client()
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("wide"), ShardCount: aws.Int32(count)}); err != nil {
		t.Fatal(err)
	}
	active(t, s, "wide")
	t.Logf("figure: %d idle shards take %d KiB, limit about 1 KiB each", count, (s.Memory(t).Now-before)>>10)
}

func active(t *testing.T, s *harness.Server, stream string) {
	t.Helper()
	client := s.Client()
	harness.Eventually(t, "ACTIVE", func() bool {
		out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
		return err == nil && out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive
	})
}

func cpuPerRecord(t *testing.T, clients int) time.Duration {
	const perCall, warm, calls = 500, 40, 400
	dir, err := os.MkdirTemp(cache(t), "data-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := harness.Start(t, harness.Options{Data: filepath.Join(dir, "data"), Verify: true})
	if _, err := s.Client().CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(4)}); err != nil {
		t.Fatal(err)
	}
	active(t, s, "s")
	body := putRecords(perCall)
	put(t, s, clients, warm, body)
	began, before := time.Now(), s.CPU(t)
	put(t, s, clients, calls, body)
	used, took := s.CPU(t)-before, time.Since(began)
	t.Logf("figure: %.0f records/s with %d clients on %d cores shared with them", calls*perCall/took.Seconds(), clients, runtime.NumCPU())
	return used / (calls * perCall)
}

func cache(t *testing.T) string {
	dir := filepath.Join(harness.Root(), ".cache", "figures")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// putRecords is the body of one call: n records of 1 KiB.
func putRecords(n int) []byte {
	source := rand.NewChaCha8([32]byte{7})
	data := make([]byte, 1024)
	b := []byte(`{"StreamName":"s","Records":[`)
	for i := range n {
		source.Read(data)
		b = fmt.Appendf(b, `{"PartitionKey":"key-%d","Data":"%s"},`, i, base64.StdEncoding.EncodeToString(data))
	}
	return append(b[:len(b)-1], `]}`...)
}

// put makes calls from several clients at once and fails the test if one fails.
func put(t *testing.T, s *harness.Server, clients, calls int, body []byte) {
	t.Helper()
	hash := sha256.Sum256(body)
	payload := hex.EncodeToString(hash[:])
	keys := aws.Credentials{AccessKeyID: harness.AccessKey, SecretAccessKey: harness.SecretKey}
	signer, client := v4.NewSigner(), harness.HTTPClient(clients)
	work := make(chan struct{}, calls)
	for range calls {
		work <- struct{}{}
	}
	close(work)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range work {
				r, _ := http.NewRequest("POST", s.Endpoint+"/", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/x-amz-json-1.1")
				r.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecords")
				if err := signer.SignHTTP(context.Background(), keys, r, payload, "kinesis", harness.Region, time.Now()); err != nil {
					t.Error(err)
					return
				}
				res, err := client.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				answer, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode != 200 || !bytes.Contains(answer, []byte(`"FailedRecordCount":0`)) {
					t.Errorf("%d %.200s", res.StatusCode, answer)
					return
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}
