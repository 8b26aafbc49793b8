package main

import (
	"context"
	"encoding/binary"
	"time"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// benchReader reads one shard.
type benchReader struct {
	run      *benchRun
	iterator *string
}

// readers makes a reader for each shard: at the oldest record in mode get, at
// the tip in mode both, where they must stand before the first put.
func (b *benchRun) readers(ctx context.Context) ([]*benchReader, error) {
	from := types.ShardIteratorTypeTrimHorizon
	if b.flags.mode == "both" {
		from = types.ShardIteratorTypeLatest
	}
	var readers []*benchReader
	for s, err := range b.control.Shards(ctx, b.flags.stream) {
		if err != nil {
			return nil, err
		}
		in := &types.GetShardIteratorInput{ShardId: s.ShardId, ShardIteratorType: from}
		in.StreamName, in.StreamARN = nameOrARN(b.flags.stream)
		out, err := b.control.GetShardIterator(ctx, in)
		if err != nil {
			return nil, err
		}
		readers = append(readers, &benchReader{run: b, iterator: out.ShardIterator})
	}
	return readers, nil
}

// maxReadFailures bounds the failures in a row after which a shard is given up.
const maxReadFailures = 10

// loop reads until ctx ends, the shard ends, the tip is reached in mode get,
// or all that was put is read in mode both.
func (r *benchReader) loop(ctx context.Context) {
	idle, failures := 0, 0
	for r.iterator != nil && ctx.Err() == nil {
		putsOver := r.putsOver()
		began := time.Now()
		in := &types.GetRecordsInput{ShardIterator: r.iterator}
		if r.run.flags.mode == "get" && r.run.flags.recordsPerCall > 1 {
			in.Limit = new(int32(min(r.run.flags.recordsPerCall, 10000)))
		}
		out, err := r.run.client.GetRecords(ctx, in)
		if ended(ctx, err) {
			return
		}
		r.note(began, out, err)
		switch {
		case kinesis.IsThrottled(err) && ctx.Err() == nil:
			pause(ctx, backoff(6))
			continue
		case err != nil:
			if failures++; failures == maxReadFailures {
				return
			}
			pause(ctx, backoff(6))
			continue
		}
		failures = 0
		r.iterator = out.NextShardIterator
		if r.enough() {
			return
		}
		if deref(out.MillisBehindLatest) > 0 || len(out.Records) > 0 {
			idle = 0
			continue
		}
		if r.run.flags.mode == "get" || putsOver {
			return
		}
		idle++
		pause(ctx, min(time.Duration(idle)*time.Millisecond, 20*time.Millisecond))
	}
}

// putsOver says whether all puts had ended before the next call.
func (r *benchReader) putsOver() bool {
	select {
	case <-r.run.putting:
		return true
	default:
		return false
	}
}

// enough says whether mode get has read what --records asks for.
func (r *benchReader) enough() bool {
	if r.run.flags.mode != "get" || r.run.flags.records == 0 {
		return false
	}
	s := &r.run.get
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records >= r.run.flags.records
}

func (r *benchReader) note(began time.Time, out *types.GetRecordsOutput, err error) {
	now := time.Now()
	var t tally
	if err == nil {
		t.records = int64(len(out.Records))
		for _, rec := range out.Records {
			t.bytes += int64(len(rec.Data))
		}
	}
	r.run.get.note(began, now, t, err)
	if err != nil || r.run.flags.mode != "both" {
		return
	}
	r.run.get.mu.Lock()
	defer r.run.get.mu.Unlock()
	for _, rec := range out.Records {
		if len(rec.Data) >= stampBytes {
			put := time.Unix(0, int64(binary.BigEndian.Uint64(rec.Data)))
			r.run.delay.add(now.Sub(put))
		}
	}
}
