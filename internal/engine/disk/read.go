package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"

	"millrace/internal/engine"
)

// find finds a shard that readers may see.
func (e *Engine) find(ref engine.ShardRef) (*shard, error) {
	sh := e.table.shard(ref)
	if sh == nil {
		return nil, fmt.Errorf("%w: %s", engine.ErrNoShard, ref)
	}
	return sh, nil
}

// view finds a shard and what is readable of it.
func (e *Engine) view(ref engine.ShardRef) (published, error) {
	sh, err := e.find(ref)
	if err != nil {
		return published{}, err
	}
	v := sh.view()
	if v.gone {
		return v, fmt.Errorf("%w: %s", engine.ErrNoShard, ref)
	}
	return v, nil
}

// Read implements engine.Engine.
func (e *Engine) Read(ctx context.Context, ref engine.ShardRef, from engine.Position, limits engine.Limits, into []engine.Record) (engine.Batch, error) {
	for {
		v, err := e.view(ref)
		if err != nil {
			return engine.Batch{Records: into}, err
		}
		batch, err := e.readView(ctx, v, from, limits, into)
		// Retention or a drop may have taken a segment between the look at
		// the index and the reading. If the index still has it, it is lost.
		if errors.Is(err, fs.ErrNotExist) {
			if e.indexMoved(ref, v) {
				continue
			}
			err = fmt.Errorf("%w: %w", engine.ErrCorrupt, err)
		}
		return batch, err
	}
}

// indexMoved says whether the shard's blocks changed at the front since v.
func (e *Engine) indexMoved(ref engine.ShardRef, v published) bool {
	now, err := e.view(ref)
	return err != nil || len(now.blocks) == 0 || now.blocks[0].first != v.blocks[0].first
}

func (e *Engine) readView(ctx context.Context, v published, from engine.Position, limits engine.Limits, into []engine.Record) (engine.Batch, error) {
	c := collector{
		out: into, next: from, minArrival: limits.MinArrival,
		records: max(limits.MaxRecords, 1), bytes: limits.MaxBytes,
	}
	if err := e.readBlocks(ctx, v.blocks, &c); err != nil {
		return engine.Batch{Records: into, Next: from}, err
	}
	if !c.full {
		readRuns(v.runs, &c)
	}
	if !c.full {
		c.next = max(c.next, v.tip)
	}
	b := engine.Batch{Records: c.out, Next: c.next, AtTip: c.next >= v.tip}
	if b.AtTip && v.sealed {
		b.Ended, b.Next = true, max(b.Next, v.next)
	}
	return b, nil
}

// readRuns collects from runs that lie in order. It returns false where one is
// damaged.
func readRuns(runs []run, c *collector) bool {
	i := sort.Search(len(runs), func(i int) bool { return runs[i].end() > c.next })
	for ; i < len(runs) && !c.full; i++ {
		if !c.add(runs[i]) {
			return false
		}
	}
	return true
}

// readBlocks collects from segments.
func (e *Engine) readBlocks(ctx context.Context, blocks []block, c *collector) error {
	if len(blocks) == 0 {
		return nil
	}
	// The block before the first one that starts behind next may hold it.
	i := max(0, sort.Search(len(blocks), func(i int) bool { return blocks[i].first > c.next })-1)
	for ; i < len(blocks) && !c.full; i++ {
		if blocks[i].lastArrival() < c.minArrival {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		runs, err := e.load(blocks[i])
		if err != nil {
			return err
		}
		if !readRuns(runs, c) {
			return corrupt(e.opts.segmentPath(blocks[i].seg.uid, blocks[i].seg.number), int64(blocks[i].offset), "records do not fill their run")
		}
	}
	return nil
}

// collector gathers records within limits.
type collector struct {
	out        []engine.Record
	next       engine.Position
	minArrival int64
	records    int // may still be taken
	bytes      int // may still be taken
	taken      bool
	full       bool
}

// add takes what the limits allow of a run. It returns false where the records
// do not fill the run; a checksum that matches does not rule that out.
func (c *collector) add(r run) bool {
	if r.arrival < c.minArrival {
		c.next = max(c.next, r.end())
		return true
	}
	b := r.buf
	for p := r.first; p < r.end(); p++ {
		rec, rest, ok := cutRecord(b)
		if !ok {
			return false
		}
		b = rest
		if p < c.next {
			continue
		}
		size := len(rec.Key) + len(rec.Data)
		if c.records == 0 || c.taken && size > c.bytes {
			c.full = true
			return true
		}
		rec.Position, rec.Arrival = p, r.arrival
		c.out = append(c.out, rec)
		c.records, c.bytes, c.taken, c.next = c.records-1, c.bytes-size, true, p+1
	}
	return true
}

// Find implements engine.Engine.
func (e *Engine) Find(ctx context.Context, ref engine.ShardRef, target engine.Target) (engine.Position, error) {
	for {
		v, err := e.view(ref)
		if err != nil || target.Latest {
			return v.tip, err
		}
		p, err := e.findTime(v, target.Arrival)
		if errors.Is(err, fs.ErrNotExist) && e.indexMoved(ref, v) {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			continue
		}
		return p, err
	}
}

func (e *Engine) findTime(v published, arrival int64) (engine.Position, error) {
	i := sort.Search(len(v.blocks), func(i int) bool { return v.blocks[i].lastArrival() >= arrival })
	if i < len(v.blocks) {
		b := v.blocks[i]
		if b.arrival >= arrival {
			return max(b.first, v.start), nil
		}
		runs, err := e.load(b)
		if err != nil {
			return 0, err
		}
		return firstArrived(runs, arrival, v.tip), nil
	}
	return firstArrived(v.runs, arrival, v.tip), nil
}

// firstArrived is the first position of the runs that arrived at a time or
// later, or none.
func firstArrived(runs []run, arrival int64, none engine.Position) engine.Position {
	i := sort.Search(len(runs), func(i int) bool { return runs[i].arrival >= arrival })
	if i == len(runs) {
		return none
	}
	return runs[i].first
}

// Wait implements engine.Engine.
func (e *Engine) Wait(ctx context.Context, ref engine.ShardRef, from engine.Position) error {
	sh, err := e.find(ref)
	if err != nil {
		return err
	}
	for {
		ready, wake := sh.await(from)
		if ready {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-e.closing:
			return engine.ErrClosed
		}
	}
}

// await says whether there is something to see at or behind a position, and
// if not, what to wait for.
func (s *shard) await(from engine.Position) (ready bool, wake <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pub.tip > max(from, s.pub.start) || s.pub.sealed || s.pub.gone {
		return true, nil
	}
	if s.wake == nil {
		s.wake = make(chan struct{})
	}
	return false, s.wake
}
