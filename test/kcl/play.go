package kcl

import (
	"bytes"
	"fmt"
	"math/big"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
	"millrace/test/kcl/ledger"
)

func (r *rig) createStream() {
	_, err := r.client.CreateStream(r.tb.Context(), &kinesis.CreateStreamInput{
		StreamName: aws.String(stream), ShardCount: aws.Int32(2),
	})
	if err != nil {
		r.tb.Fatal(err)
	}
	r.active()
}

// play puts the records, in rounds of one record for every key, and between
// them splits both shards, kills a worker, and merges two shards.
func (r *rig) play() {
	every := time.Second * keys / rate
	for count := range r.perKey {
		began := time.Now()
		r.put(count)
		switch count {
		case r.perKey * 2 / 10:
			r.split(0)
		case r.perKey * 4 / 10:
			r.split(1)
		case r.perKey * 5 / 10:
			r.waitUntilShared()
			r.workers[1].Kill()
			r.stage("the second worker is killed")
		case r.perKey * 7 / 10:
			r.merge(2, 3)
		}
		time.Sleep(every - time.Since(began))
	}
	r.stage("all is put")
}

// put puts the count-th record of every key. There is one of each key in a
// call, so that no record of a key can pass another one.
func (r *rig) put(count int) {
	in := &kinesis.PutRecordsInput{StreamName: aws.String(stream)}
	for _, key := range names() {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{
			PartitionKey: aws.String(key), Data: ledger.Data(key, count, size),
		})
	}
	out, err := r.client.PutRecords(r.tb.Context(), in)
	if err != nil {
		r.tb.Fatalf("PutRecords: %v", err)
	}
	if *out.FailedRecordCount != 0 {
		r.tb.Fatalf("%d records failed", *out.FailedRecordCount)
	}
}

func shardID(n int) *string { return aws.String(fmt.Sprintf("shardId-%012d", n)) }

// split cuts a shard into halves.
func (r *rig) split(n int) {
	out, err := r.client.DescribeStream(r.tb.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String(stream)})
	if err != nil {
		r.tb.Fatal(err)
	}
	low, _ := new(big.Int).SetString(*out.StreamDescription.Shards[n].HashKeyRange.StartingHashKey, 10)
	high, _ := new(big.Int).SetString(*out.StreamDescription.Shards[n].HashKeyRange.EndingHashKey, 10)
	middle := low.Add(low, high).Rsh(low, 1)
	_, err = r.client.SplitShard(r.tb.Context(), &kinesis.SplitShardInput{
		StreamName: aws.String(stream), ShardToSplit: shardID(n), NewStartingHashKey: aws.String(middle.String()),
	})
	if err != nil {
		r.tb.Fatalf("SplitShard: %v", err)
	}
	r.active()
}

func (r *rig) merge(n, m int) {
	_, err := r.client.MergeShards(r.tb.Context(), &kinesis.MergeShardsInput{
		StreamName: aws.String(stream), ShardToMerge: shardID(n), AdjacentShardToMerge: shardID(m),
	})
	if err != nil {
		r.tb.Fatalf("MergeShards: %v", err)
	}
	r.active()
}

func (r *rig) active() {
	harness.Eventually(r.tb, "the stream is ACTIVE", func() bool {
		out, err := r.client.DescribeStreamSummary(r.tb.Context(),
			&kinesis.DescribeStreamSummaryInput{StreamName: aws.String(stream)})
		return err == nil && out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive
	})
}

// waitForNote waits until the first worker has taken up a shard.
func (r *rig) waitForNote() {
	r.wait("the first worker has a shard", func() bool {
		text, _ := os.ReadFile(r.path(0))
		return len(text) > 0
	})
}

// waitUntilShared waits until the second worker, too, has processed records.
func (r *rig) waitUntilShared() {
	r.wait("the second worker has processed records", func() bool {
		text, _ := os.ReadFile(r.path(1))
		return bytes.Contains(text, []byte("\tshardId-"))
	})
}

func (r *rig) wait(what string, ok func() bool) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			r.stage(what)
			return
		}
	}
	r.tb.Fatalf("not after %v: %s", patience, what)
}

// check waits until all is processed, as long as something comes, and fails
// the test for whatever is missing or out of order.
func (r *rig) check() ledger.Summary {
	var summary ledger.Summary
	for last := time.Now(); summary.Records < keys*r.perKey; time.Sleep(200 * time.Millisecond) {
		now := ledger.Summarize(r.processed())
		if now.Records > summary.Records {
			last = time.Now()
		}
		summary = now
		if time.Since(last) > patience {
			r.tb.Errorf("nothing processed in %v", patience)
			break
		}
	}
	r.stage(fmt.Sprintf("%d records are processed", summary.Records))
	wrong := ledger.Check(r.processed(), names(), r.perKey)
	for i, fault := range wrong {
		if i == 20 {
			r.tb.Errorf("and %d faults more", len(wrong)-i)
			break
		}
		r.tb.Error(fault)
	}
	if want := 7; len(summary.Shards) != want {
		r.tb.Errorf("records came from %d shards, want %d: %v", len(summary.Shards), want, summary.Shards)
	}
	return summary
}
