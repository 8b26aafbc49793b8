// Package drain ends the server with SIGTERM while it is under load and holds
// it to its word: no request that it accepted is cut, nothing acknowledged is
// lost, and it exits with 0.
package drain

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"millrace/test/harness"
)

const (
	stream  = "drained"
	writers = 16
	// perCall is how many records each PutRecords carries.
	perCall = 20
	// drainLimit is how long a server may take to end.
	drainLimit = 10 * time.Second
)

// TestDrain ends the server under full load, again and again on one
// directory. A request counts as accepted if its records are there
// afterwards: then it must have been answered.
func TestDrain(t *testing.T) {
	times := 10
	if text := os.Getenv("DRAINS"); text != "" {
		var err error
		if times, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	if testing.Short() {
		times = 2
	}
	dir := t.TempDir() + "/data"
	log := &ledger{answered: map[string]bool{}}
	var slowest time.Duration
	for n := range times {
		s := harness.Start(t, harness.Options{Data: dir})
		if n == 0 {
			create(t, s)
		}
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() { write(t, s, fmt.Sprintf("%d-%d", n, w), w%2 == 0, log) })
		}
		time.Sleep(time.Duration(50+rand.IntN(300)) * time.Millisecond)
		began := time.Now()
		s.Stop(t)
		slowest = max(slowest, time.Since(began))
		wg.Wait()
	}
	s := harness.Start(t, harness.Options{Data: dir})
	found := readAll(t, s)
	var cut, lost int
	for id := range found {
		if !log.answered[id] {
			cut++
		}
	}
	for id := range log.answered {
		if !found[id] {
			lost++
		}
	}
	t.Logf("drain: %d times SIGTERM, %d calls answered, %d accepted and cut, %d acked and lost, %d answers cut short, slowest exit %v",
		times, len(log.answered), cut, lost, log.broken.Load(), slowest.Round(time.Millisecond))
	if cut != 0 || lost != 0 || log.broken.Load() != 0 {
		t.Error("the server cut what it had accepted")
	}
	if slowest > drainLimit {
		t.Errorf("slowest exit took %v, want at most %v", slowest, drainLimit)
	}
	if len(log.answered) == 0 {
		t.Error("no call was answered: the run shows nothing")
	}
}

// ledger is what the writers were told.
type ledger struct {
	mu       sync.Mutex // guards answered
	answered map[string]bool
	// broken counts answers that began and did not end.
	broken atomic.Int64
}

// write puts records until there is no server any more. Each call has an id,
// which its records carry.
func write(t *testing.T, s *harness.Server, name string, http2 bool, log *ledger) {
	client := s.Client(func(o *kinesis.Options) {
		if http2 {
			var protocols http.Protocols
			protocols.SetUnencryptedHTTP2(true)
			o.HTTPClient = &http.Client{Transport: &http.Transport{Protocols: &protocols}, Timeout: time.Minute}
		}
	})
	for call := 0; ; call++ {
		id := fmt.Sprintf("%s-%d", name, call)
		records := make([]types.PutRecordsRequestEntry, perCall)
		for i := range records {
			records[i] = types.PutRecordsRequestEntry{
				PartitionKey: aws.String(strconv.Itoa(i)),
				Data:         append([]byte(id+"\n"), bytes.Repeat([]byte{'x'}, 1000)...),
			}
		}
		out, err := client.PutRecords(context.Background(), &kinesis.PutRecordsInput{StreamName: aws.String(stream), Records: records})
		var answered smithy.APIError
		switch {
		case err == nil && *out.FailedRecordCount == 0:
			log.mu.Lock()
			log.answered[id] = true
			log.mu.Unlock()
		case err == nil:
			t.Errorf("%d records refused", *out.FailedRecordCount)
		case errors.As(err, &answered):
			// Refusing a call in so many words is no cut; this server has no
			// reason to under a drain, but a retry would settle it.
			return
		default:
			if strings.Contains(err.Error(), io.ErrUnexpectedEOF.Error()) {
				log.broken.Add(1)
			}
			return
		}
	}
}

func create(t *testing.T, s *harness.Server) {
	t.Helper()
	client := s.Client()
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(stream), ShardCount: aws.Int32(4)}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "ACTIVE", func() bool {
		out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(stream)})
		return err == nil && out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive
	})
}

// readAll returns the ids of all calls with a record in the stream.
func readAll(t *testing.T, s *harness.Server) map[string]bool {
	t.Helper()
	client, found := s.Client(), map[string]bool{}
	for shard := range 4 {
		out, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: aws.String(stream), ShardId: aws.String(fmt.Sprintf("shardId-%012d", shard)),
			ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		for iterator := out.ShardIterator; ; {
			page, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			if err != nil {
				t.Fatal(err)
			}
			for _, record := range page.Records {
				id, _, _ := bytes.Cut(record.Data, []byte("\n"))
				found[string(id)] = true
			}
			if len(page.Records) == 0 && *page.MillisBehindLatest == 0 {
				break
			}
			iterator = page.NextShardIterator
		}
	}
	return found
}

// TestDrainWaitsForAHalfSentRequest holds that a request whose head was
// accepted before SIGTERM and whose body comes after it is answered whole.
func TestDrainWaitsForAHalfSentRequest(t *testing.T) {
	s := harness.Start(t, harness.Options{Data: t.TempDir() + "/data"})
	create(t, s)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.Endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	body := `{"StreamName":"` + stream + `","PartitionKey":"k","Data":"aGFsZg=="}`
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.1\r\n"+
		"X-Amz-Target: Kinesis_20131202.PutRecord\r\nX-Amz-Date: 20260101T000000Z\r\n"+
		"Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body[:10])
	// A second call on another connection is answered, so the first one's
	// head, sent before it, has been read too.
	if _, err := s.Client().ListStreams(t.Context(), &kinesis.ListStreamsInput{}); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGTERM)
	refused := func() bool {
		probe, err := net.DialTimeout("tcp", conn.RemoteAddr().String(), time.Second)
		if err == nil {
			probe.Close()
		}
		return err != nil
	}
	harness.Eventually(t, "new connections are refused", refused)
	if _, err := io.WriteString(conn, body[10:]); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || !bytes.Contains(answer, []byte("SequenceNumber")) {
		t.Errorf("%d %q, %v; want 200 with a sequence number", res.StatusCode, answer, err)
	}
	conn.Close()
	if code, err := s.Wait(); code != 0 || err != nil {
		t.Errorf("exit code %d, %v\n%s", code, err, s.Output())
	}
}

// TestSecondSignal holds that a second signal does not wait.
func TestSecondSignal(t *testing.T) {
	s := harness.Start(t, harness.Options{Data: t.TempDir() + "/data"})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.Endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// A request that never comes keeps a drain waiting.
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n\r\n{")
	if _, err := s.Client().ListStreams(t.Context(), &kinesis.ListStreamsInput{}); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGTERM)
	time.Sleep(50 * time.Millisecond)
	began := time.Now()
	s.Signal(syscall.SIGTERM)
	if _, err := s.Wait(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v after the second signal", took)
	}
}
