package streams

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
	"unsafe"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

// Put is one record to write, and what became of it.
type Put struct {
	Hash         hashkey.Key
	PartitionKey string
	Data         []byte
	// Shard is set by Route, and again by Append where the shard had been
	// closed in the meantime and the record went to a child.
	Shard uint32
	// Err set by the caller (throttled) makes Append pass the record over;
	// Append sets it where this record alone failed.
	Err error
	// Sequence is the record's sequence number where Err is nil.
	Sequence SequenceNumber
}

// reshardPatience bounds how long a put waits for the children of a shard
// that was sealed under it.
const reshardPatience = 10 * time.Second

// Route sets Shard of every put to the open shard that its hash belongs to.
// Nothing is set while the stream has no shards.
func Route(st *catalog.Stream, puts []Put) {
	for i := range puts {
		if sh := st.Route(puts[i].Hash); sh != nil {
			puts[i].Shard = sh.Number
		}
	}
}

// scratch is the working space of one Append.
type scratch struct {
	// order holds shard<<32|index for the puts still to write: sorted, it
	// groups them by shard and keeps their order within each.
	order   []uint64
	records []engine.Record
	runs    []engine.Run
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// release gives the scratch back without keeping the caller's bytes alive.
func (sc *scratch) release() {
	clear(sc.records)
	clear(sc.runs)
	sc.order, sc.records, sc.runs = sc.order[:0], sc.records[:0], sc.runs[:0]
	scratches.Put(sc)
}

// Append writes the puts whose Err is nil, durably, in order within each
// shard. A shard that closed under way is followed to its children. The
// error, if any, holds for all of them: *NotFoundError, ErrUnavailable (disk
// full: retry later), or an unknown failure.
func (s *Service) Append(ctx context.Context, st *catalog.Stream, puts []Put) error {
	sc := scratches.Get().(*scratch)
	defer sc.release()
	for i := range puts {
		if puts[i].Err == nil {
			sc.order = append(sc.order, uint64(puts[i].Shard)<<32|uint64(i))
		}
	}
	for first := true; len(sc.order) > 0; first = false {
		err := s.write(ctx, st, puts, sc)
		if err == nil && len(sc.order) > 0 {
			st, err = s.follow(ctx, st, puts, sc)
		}
		if err != nil {
			if _, gone := errors.AsType[*NotFoundError](err); gone || first && len(sc.order) == sc.total() {
				return err
			}
			// Some records are stored: the others fail alone.
			fail(puts, sc.order, err)
			return nil
		}
	}
	return nil
}

// total is the number of records in the runs of the last write.
func (sc *scratch) total() int { return len(sc.records) }

func fail(puts []Put, order []uint64, err error) {
	for _, o := range order {
		puts[uint32(o)].Err = err
	}
}

// write makes one engine append of the puts in sc.order and leaves there those
// that were refused because their shard takes no more records.
func (s *Service) write(ctx context.Context, st *catalog.Stream, puts []Put, sc *scratch) error {
	slices.Sort(sc.order)
	sc.records, sc.runs = sc.records[:0], sc.runs[:0]
	for _, o := range sc.order {
		p := &puts[uint32(o)]
		sc.records = append(sc.records, engine.Record{
			// The engine copies what it is given, so the key's bytes may be
			// looked at in place.
			Key:  unsafe.Slice(unsafe.StringData(p.PartitionKey), len(p.PartitionKey)),
			Data: p.Data,
		})
	}
	now := s.nowMs()
	for i, n := 0, len(sc.order); i < n; {
		j := i + 1
		for j < n && sc.order[j]>>32 == sc.order[i]>>32 {
			j++
		}
		sc.runs = append(sc.runs, engine.Run{
			Shard:   engine.ShardRef{Stream: st.UID, Shard: uint32(sc.order[i] >> 32)},
			Records: sc.records[i:j:j],
			Arrival: now,
		})
		i = j
	}
	if err := s.engine.Append(ctx, sc.runs); err != nil {
		return unavailable(err)
	}
	sc.order = number(st, puts, sc.runs, sc.order)
	return nil
}

// number sets the sequence numbers of the records that were stored and returns
// the others.
func number(st *catalog.Stream, puts []Put, runs []engine.Run, order []uint64) (refused []uint64) {
	refused = order[:0]
	for i := range runs {
		run := &runs[i]
		mine := order[:len(run.Records)]
		order = order[len(run.Records):]
		sh := st.Shard(run.Shard.Shard)
		switch {
		case run.Err == nil && sh != nil:
			for k := range mine {
				rec := &run.Records[k]
				puts[uint32(mine[k])].Sequence = sequenceOf(sh, rec.Position, rec.Arrival/1000)
			}
		case errors.Is(run.Err, engine.ErrSealed), errors.Is(run.Err, engine.ErrNoShard):
			refused = append(refused, mine...)
		case run.Err != nil:
			fail(puts, mine, run.Err)
		default:
			fail(puts, mine, &ShardNotFoundError{Name: st.Name, Shard: run.Shard.Shard})
		}
	}
	return refused
}

// follow waits until the shards that refused puts are closed in the catalog
// too, and routes those puts to their children.
func (s *Service) follow(ctx context.Context, st *catalog.Stream, puts []Put, sc *scratch) (*catalog.Stream, error) {
	patience := make(chan struct{})
	stop := s.clock.AfterFunc(reshardPatience, func() { close(patience) })
	defer stop()
	for {
		now, changed := s.watch(st.UID)
		if now == nil || now.Status == catalog.Deleting {
			return nil, &NotFoundError{Name: st.Name}
		}
		if !anyOpen(now, sc.order) {
			for i, o := range sc.order {
				p := &puts[uint32(o)]
				p.Shard = now.Route(p.Hash).Number
				sc.order[i] = uint64(p.Shard)<<32 | uint64(uint32(o))
			}
			return now, nil
		}
		select {
		case <-changed:
		case <-patience:
			return nil, ErrUnavailable
		case <-s.ctx.Done():
			return nil, ErrUnavailable
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// anyOpen says whether the catalog still shows a shard of these puts as open.
func anyOpen(st *catalog.Stream, order []uint64) bool {
	for i, o := range order {
		if i > 0 && o>>32 == order[i-1]>>32 {
			continue
		}
		if sh := st.Shard(uint32(o >> 32)); sh != nil && !sh.Closed {
			return true
		}
	}
	return false
}

// CheckOrdering judges a SequenceNumberForOrdering of PutRecord on the shard
// that the record goes to, at nowMs, Unix milliseconds. A number that passes
// lies below every number that the shard gives out from now on, if it came
// from this shard or one of its parents. Errors: *SequenceError (future, not issued).
func (s *Service) CheckOrdering(st *catalog.Stream, shard uint32, n SequenceNumber, nowMs int64) error {
	refusal := &SequenceError{Name: st.Name, Shard: shard, Sequence: n}
	if n.TimeSec()*1000 > nowMs && !isStart(st, n) {
		refusal.Kind = SequenceFuture
		return refusal
	}
	sh := st.Shard(shard)
	if sh == nil || n.Version() != 2 || n.Shard() != shard || n.CreatedSec() != sh.CreatedSec || n.Counter() == 0 {
		return nil
	}
	tip, err := s.engine.Find(s.ctx, engine.ShardRef{Stream: st.UID, Shard: shard}, engine.Target{Latest: true})
	if err != nil {
		return s.gone(err, st.Name, shard)
	}
	if n.Counter() >= uint64(tip) {
		refusal.Kind = SequenceNotIssued
		return refusal
	}
	return nil
}

// isStart says whether a number is the StartingSequenceNumber of a shard of
// the stream. That of a child may lie ahead by up to a second, and is no less
// a number that was given out.
func isStart(st *catalog.Stream, n SequenceNumber) bool {
	sh := st.Shard(n.Shard())
	return sh != nil && n == StartingSequence(sh)
}

// gone turns the engine's ErrNoShard into the refusal it means.
func (s *Service) gone(err error, name catalog.Name, shard uint32) error {
	if errors.Is(err, engine.ErrNoShard) {
		return &ShardNotFoundError{Name: name, Shard: shard}
	}
	return unavailable(err)
}
