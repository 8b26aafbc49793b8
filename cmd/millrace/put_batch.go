package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

const (
	// A batch is sent when it is full, or when nothing more comes for a while,
	// so that what is typed or logged slowly arrives at once.
	putBatchRecords = 500
	putBatchBytes   = 4 << 20
	putLinger       = 50 * time.Millisecond
)

// sourced is a step of a source.
type sourced struct {
	record types.PutRecordsRequestEntry
	err    error
}

// run stores what a source gives, in batches and in order. What was read
// before the source failed is stored first.
func (p *putter) run(ctx context.Context, source iter.Seq2[types.PutRecordsRequestEntry, error]) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The reader may hang in a read of a terminal after the end of ctx: it is
	// left behind then, as the process ends.
	steps := make(chan sourced, putBatchRecords)
	go func() {
		defer close(steps)
		for record, err := range source {
			select {
			case steps <- sourced{record, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		batch, more, err := gather(ctx, steps)
		if len(batch) > 0 {
			if failed := p.send(ctx, batch); failed != nil {
				return failed
			}
		}
		if err != nil || !more {
			return err
		}
	}
}

// gather takes the next batch from a source; more says whether there may be
// another one.
func gather(ctx context.Context, steps <-chan sourced) (batch []types.PutRecordsRequestEntry, more bool, err error) {
	var linger <-chan time.Time // nil, which waits for ever, until there is a record
	for bytes := 0; len(batch) < putBatchRecords && bytes < putBatchBytes; {
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-linger:
			return batch, true, nil
		case s, ok := <-steps:
			if !ok {
				return batch, false, nil
			}
			if s.err != nil {
				return batch, false, s.err
			}
			batch = append(batch, s.record)
			bytes += len(s.record.Data)
			if linger == nil {
				linger = time.After(putLinger)
			}
		}
	}
	return batch, true, nil
}

// send stores a batch: a single record by PutRecord, whose faults are errors.
func (p *putter) send(ctx context.Context, batch []types.PutRecordsRequestEntry) error {
	if len(batch) == 1 {
		r := batch[0]
		in := &types.PutRecordInput{Data: r.Data, PartitionKey: r.PartitionKey, ExplicitHashKey: r.ExplicitHashKey}
		in.StreamName, in.StreamARN = nameOrARN(p.stream)
		out, err := p.client.PutRecord(ctx, in)
		if err != nil {
			return p.failed(err)
		}
		return p.note(deref(out.ShardId), deref(out.SequenceNumber))
	}
	results, err := p.client.PutAll(ctx, p.stream, batch)
	for _, r := range results {
		if r.SequenceNumber == nil {
			continue
		}
		if err := p.note(deref(r.ShardId), deref(r.SequenceNumber)); err != nil {
			return err
		}
	}
	if err != nil {
		return p.failed(err)
	}
	return nil
}

// failed says how far the work went before it failed.
func (p *putter) failed(err error) error {
	if e, ok := errors.AsType[*kinesis.PutError](err); ok && e.Code == "" && e.Err != nil {
		err = e.Err
	}
	if p.stored == 0 {
		return err
	}
	return fmt.Errorf("after %s: %w", count(p.stored, "stored record"), err)
}
