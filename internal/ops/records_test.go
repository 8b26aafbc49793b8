package ops

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/kinesis/types"
)

func (h *house) read(t testing.TB, iterator *string, limit int32) *types.GetRecordsOutput {
	t.Helper()
	return must[types.GetRecordsOutput](t, h, "GetRecords", &types.GetRecordsInput{ShardIterator: iterator, Limit: &limit})
}

func dataOf(out *types.GetRecordsOutput) string {
	var all []string
	for _, r := range out.Records {
		all = append(all, string(r.Data))
	}
	return fmt.Sprint(all)
}

func TestEveryStartingPosition(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	var puts []*types.PutRecordOutput
	for i := range 5 {
		puts = append(puts, h.put(t, "s", "k", fmt.Sprint(i)))
		h.clock.Advance(time.Second)
	}
	shard := puts[0].ShardId
	described := must[types.DescribeStreamOutput](t, h, "DescribeStream", &types.DescribeStreamInput{StreamName: new("s")})
	first := described.StreamDescription.Shards[0].SequenceNumberRange.StartingSequenceNumber
	tests := []struct {
		name string
		in   types.GetShardIteratorInput
		want string
	}{
		{"TRIM_HORIZON", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon}, "[0 1 2 3 4]"},
		{"LATEST", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeLatest}, "[]"},
		{"AT third", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: puts[2].SequenceNumber}, "[2 3 4]"},
		{"AFTER third", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: puts[2].SequenceNumber}, "[3 4]"},
		{"AT the shard's start", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: first}, "[0 1 2 3 4]"},
		{"AFTER the shard's start", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: first}, "[0 1 2 3 4]"},
		{"AT_TIMESTAMP of the fourth", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: new(epoch.Add(3 * time.Second))}, "[3 4]"},
		{"AT_TIMESTAMP between", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: new(epoch.Add(2500 * time.Millisecond))}, "[3 4]"},
		{"AT_TIMESTAMP long ago", types.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: new(time.Unix(0, 0))}, "[0 1 2 3 4]"},
		{"lenient shard id", types.GetShardIteratorInput{ShardId: new("anything-0"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon}, "[0 1 2 3 4]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.StreamName = new("s")
			if tt.in.ShardId == nil {
				tt.in.ShardId = shard
			}
			if got := dataOf(h.read(t, h.iterator(t, tt.in), 100)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestPagesAndMillisBehindLatest(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	for i := range 3 {
		h.put(t, "s", "k", fmt.Sprint(i))
		h.clock.Advance(time.Second)
	}
	it := h.trimHorizon(t, "s", "0")
	for i, behind := range []int64{3000, 2000, 0, 0} {
		out := h.read(t, it, 1)
		if *out.MillisBehindLatest != behind {
			t.Errorf("page %d: %d ms behind, want %d", i, *out.MillisBehindLatest, behind)
		}
		if *out.NextShardIterator == *it {
			t.Errorf("page %d gives its own iterator again", i)
		}
		it = out.NextShardIterator
	}
	h.put(t, "s", "k", "late")
	if got := dataOf(h.read(t, it, 10)); got != "[late]" {
		t.Errorf("got %s", got)
	}
	quoted := `"` + *h.trimHorizon(t, "s", "0") + `"`
	if got := dataOf(h.read(t, &quoted, 1)); got != "[0]" {
		t.Errorf("quoted iterator: %s", got)
	}
}

func TestIteratorExpires(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	it := h.trimHorizon(t, "s", "0")
	h.clock.Advance(5 * time.Minute)
	h.read(t, it, 1)
	h.clock.Advance(time.Millisecond)
	_, err := try[struct{}](t, h, "GetRecords", &types.GetRecordsInput{ShardIterator: it})
	refused(t, err, "ExpiredIteratorException", "Iterator expired. The iterator was created at time Sat Nov 28 12:00:00 UTC 2026 while right now it is Sat Nov 28 12:05:00 UTC 2026 which is further in the future than the tolerated delay of 300000 milliseconds.")
}

func TestRecreatedStreamRefusesOldIterator(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	it := h.trimHorizon(t, "s", "0")
	must[types.DeleteStreamOutput](t, h, "DeleteStream", &types.DeleteStreamInput{StreamName: new("s")})
	h.create(t, "s", 1)
	h.put(t, "s", "k", "new")
	_, err := try[struct{}](t, h, "GetRecords", &types.GetRecordsInput{ShardIterator: it})
	refused(t, err, "ResourceNotFoundException", "Shard shardId-000000000000 in stream s under account 000000000000 does not exist")
}

func TestRetentionMasksExactly(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	h.put(t, "s", "k", "old")
	h.clock.Advance(time.Minute)
	h.put(t, "s", "k", "young")
	h.clock.Advance(24*time.Hour - time.Minute - time.Millisecond)
	if got := dataOf(h.read(t, h.trimHorizon(t, "s", "0"), 10)); got != "[old young]" {
		t.Errorf("just before: %s", got)
	}
	h.clock.Advance(time.Millisecond)
	if got := dataOf(h.read(t, h.trimHorizon(t, "s", "0"), 10)); got != "[young]" {
		t.Errorf("at the end of its period: %s", got)
	}
}

func TestSplitLineage(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	before := h.put(t, "s", "k", "parent")
	must[types.SplitShardOutput](t, h, "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: before.ShardId, NewStartingHashKey: new("170141183460469231731687303715884105728")})
	after := h.put(t, "s", "k", "child")
	if *after.ShardId == *before.ShardId || *after.SequenceNumber <= *before.SequenceNumber {
		t.Fatalf("the child's record is %s on %s, the parent's %s", *after.SequenceNumber, *after.ShardId, *before.SequenceNumber)
	}
	out := h.read(t, h.trimHorizon(t, "s", *before.ShardId), 10)
	if dataOf(out) != "[parent]" {
		t.Errorf("parent holds %s", dataOf(out))
	}
	for i := 0; out.NextShardIterator != nil && i < 3; i++ {
		out = h.read(t, out.NextShardIterator, 10)
	}
	if out.NextShardIterator != nil || len(out.ChildShards) != 2 {
		t.Fatalf("at its end the parent gives iterator %v and %d children", out.NextShardIterator, len(out.ChildShards))
	}
	for _, child := range out.ChildShards {
		if len(child.ParentShards) != 1 || child.ParentShards[0] != *before.ShardId {
			t.Errorf("child %s has parents %v", *child.ShardId, child.ParentShards)
		}
	}
	must[types.MergeShardsOutput](t, h, "MergeShards", &types.MergeShardsInput{StreamName: new("s"), ShardToMerge: new("shardId-000000000001"), AdjacentShardToMerge: new("shardId-000000000002")})
	merged := h.put(t, "s", "k", "grandchild")
	if *merged.ShardId != "shardId-000000000003" || *merged.SequenceNumber <= *after.SequenceNumber {
		t.Errorf("after the merge: %s on %s", *merged.SequenceNumber, *merged.ShardId)
	}
	shards := must[types.ListShardsOutput](t, h, "ListShards", &types.ListShardsInput{StreamName: new("s")}).Shards
	last := shards[3]
	if *last.ParentShardId != "shardId-000000000001" || *last.AdjacentParentShardId != "shardId-000000000002" ||
		*last.HashKeyRange.StartingHashKey != "0" || shards[0].SequenceNumberRange.EndingSequenceNumber == nil || last.SequenceNumberRange.EndingSequenceNumber != nil {
		t.Errorf("lineage: %+v", last)
	}
}

func TestPutRecordsKeepsOrderAndPartialFailures(t *testing.T) {
	l := limits.AWS()
	h := newHouse(t, l, 0)
	h.create(t, "s", 2)
	in := &types.PutRecordsInput{StreamName: new("s")}
	low, high := new("0"), new("340282366920938463463374607431768211455")
	for i := range 500 {
		hash := low
		if i%2 == 1 {
			hash = high
		}
		in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: new("k"), ExplicitHashKey: hash, Data: []byte(fmt.Sprint(i))})
	}
	for call := range 5 { // the fifth finds both shards without tokens
		out := must[types.PutRecordsOutput](t, h, "PutRecords", in)
		failed := 0
		last := map[string]string{}
		for i, r := range out.Records {
			if r.ErrorCode != nil {
				failed++
				want := fmt.Sprintf("Rate exceeded for shard shardId-00000000000%d in stream s under account 000000000000.", i%2)
				if *r.ErrorCode != "ProvisionedThroughputExceededException" || *r.ErrorMessage != want || r.SequenceNumber != nil {
					t.Fatalf("record %d: %s %s", i, *r.ErrorCode, *r.ErrorMessage)
				}
				continue
			}
			if want := fmt.Sprintf("shardId-00000000000%d", i%2); *r.ShardId != want || *r.SequenceNumber <= last[*r.ShardId] {
				t.Fatalf("record %d is %s on %s", i, *r.SequenceNumber, *r.ShardId)
			}
			last[*r.ShardId] = *r.SequenceNumber
		}
		if want := 500 * (call / 4); failed != want || int(*out.FailedRecordCount) != want {
			t.Fatalf("call %d: %d failed, FailedRecordCount %d, want %d", call, failed, *out.FailedRecordCount, want)
		}
	}
	got := h.read(t, h.trimHorizon(t, "s", "0"), 10000)
	if len(got.Records) != 1000 || !bytes.Equal(got.Records[999].Data, []byte("498")) {
		t.Errorf("%d records on shard 0, the last is %q", len(got.Records), got.Records[len(got.Records)-1].Data)
	}
}

func TestReadThrottles(t *testing.T) {
	h := newHouse(t, limits.AWS(), 0)
	h.create(t, "s", 1)
	for range 10 {
		h.put(t, "s", "k", string(make([]byte, 1<<20-1)))
		h.clock.Advance(time.Second)
	}
	it := h.trimHorizon(t, "s", "0")
	out := h.read(t, it, 10000)
	if len(out.Records) != 10 {
		t.Fatalf("%d records in one answer, want all 10", len(out.Records))
	}
	h.clock.Advance(4999 * time.Millisecond)
	_, err := try[types.GetRecordsOutput](t, h, "GetRecords", &types.GetRecordsInput{ShardIterator: out.NextShardIterator})
	refused(t, err, "ProvisionedThroughputExceededException", "Rate exceeded for Shard - 000000000000/s/shardId-000000000000")
	h.clock.Advance(2 * time.Millisecond)
	for i := range 6 {
		_, err := try[types.GetRecordsOutput](t, h, "GetRecords", &types.GetRecordsInput{ShardIterator: out.NextShardIterator})
		if i < 5 && err != nil {
			t.Fatalf("call %d after the pause: %v", i, err)
		}
		if i == 5 {
			refused(t, err, "ProvisionedThroughputExceededException", "Rate exceeded")
		}
	}
}

func TestIteratorThrottle(t *testing.T) {
	h := newHouse(t, limits.AWS(), 0)
	h.create(t, "s", 2)
	for range 5 {
		h.trimHorizon(t, "s", "0")
	}
	_, err := try[struct{}](t, h, "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("0"), ShardIteratorType: types.ShardIteratorTypeLatest})
	refused(t, err, "ProvisionedThroughputExceededException", "Rate exceeded for Shard - 000000000000/s/shardId-000000000000")
	h.trimHorizon(t, "s", "1")
}
