package kcl

import (
	"fmt"
	"math/big"
	"os"
	"strings"
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
	rate := max(leastRate, keys*r.perKey/longest)
	every := time.Second * keys / time.Duration(rate)
	// Percentages: with few rounds, each still comes.
	at := func(percent int) int { return r.perKey * percent / 100 }
	for count := range r.perKey {
		began, pace := time.Now(), every
		r.put(count)
		switch count {
		case at(20):
			r.split(0)
		case at(35):
			r.split(1)
		case at(80):
			r.merge(2, 3)
		}
		if count >= at(45) && !r.killed {
			// Records must not run out before the second worker has its share.
			pace = max(every, slowly)
			r.killBusy(count >= at(80))
		}
		r.alive()
		time.Sleep(pace - time.Since(began))
	}
	r.stage("all is put")
}

// killBusy ends the second worker if it holds a shard that it has processed
// records of, so that another worker has to take the lease over. It fails the
// test if that has not come about at last.
func (r *rig) killBusy(last bool) {
	held, total := r.held(1)
	for shard, count := range held {
		if count > 0 {
			r.killed = true
			r.workers[1].Kill()
			r.stage(fmt.Sprintf("the second worker is killed, after %d records, %d of them of %s", total, count, shard))
			return
		}
	}
	if last {
		r.tb.Fatal("the second worker never held a shard and processed records of it")
	}
}

// held returns the shards that a worker has neither lost nor read to their
// ends, with how many of their records it has processed since it has them, and
// the number of all records that it has processed.
func (r *rig) held(worker int) (shards map[string]int, total int) {
	text, _ := os.ReadFile(r.path(worker))
	shards = map[string]int{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 4 && fields[0] == "#" && fields[2] == "start":
			shards[fields[3]] = 0
		case len(fields) == 4 && fields[0] == "#":
			delete(shards, fields[3])
		case len(fields) == 6:
			total++
			if count, ok := shards[fields[1]]; ok {
				shards[fields[1]] = count + 1
			}
		}
	}
	return shards, total
}

// put puts the count-th record of every key. There is one of each key in a
// call, so that no record of a key can pass another one.
func (r *rig) put(count int) {
	in := &kinesis.PutRecordsInput{StreamName: aws.String(stream)}
	for _, key := range ledger.Keys(keys) {
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

// waitForStart waits until a worker has taken up a shard.
func (r *rig) waitForStart() {
	r.wait("a worker has a shard", func() bool {
		for _, path := range r.paths() {
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				return true
			}
		}
		return false
	})
}

func (r *rig) wait(what string, ok func() bool) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			r.stage(what)
			return
		}
		r.alive()
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
		r.alive()
		if time.Since(last) > patience {
			r.tb.Errorf("nothing processed in %v", patience)
			break
		}
	}
	r.stage(fmt.Sprintf("%d records are processed", summary.Records))
	wrong := ledger.Check(r.processed(), ledger.Keys(keys), r.perKey)
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

// alive fails the test if a worker has ended that was not killed.
func (r *rig) alive() {
	for i, worker := range r.workers {
		select {
		case <-worker.Ended():
			if i != 1 || !r.killed {
				r.tb.Fatalf("worker %d has ended", i)
			}
		default:
		}
	}
}
