package figures

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/internal/wire/eventstream"
	"millrace/test/harness"
)

// pushLimit is how much longer than the put itself the push may take.
const pushLimit = time.Millisecond

// consumers makes a stream of one shard with ACTIVE consumers.
func consumers(t *testing.T, c *kinesis.Client, n int) (arns []string) {
	t.Helper()
	if _, err := c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	d, err := c.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		out, err := c.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{
			StreamARN: d.StreamDescriptionSummary.StreamARN, ConsumerName: aws.String(fmt.Sprint("c", i))})
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, *out.Consumer.ConsumerARN)
	}
	return arns
}

// rawSubscribe opens a subscription to shard 0, of which the messages are not
// taken apart: the reader must cost less than the server.
func rawSubscribe(t *testing.T, s *harness.Server, client *http.Client, arn, from string) *http.Response {
	t.Helper()
	body := fmt.Sprintf(`{"ConsumerARN":%q,"ShardId":"shardId-000000000000","StartingPosition":{"Type":%q}}`, arn, from)
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.Endpoint+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202.SubscribeToShard")
	r.Header.Set("X-Amz-Date", "20261128T221530Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		t.Fatalf("status %d", resp.StatusCode)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// drain counts records until there are n.
func drain(t *testing.T, resp *http.Response, n int) {
	d := eventstream.NewDecoder(resp.Body)
	for got := 0; got < n; {
		m, err := d.Next()
		if err != nil {
			t.Errorf("after %d records: %v", got, err)
			return
		}
		got += bytes.Count(m.Payload, []byte(`"SequenceNumber":`))
	}
}

// TestFanOutCPU measures the processor time that the server spends on a
// delivered megabyte of data, with one subscriber of a shard and with 200.
// Records of 1 KiB are put while the subscribers read, as fast as they come.
func TestFanOutCPU(t *testing.T) {
	const batch, size = 500, 1 << 10
	for _, protocol := range []string{"HTTP/1.1", "h2c"} {
		for _, tt := range []struct{ subscribers, batches int }{{1, 200}, {200, 10}} {
			t.Run(fmt.Sprintf("%s, %d", protocol, tt.subscribers), func(t *testing.T) {
				s := harness.Start(t, harness.Options{})
				c := s.Client()
				arns := consumers(t, c, tt.subscribers)
				client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
				if protocol == "h2c" {
					var p http.Protocols
					p.SetUnencryptedHTTP2(true)
					client.Transport = &http.Transport{Protocols: &p}
				}
				put := func() {
					entries := make([]types.PutRecordsRequestEntry, batch)
					for i := range entries {
						entries[i] = types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: make([]byte, size)}
					}
					out, err := c.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: entries})
					if err != nil || *out.FailedRecordCount > 0 {
						t.Fatal(err)
					}
				}
				// Those who start at LATEST are behind these puts, which tell
				// what puts cost by themselves.
				before := s.CPU(t)
				for range tt.batches {
					put()
				}
				puts := s.CPU(t) - before
				var streams []*http.Response
				for _, arn := range arns {
					streams = append(streams, rawSubscribe(t, s, client, arn, "LATEST"))
				}
				before = s.CPU(t)
				var all sync.WaitGroup
				for _, resp := range streams {
					all.Go(func() { drain(t, resp, tt.batches*batch) })
				}
				started := time.Now()
				for range tt.batches {
					put()
				}
				all.Wait()
				took, spent := time.Since(started), s.CPU(t)-before-puts
				delivered := float64(tt.subscribers*tt.batches*batch*size) / 1e6
				t.Logf("figure: %s, %d subscribers: %.2f ms of processor time per delivered MB, beside the puts' %.2f ms per MB put; %.0f MB in %v, peak memory %d MiB",
					protocol, tt.subscribers, spent.Seconds()*1000/delivered, puts.Seconds()*1000*float64(tt.subscribers)/delivered,
					delivered, took.Round(time.Millisecond), s.Memory(t).Peak>>20)
			})
		}
	}
}

// TestPushDelay measures, at 100 records a second, how long a put takes and
// how long the record takes from the sending of the put to the subscriber.
func TestPushDelay(t *testing.T) {
	for _, data := range []string{":memory:", t.TempDir()} {
		name := "disk"
		if data == ":memory:" {
			name = "memory"
		}
		t.Run(name, func(t *testing.T) {
			s := harness.Start(t, harness.Options{Data: data})
			c := s.Client()
			arn := consumers(t, c, 1)[0]
			out, err := c.SubscribeToShard(t.Context(), &kinesis.SubscribeToShardInput{
				ConsumerARN: &arn, ShardId: aws.String("shardId-000000000000"),
				StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}})
			if err != nil {
				t.Fatal(err)
			}
			defer out.GetStream().Close()
			arrived := make(chan time.Time, 1)
			go func() {
				for e := range out.GetStream().Events() {
					for range e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value.Records {
						arrived <- time.Now()
					}
				}
			}()
			var puts, pushes []time.Duration
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for range 500 {
				<-tick.C
				sent := time.Now()
				if _, err := c.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: make([]byte, 100)}); err != nil {
					t.Fatal(err)
				}
				puts = append(puts, time.Since(sent))
				select {
				case at := <-arrived:
					pushes = append(pushes, at.Sub(sent))
				case <-ctx.Done():
					t.Fatal("a record did not arrive")
				}
			}
			slices.Sort(puts)
			slices.Sort(pushes)
			put, push := puts[len(puts)/2], pushes[len(pushes)/2]
			t.Logf("figure: %s: median put %v, median put-to-push %v (p99 %v), limit put + %v", name,
				put.Round(time.Microsecond), push.Round(time.Microsecond), pushes[len(pushes)*99/100].Round(time.Microsecond), pushLimit)
			if push > put+pushLimit {
				t.Errorf("push %v after the put was sent, whose answer took %v", push, put)
			}
		})
	}
}
