package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"millrace/internal/engine"
)

// ShardPlan is a shard as Rebuild is to write it.
type ShardPlan struct {
	Ref engine.ShardRef
	// Found has its records; nil makes an empty shard.
	Found *ShardFound
	// Sealed with End makes a sealed shard.
	Sealed bool
	End    engine.Position
}

// Plan is what Rebuild is to write: the catalog, and every shard.
type Plan struct {
	Catalog []byte // a snapshot
	At      engine.Index
	Shards  []ShardPlan // in order of stream and shard
}

// Rebuilt says what Rebuild wrote.
type Rebuilt struct {
	Records map[engine.ShardRef]uint64
	Total   uint64
	// Damage is what verified in the survey and could not be read again.
	Damage []Damage
}

// Rebuild writes a new data directory with everything of the survey that the
// plan names. Records keep their positions, and so their sequence numbers:
// segments and a checkpoint are written directly, with holes in the positions
// where there are no records. Positions to come skip ahead, past all that may
// have been given out and lost. FORMAT is written last: a directory without it
// is not taken for a whole one.
func (s *Survey) Rebuild(ctx context.Context, to Options, plan Plan, progress func(bytes int64)) (*Rebuilt, error) {
	if progress == nil {
		progress = func(int64) {}
	}
	to = to.withDefaults()
	node, err := s.nodeFor(to)
	if err != nil {
		return nil, err
	}
	lock, err := makeEmpty(to)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	b := &rebuilder{
		ctx: ctx, from: s, to: to, step: progress, out: &Rebuilt{Records: map[engine.ShardRef]uint64{}},
		save: checkpoint{number: 1, journal: 1, offset: journalHeaderBytes, base: s.base + skipPositions},
	}
	b.save.catalog = catalogState{snapshot: plan.Catalog, at: plan.At}
	for i := 0; i < len(plan.Shards); {
		n := i
		for n < len(plan.Shards) && plan.Shards[n].Ref.Stream == plan.Shards[i].Ref.Stream {
			n++
		}
		if err := b.stream(plan.Shards[i:n]); err != nil {
			return nil, err
		}
		i = n
	}
	return b.out, b.finish(node)
}

func (s *Survey) nodeFor(to Options) (node [16]byte, err error) {
	if s.node != node {
		return s.node, nil
	}
	_, err = io.ReadFull(to.Rand, node[:])
	return node, err
}

// ErrNotEmpty says that a directory that is to be written has something in it.
var ErrNotEmpty = errors.New("the directory is not empty")

// makeEmpty makes a data directory without FORMAT and locks it.
func makeEmpty(to Options) (io.Closer, error) {
	names, err := to.FS.List(to.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("%s: %w", to.Dir, ErrNotEmpty)
	}
	if err := makeDirs(to); err != nil {
		return nil, err
	}
	return to.FS.Lock(to.path(lockName))
}

// rebuilder is a Rebuild under way.
type rebuilder struct {
	ctx  context.Context
	from *Survey
	to   Options
	step func(int64)
	out  *Rebuilt
	save checkpoint
	buf  []byte

	uid engine.StreamUID
	seg *growingSegment // the stream's open one, nil for none
	all []segmentState  // of the stream
}

func (b *rebuilder) stream(shards []ShardPlan) error {
	b.uid, b.seg, b.all = shards[0].Ref.Stream, nil, nil
	state := streamState{uid: b.uid, floor: max(1, b.from.floor[b.uid]) + skipPositions}
	for _, p := range shards {
		if err := b.shard(p); err != nil {
			return errors.Join(err, b.abandon())
		}
		state.shards = append(state.shards, p.state(b.save.base))
	}
	if err := b.sealSegment(); err != nil {
		return err
	}
	state.segments = b.all
	b.save.streams = append(b.save.streams, state)
	if len(b.all) == 0 {
		return nil
	}
	return syncDir(b.to.FS, b.to.streamPath(b.uid))
}

// state is the shard in the checkpoint.
func (p ShardPlan) state(base engine.Position) shardState {
	v := shardState{shard: p.Ref.Shard, sealed: p.Sealed, start: 1, tip: 1, next: 1}
	if f := p.Found; f != nil {
		v.start, v.tip, v.next, v.arrival, v.trim = f.Start, f.Tip, f.Next, f.Arrival, f.Trim
	}
	if p.Sealed {
		v.next = max(v.tip, p.End)
	} else {
		v.next = max(v.next, v.tip, base-skipPositions) + skipPositions
	}
	return v
}

// shard writes a shard's records into blocks.
func (b *rebuilder) shard(p ShardPlan) error {
	if p.Found == nil {
		return nil
	}
	bw := blockWriter{head: blockHeader{shard: p.Ref.Shard}}
	var next engine.Position
	var last int64
	for i := range p.Found.pieces {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		piece := &p.Found.pieces[i]
		runs, err := b.from.load(piece)
		if err != nil {
			b.lose(p.Ref, piece, err)
			continue
		}
		for _, r := range runs {
			if r = r.after(next); r.count == 0 || r.arrival < p.Found.Trim {
				continue
			}
			if r.arrival < last {
				b.lose(p.Ref, piece, errors.New("records arrived before those in front of them"))
				break
			}
			next, last = r.end(), r.arrival
			b.out.Records[p.Ref] += uint64(r.count)
			b.out.Total += uint64(r.count)
			if err := b.pack(&bw, r); err != nil {
				return err
			}
		}
		b.step(int64(piece.bytes))
	}
	if len(bw.runs) == 0 {
		return nil
	}
	return b.block(&bw)
}

func (b *rebuilder) lose(ref engine.ShardRef, p *piece, err error) {
	b.out.Damage = append(b.out.Damage, Damage{
		File: p.path, Offset: p.off, What: err.Error(), Stream: ref.Stream,
		HasShard: true, Shard: ref.Shard, First: p.first, Last: p.last, Records: p.count,
		FirstArrival: p.arrival, LastArrival: p.lastArrival,
	})
}

// after is the part of a run from a position on.
func (r run) after(p engine.Position) run {
	b := r.buf
	for r.count > 0 && r.first < p {
		_, rest, ok := cutRecord(b)
		if !ok {
			return run{}
		}
		b, r.first, r.count = rest, r.first+1, r.count-1
	}
	r.buf = b
	return r
}

// pack adds a run to blocks, cutting it where it is longer than one.
func (b *rebuilder) pack(bw *blockWriter, r run) error {
	limit := b.to.BlockBytes
	for r.count > 0 {
		if !bw.fits(r, limit) {
			if err := b.block(bw); err != nil {
				return err
			}
		}
		head := r
		if int64(len(r.buf)) > limit {
			head, r = splitRun(r, limit)
		} else {
			r = run{}
		}
		bw.add(head)
	}
	return nil
}

// block writes a block to the stream's segment.
func (b *rebuilder) block(bw *blockWriter) error {
	if b.seg != nil && b.seg.size >= b.to.SegmentBytes {
		if err := b.sealSegment(); err != nil {
			return err
		}
	}
	if b.seg == nil {
		if err := b.newSegment(); err != nil {
			return err
		}
	}
	g := b.seg
	var h blockHeader
	b.buf, h = bw.appendTo(b.buf[:0], g.seg.seed())
	if _, err := g.file.WriteAt(b.buf, g.size); err != nil {
		return err
	}
	if len(g.blocks) == 0 {
		g.oldest = h.firstArrival
	}
	g.oldest = min(g.oldest, h.firstArrival)
	g.blocks = append(g.blocks, footerEntry{offset: uint32(g.size), head: h})
	g.size += int64(len(b.buf))
	return nil
}

func (b *rebuilder) newSegment() error {
	if err := b.to.FS.MkdirAll(b.to.streamPath(b.uid)); err != nil {
		return err
	}
	b.save.nextSegment++
	seg := &segment{uid: b.uid, number: b.save.nextSegment}
	file, err := b.to.FS.Create(b.to.segmentPath(b.uid, seg.number))
	if err != nil {
		return err
	}
	b.seg = &growingSegment{seg: seg, file: file, size: segmentHeaderBytes}
	_, err = file.WriteAt(encodeSegmentHeader(b.uid, seg.number), 0)
	return err
}

// sealSegment ends the open segment and makes it durable.
func (b *rebuilder) sealSegment() error {
	g := b.seg
	if g == nil {
		return nil
	}
	b.seg = nil
	footer := encodeFooter(g.blocks, g.seg.seed())
	_, err := g.file.WriteAt(footer, g.size)
	if err == nil {
		err = syncFile(g.file, b.to.segmentPath(b.uid, g.seg.number))
	}
	g.size += int64(len(footer))
	b.all = append(b.all, segmentState{number: g.seg.number, size: g.size, sealed: true, oldest: g.oldest})
	return errors.Join(err, g.file.Close())
}

func (b *rebuilder) abandon() error {
	if b.seg == nil {
		return nil
	}
	return b.seg.file.Close()
}

// finish writes what makes a data directory of the segments.
func (b *rebuilder) finish(node [16]byte) error {
	b.save.nextSegment++
	if err := copyBeside(b.ctx, b.from.opts, b.to); err != nil {
		return err
	}
	return writeFrame(b.to, &b.save, node, nil)
}

// writeFrame completes a data directory whose segments are there: the
// checkpoint, a journal as of a run that ended in order, and FORMAT.
func writeFrame(to Options, save *checkpoint, node [16]byte, first []byte) error {
	if err := syncDir(to.FS, to.path(streamsDir)); err != nil {
		return err
	}
	if err := writeNew(to.FS, to.snapPath(save.number), save.encode()); err != nil {
		return err
	}
	var runID [16]byte
	if _, err := io.ReadFull(to.Rand, runID[:]); err != nil {
		return err
	}
	to.JournalBytes = journalHeaderBytes * 2 // the next start makes a full one
	end := save.lsn + lsn(frameSize(int64(len(first))))
	j, err := createJournal(to, runID, save.journal, 0, []savedFrame{{frameOpen, save.lsn, first}, {frameClose, end, nil}})
	if err != nil {
		return err
	}
	if err := j.file.Close(); err != nil {
		return err
	}
	if err := writeNew(to.FS, to.path(formatName), encodeFormat(node)); err != nil {
		return err
	}
	return syncDir(to.FS, filepath.Dir(to.Dir))
}
