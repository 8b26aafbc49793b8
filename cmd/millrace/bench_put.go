package main

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"time"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// stampBytes are the bytes at the head of a record in mode both: when its put
// began, in nanoseconds since 1970, big-endian.
const stampBytes = 8

// putLoop stores records until there is no more to do or ctx ends; the end of
// calls cuts the call under way.
func (b *benchRun) putLoop(ctx, calls context.Context) {
	data := make([]byte, b.flags.size)
	fill(data)
	throttled := 0
	for ctx.Err() == nil {
		n := b.claim()
		if n == 0 {
			return
		}
		began := time.Now()
		if b.flags.mode == "both" {
			binary.BigEndian.PutUint64(data, uint64(began.UnixNano()))
		}
		t, err := b.putOnce(calls, data, n)
		if ended(calls, err) {
			return
		}
		b.put.note(began, time.Now(), t, err)
		if kinesis.IsThrottled(err) || t.throttledRecords > 0 {
			throttled++
			pause(ctx, backoff(throttled))
		} else if err != nil {
			pause(ctx, backoff(5))
		} else {
			throttled = 0
		}
	}
}

// fill makes data that does not compress.
func fill(data []byte) {
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
}

// backoff is a short random wait after throttling, so that the figure is that
// of a client that behaves.
func backoff(times int) time.Duration {
	return rand.N(min(5*time.Millisecond<<min(times, 10), 200*time.Millisecond))
}

// claim says how many records the next call has to store; 0 ends the work.
func (b *benchRun) claim() int {
	n := int64(b.flags.recordsPerCall)
	if b.flags.records == 0 {
		return int(n)
	}
	before := b.claimed.Add(n) - n
	return int(max(0, min(n, b.flags.records-before)))
}

// putOnce makes one call.
func (b *benchRun) putOnce(ctx context.Context, data []byte, n int) (tally, error) {
	if b.flags.recordsPerCall == 1 {
		in := &types.PutRecordInput{Data: data, PartitionKey: new(benchKey())}
		in.StreamName, in.StreamARN = nameOrARN(b.flags.stream)
		if _, err := b.client.PutRecord(ctx, in); err != nil {
			return tally{}, err
		}
		return tally{records: 1, bytes: int64(len(data))}, nil
	}
	in := &types.PutRecordsInput{Records: make([]types.PutRecordsRequestEntry, n)}
	in.StreamName, in.StreamARN = nameOrARN(b.flags.stream)
	for i := range in.Records {
		in.Records[i] = types.PutRecordsRequestEntry{Data: data, PartitionKey: new(benchKey())}
	}
	out, err := b.client.PutRecords(ctx, in)
	if err != nil {
		return tally{}, err
	}
	var t tally
	for _, r := range out.Records {
		switch deref(r.ErrorCode) {
		case "":
			t.records++
			t.bytes += int64(len(data))
		case "ProvisionedThroughputExceededException":
			t.throttledRecords++
			t.failedRecords++
		default:
			t.failedRecords++
		}
	}
	return t, nil
}

func benchKey() string { return strconv.FormatUint(rand.Uint64(), 36) }
