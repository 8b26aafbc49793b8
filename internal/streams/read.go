package streams

import (
	"context"
	"sync"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// ReadRecord is one record as a consumer sees it. Its bytes are shared and
// must not be written to.
type ReadRecord struct {
	Sequence     SequenceNumber
	ArrivalMs    int64
	PartitionKey []byte // empty: none was given
	Data         []byte
}

// Page is the answer to one read.
type Page struct {
	Records            []ReadRecord
	Bytes              int       // of the data and partition keys
	Next               *Iterator // nil at the end of a closed shard
	MillisBehindLatest int64
	ChildShards        []*catalog.Shard // at the end of a closed shard
}

// Read returns at most limit records and maxBytes bytes. Errors:
// *ShardNotFoundError (stream or shard gone or re-created).
func (s *Service) Read(ctx context.Context, it Iterator, limit, maxBytes int) (Page, error) {
	return s.ReadInto(ctx, it, limit, maxBytes, nil)
}

var batches = sync.Pool{New: func() any { return new([]engine.Record) }}

// ReadInto is Read with space for the records: the page's Records extend into.
func (s *Service) ReadInto(ctx context.Context, it Iterator, limit, maxBytes int, into []ReadRecord) (Page, error) {
	now := s.nowMs()
	// The view comes first: a shard that is closed in it was sealed before
	// the engine was asked, so its end cannot be missed.
	st, sh, err := s.shardOf(it, now)
	if err != nil {
		return Page{}, err
	}
	space := batches.Get().(*[]engine.Record)
	batch, err := s.engine.Read(ctx, it.ref(), it.From, engine.Limits{
		MaxRecords: limit,
		MaxBytes:   maxBytes,
		MinArrival: st.HorizonMs(now) + 1,
	}, (*space)[:0])
	if err != nil {
		batches.Put(space)
		return Page{}, s.gone(err, it.Name, it.Shard)
	}
	page := pageOf(sh, batch, into)
	*space = batch.Records
	clear(*space)
	batches.Put(space)
	s.locate(&page, st, sh, it, batch, now)
	return page, nil
}

// shardOf finds the stream and the shard that an iterator is for.
func (s *Service) shardOf(it Iterator, now int64) (*catalog.Stream, *catalog.Shard, error) {
	if st := s.byUID(it.UID); st != nil {
		if sh := st.Shard(it.Shard); sh != nil && !st.Expired(sh, now) {
			return st, sh, nil
		}
	}
	return nil, nil, &ShardNotFoundError{Name: it.Name, Shard: it.Shard}
}

func pageOf(sh *catalog.Shard, batch engine.Batch, into []ReadRecord) Page {
	page := Page{Records: into}
	for i := range batch.Records {
		r := &batch.Records[i]
		page.Bytes += len(r.Key) + len(r.Data)
		page.Records = append(page.Records, ReadRecord{
			Sequence:     sequenceOf(sh, r.Position, r.Arrival/1000),
			ArrivalMs:    r.Arrival,
			PartitionKey: r.Key,
			Data:         r.Data,
		})
	}
	return page
}

// locate says where a page stands in its shard and how reading goes on. At
// the end of a shard that is sealed but not closed in the catalog yet, the
// children are not known: the reader gets one more iterator.
func (s *Service) locate(page *Page, st *catalog.Stream, sh *catalog.Shard, it Iterator, batch engine.Batch, now int64) {
	if batch.Ended && sh.Closed {
		page.ChildShards = st.Children(sh.Number)
		// Seen in answers at the end of closed shards: hours, not 0.
		page.MillisBehindLatest = max(0, now-sh.ClosedMs)
		return
	}
	it.From, it.IssuedMs = batch.Next, now
	page.Next = &it
	switch n := len(page.Records); {
	case batch.AtTip || batch.Ended:
	case n > 0:
		page.MillisBehindLatest = max(1, now-page.Records[n-1].ArrivalMs)
	default:
		// Only masked records were passed over: the position is at the horizon.
		page.MillisBehindLatest = max(1, now-st.HorizonMs(now))
	}
}

// Wait blocks until Read at the iterator may give more than an empty page:
// a record, the end of the shard, or an error. It returns ctx's error when
// ctx ends. Errors: *ShardNotFoundError.
func (s *Service) Wait(ctx context.Context, it Iterator) error {
	if _, _, err := s.shardOf(it, s.nowMs()); err != nil {
		return err
	}
	if err := s.engine.Wait(ctx, it.ref(), it.From); err != nil {
		return s.gone(err, it.Name, it.Shard)
	}
	return s.awaitClosed(ctx, it)
}

// awaitClosed waits, where the iterator stands at the end of a sealed shard,
// for the catalog to close the shard: until then there is nothing to read.
func (s *Service) awaitClosed(ctx context.Context, it Iterator) error {
	// Almost always there is nothing to wait for, and many who ask.
	if st := s.byUID(it.UID); st == nil || st.Status != catalog.Updating {
		return nil
	}
	for {
		st, changed := s.watch(it.UID)
		if st == nil || st.Status != catalog.Updating {
			return nil
		}
		if sh := st.Shard(it.Shard); sh == nil || sh.Closed {
			return nil
		}
		batch, err := s.engine.Read(ctx, it.ref(), it.From, engine.Limits{MaxRecords: 1, MaxBytes: 1}, nil)
		if err != nil {
			return s.gone(err, it.Name, it.Shard)
		}
		if !batch.Ended || len(batch.Records) > 0 {
			return nil
		}
		select {
		case <-changed:
		case <-s.ctx.Done():
			return ErrUnavailable
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
