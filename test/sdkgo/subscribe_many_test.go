package sdkgo_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
)

// putMany puts n numbered records of a size to the one shard of stream s.
func putMany(t *testing.T, c *kinesis.Client, n, size int) {
	for from := 0; from < n; {
		var entries []types.PutRecordsRequestEntry
		for bytes := 0; from < n && len(entries) < 500 && bytes < 4<<20; from++ {
			data := make([]byte, size)
			copy(data, fmt.Sprintf("%08d", from))
			entries = append(entries, types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: data})
			bytes += size
		}
		out := must[*kinesis.PutRecordsOutput](t)(c.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: entries}))
		if *out.FailedRecordCount > 0 {
			t.Fatalf("%d records failed", *out.FailedRecordCount)
		}
	}
}

// inOrder reads n numbered records.
func (s *subscription) inOrder(n int) {
	for next := 0; next < n; {
		e, ok := <-s.stream.Events()
		if !ok {
			s.t.Errorf("ended after %d of %d records: %v", next, n, s.stream.Err())
			return
		}
		for _, r := range e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value.Records {
			if got := string(r.Data[:8]); got != fmt.Sprintf("%08d", next) {
				s.t.Errorf("record %s in the place of %d", got, next)
				return
			}
			next++
		}
	}
}

// 200 subscribers of one shard get every record, in order.
func TestManySubscribers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const subscribers, records, size = 200, 1000, 512
	for name, over := range map[string]func(*kinesis.Options){"HTTP/1.1": overHTTP1, "h2c": overH2C} {
		t.Run(name, func(t *testing.T) {
			s := harness.Start(t, harness.Options{})
			c := s.Client(over)
			create(t, c, "s", 1)
			var all sync.WaitGroup
			for i := range subscribers {
				sub := subscribe(t, c, register(t, c, "s", fmt.Sprint("c", i)), shard(0), at(types.ShardIteratorTypeTrimHorizon))
				all.Go(func() { sub.inOrder(records) })
			}
			putMany(t, c, records, size)
			all.Wait()
			peak := s.Memory(t).Peak
			t.Logf("peak memory %d MiB", peak>>20)
			if peak > 200<<20 {
				t.Errorf("peak memory %d MiB", peak>>20)
			}
			s.Stop(t)
		})
	}
}

// Subscribers that do not read are held back: they cost an event each at most,
// lose nothing, and keep nobody else waiting.
func TestSlowSubscribers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const subscribers, records, size = 50, 400, 100 << 10
	for name, over := range map[string]func(*kinesis.Options){"HTTP/1.1": overHTTP1, "h2c": overH2C} {
		t.Run(name, func(t *testing.T) {
			s := harness.Start(t, harness.Options{Data: t.TempDir(), Env: []string{"GOGC=50"}})
			c := s.Client(over)
			create(t, c, "s", 1)
			var slow []*subscription
			for i := range subscribers {
				slow = append(slow, subscribe(t, c, register(t, c, "s", fmt.Sprint("slow", i)), shard(0), at(types.ShardIteratorTypeTrimHorizon)))
			}
			quick := subscribe(t, s.Client(over), register(t, c, "s", "quick"), shard(0), at(types.ShardIteratorTypeTrimHorizon))
			done := make(chan struct{})
			go func() {
				defer close(done)
				quick.inOrder(records)
			}()
			putMany(t, s.Client(over), records, size)
			select {
			case <-done:
			case <-time.After(30 * time.Second):
				t.Fatal("the quick subscriber waits for the slow ones")
			}
			peak := s.Memory(t).Peak
			t.Logf("peak memory %d MiB", peak>>20)
			if peak > 256<<20 {
				t.Errorf("peak memory %d MiB for %d MiB put", peak>>20, records*size>>20)
			}
			for _, sub := range slow[:3] {
				sub.inOrder(records)
			}
			s.Stop(t)
		})
	}
}
