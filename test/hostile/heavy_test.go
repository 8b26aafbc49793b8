package hostile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"millrace/test/harness"
)

// groupBytes is the memory that the server gets, its page cache included.
const groupBytes = 512 << 20

// TestHeavy lets HEAVY (200) clients put 10 MiB each at the same moment, in a
// memory group of 512 MiB where one can be made (as root, with cgroup v1). All
// is legal: each call is taken or told to come back, and what was taken is there.
func TestHeavy(t *testing.T) {
	clients := number(t, "HEAVY", 200, 30)
	data := filepath.Join(harness.Root(), ".cache", "hostile")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.MkdirTemp(data, "data-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	group, why := newGroup(t)
	server := start(t, harness.Options{Data: filepath.Join(data, "data")})
	group.add(t, server.PID())
	before := server.Memory(t).Now

	record := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	var entries []types.PutRecordsRequestEntry
	for range 10 {
		entries = append(entries, types.PutRecordsRequestEntry{Data: record[:len(record)-16], PartitionKey: aws.String("k")})
	}
	// The body is built once: the clients' processor time is not the point.
	body := putRecords(entries)
	var mu sync.Mutex // guards verdicts
	verdicts := map[string]int{}
	var wg sync.WaitGroup
	begun := time.Now()
	for range clients {
		wg.Go(func() {
			verdict := server.heavy(t, body)
			mu.Lock()
			defer mu.Unlock()
			verdicts[verdict]++
		})
	}
	wg.Wait()
	took := time.Since(begun)
	server.unharmed(t)
	t.Logf("D6: %d clients with 10 MiB each in %v: %v; memory %s before, %s at most, GOMEMLIMIT 400 MiB; %s",
		clients, took.Round(time.Millisecond), verdicts, mebibytes(before), mebibytes(server.Memory(t).Peak), group.told(t, why))
	if verdicts["200"] == 0 {
		t.Error("nobody was served")
	}
	for _, verdict := range slices.Sorted(maps.Keys(verdicts)) {
		if verdict != "200" && !strings.HasPrefix(verdict, "503") {
			t.Errorf("%d times %s; want 200 or 503", verdicts[verdict], verdict)
		}
	}
	if found := server.count(t); found != verdicts["200"]*len(entries) {
		t.Errorf("%d records are there, acknowledged were %d", found, verdicts["200"]*len(entries))
	}
}

func putRecords(entries []types.PutRecordsRequestEntry) string {
	var b strings.Builder
	b.WriteString(`{"StreamName":"hostile","Records":[`)
	for i, e := range entries {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"PartitionKey":"k","Data":"%s"}`, base64Of(e.Data))
	}
	b.WriteString("]}")
	return post("PutRecords", jsonType, b.String())
}

// count reads the first shards of the stream and counts the records of more
// than 1,000 bytes.
func (t *target) count(tb testing.TB) (n int) {
	tb.Helper()
	client := t.Client()
	for _, shard := range []string{"shardId-000000000000", "shardId-000000000001"} {
		out, err := client.GetShardIterator(tb.Context(), &kinesis.GetShardIteratorInput{
			StreamName: aws.String(streamName), ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			tb.Fatal(err)
		}
		for iterator := out.ShardIterator; ; {
			page, err := client.GetRecords(context.Background(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			if busy, ok := errors.AsType[smithy.APIError](err); ok && busy.ErrorCode() == "ServiceUnavailable" {
				continue
			}
			if err != nil {
				tb.Fatal(err)
			}
			for _, r := range page.Records {
				if len(r.Data) > 1000 {
					n++
				}
			}
			if len(page.Records) == 0 && *page.MillisBehindLatest == 0 {
				break
			}
			iterator = page.NextShardIterator
		}
	}
	return n
}

// group is a memory group of cgroup v1; nil is none.
type group struct{ path string }

func newGroup(t *testing.T) (g *group, why error) {
	t.Helper()
	path := filepath.Join("/sys/fs/cgroup/memory", "millrace-hostile-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		for range 100 { // the process in it has just ended
			if os.Remove(path) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	return &group{path}, os.WriteFile(filepath.Join(path, "memory.limit_in_bytes"), []byte(strconv.Itoa(groupBytes)), 0o644)
}

func (g *group) add(t *testing.T, pid int) {
	t.Helper()
	if g == nil {
		return
	}
	if err := os.WriteFile(filepath.Join(g.path, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// told says what the group saw, and fails where the kernel had to kill.
func (g *group) told(t *testing.T, why error) string {
	t.Helper()
	if g == nil {
		return fmt.Sprintf("no memory group: %v", why)
	}
	most, _ := os.ReadFile(filepath.Join(g.path, "memory.max_usage_in_bytes"))
	control, _ := os.ReadFile(filepath.Join(g.path, "memory.oom_control"))
	if !strings.Contains(string(control), "oom_kill 0") {
		t.Errorf("the kernel killed in the group:\n%s", control)
	}
	used, _ := strconv.ParseInt(strings.TrimSpace(string(most)), 10, 64)
	return fmt.Sprintf("in a group of 512 MiB, of which %s were used at most, page cache included", mebibytes(used))
}
