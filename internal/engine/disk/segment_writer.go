package disk

import (
	"errors"
	"io/fs"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// segmentBatch is one flush: segments get blocks, everything is synced, and
// only then the shards learn of it. It runs on the flusher's goroutine.
type segmentBatch struct {
	f      *flusher
	grown  []*growingSegment
	blocks []shardBlocks
	buf    []byte
}

// growingSegment is a segment with blocks that are not installed yet.
type growingSegment struct {
	seg    *segment
	fresh  bool
	file   vfs.File
	size   int64
	oldest int64
	blocks []footerEntry // old and new
	sealed bool
}

// shardBlocks is what one shard gets out of the flush.
type shardBlocks struct {
	sh     *shard
	end    engine.Position
	blocks []pendingBlock
}

type pendingBlock struct {
	at  *growingSegment
	ent footerEntry
}

// writeAll writes the records of all shards, stream by stream.
func (w *segmentBatch) writeAll(dirty []dirtyShard) error {
	for start := 0; start < len(dirty); {
		end := start
		for end < len(dirty) && dirty[end].sh.ref.Stream == dirty[start].sh.ref.Stream {
			end++
		}
		if err := w.writeStream(dirty[start].sh.st, dirty[start:end]); err != nil {
			return err
		}
		start = end
	}
	if w.f.newDirs {
		if err := syncDir(w.f.e.opts.FS, w.f.e.opts.path(streamsDir)); err != nil {
			return err
		}
		w.f.newDirs = false
	}
	return nil
}

// writeStream appends to the stream's open segment, rolls it where it is full
// or old, and syncs what it touched.
func (w *segmentBatch) writeStream(st *stream, dirty []dirtyShard) (err error) {
	first := len(w.grown)
	defer func() {
		for _, g := range w.grown[first:] {
			if cerr := g.file.Close(); err == nil {
				err = cerr
			}
		}
	}()
	var at *growingSegment
	for _, d := range dirty {
		out := shardBlocks{sh: d.sh, end: d.end}
		err := w.cutBlocks(d, func(bw *blockWriter) error {
			if at, err = w.room(st, at); err != nil {
				return err
			}
			ent, err := w.writeBlock(at, bw)
			out.blocks = append(out.blocks, pendingBlock{at, ent})
			return err
		})
		if err != nil {
			return err
		}
		w.blocks = append(w.blocks, out)
	}
	return w.syncStream(st, w.grown[first:])
}

// cutBlocks packs a shard's runs into blocks. Records that retention has
// overtaken are left out.
func (w *segmentBatch) cutBlocks(d dirtyShard, write func(*blockWriter) error) error {
	limit := w.f.e.opts.BlockBytes
	bw := blockWriter{head: blockHeader{shard: d.sh.ref.Shard}}
	v := d.sh.view()
	if v.gone {
		return nil
	}
	for _, r := range d.runs {
		if r.arrival < v.trim {
			continue
		}
		for r.count > 0 {
			if !bw.fits(r, limit) {
				if err := write(&bw); err != nil {
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
	}
	if len(bw.runs) == 0 {
		return nil
	}
	return write(&bw)
}

// room returns the segment for the next block: the given one, the stream's
// open one, or a new one.
func (w *segmentBatch) room(st *stream, at *growingSegment) (*growingSegment, error) {
	var err error
	if at == nil {
		if seg := w.f.e.table.openSegment(st); seg != nil {
			if at, err = w.reopen(seg); err != nil {
				return nil, err
			}
		}
	}
	if at != nil && w.full(at) {
		if err := w.seal(at); err != nil {
			return nil, err
		}
		at = nil
	}
	if at != nil {
		return at, nil
	}
	return w.create(st.uid)
}

// full says whether a segment takes no more blocks. One that this flush made is
// never too old, or old records would get a segment for each block.
func (w *segmentBatch) full(g *growingSegment) bool {
	o := &w.f.e.opts
	old := o.Clock.Now().UnixMilli()-g.oldest > o.SegmentAge.Milliseconds()
	return g.size >= o.SegmentBytes || !g.fresh && len(g.blocks) > 0 && old
}

// reopen goes on with a segment. What lies behind its durable length is left
// over from a flush that came to nothing.
func (w *segmentBatch) reopen(seg *segment) (*growingSegment, error) {
	path := w.f.e.opts.segmentPath(seg.uid, seg.number)
	file, err := w.f.e.opts.FS.OpenReadWrite(path)
	if err != nil {
		return nil, err
	}
	g := &growingSegment{seg: seg, file: file, size: seg.size, oldest: seg.oldest, blocks: seg.blocks[:len(seg.blocks):len(seg.blocks)]}
	w.grown = append(w.grown, g)
	have, err := file.Size()
	if err == nil && have > seg.size {
		err = file.Truncate(seg.size)
	}
	return g, err
}

func (w *segmentBatch) create(uid engine.StreamUID) (*growingSegment, error) {
	f := w.f
	dir := f.e.opts.streamPath(uid)
	if _, err := f.e.opts.FS.List(dir); errors.Is(err, fs.ErrNotExist) {
		f.newDirs = true
		if err := f.e.opts.FS.MkdirAll(dir); err != nil {
			return nil, err
		}
	}
	seg := &segment{uid: uid, number: f.nextSegment}
	file, err := f.e.opts.FS.Create(f.e.opts.segmentPath(uid, seg.number))
	if err != nil {
		return nil, err
	}
	f.nextSegment++
	g := &growingSegment{seg: seg, fresh: true, file: file, size: segmentHeaderBytes}
	w.grown = append(w.grown, g)
	_, err = file.WriteAt(encodeSegmentHeader(uid, seg.number), 0)
	return g, err
}

func (w *segmentBatch) writeBlock(g *growingSegment, bw *blockWriter) (footerEntry, error) {
	var h blockHeader
	w.buf, h = bw.appendTo(w.buf[:0], g.seg.seed())
	ent := footerEntry{offset: uint32(g.size), head: h}
	if _, err := g.file.WriteAt(w.buf, g.size); err != nil {
		return ent, err
	}
	if len(g.blocks) == 0 {
		g.oldest = h.firstArrival
	}
	g.oldest = min(g.oldest, h.firstArrival)
	g.size += int64(len(w.buf))
	g.blocks = append(g.blocks, ent)
	if cap(w.buf) > 4*mib {
		w.buf = nil
	}
	return ent, nil
}

// seal writes the footer.
func (w *segmentBatch) seal(g *growingSegment) error {
	b := encodeFooter(g.blocks, g.seg.seed())
	if _, err := g.file.WriteAt(b, g.size); err != nil {
		return err
	}
	g.size += int64(len(b))
	g.sealed = true
	return nil
}

// syncStream makes the stream's files and their names durable.
func (w *segmentBatch) syncStream(st *stream, grown []*growingSegment) error {
	fresh := false
	for _, g := range grown {
		if err := syncFile(g.file, w.f.e.opts.segmentPath(st.uid, g.seg.number)); err != nil {
			return err
		}
		fresh = fresh || g.fresh
	}
	if fresh {
		return syncDir(w.f.e.opts.FS, w.f.e.opts.streamPath(st.uid))
	}
	return nil
}

// undo removes the files that a failed flush made; the flush is done anew from
// the start. What was appended to old files is cut off then.
func (w *segmentBatch) undo() {
	for _, g := range w.grown {
		if g.fresh {
			w.f.e.opts.FS.Remove(w.f.e.opts.segmentPath(g.seg.uid, g.seg.number))
		}
	}
}

// install lets readers have the blocks and takes the records out of the tail.
func (w *segmentBatch) install() {
	w.f.e.table.addSegments(w.grown)
	var lost int64
	for _, sb := range w.blocks {
		blocks := make([]block, len(sb.blocks))
		for i, b := range sb.blocks {
			b.at.seg.live.Add(1)
			blocks[i] = b.ent.index(b.at.seg)
		}
		lost += sb.sh.settle(blocks, sb.end)
	}
	w.f.e.queue.shrink(lost)
}

// addSegments notes how segments grew and lists new ones; those of a stream
// that is gone by now are dead.
func (t *table) addSegments(grown []*growingSegment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range grown {
		s := g.seg
		s.size, s.oldest, s.sealed, s.blocks = g.size, g.oldest, g.sealed, g.blocks
		if s.sealed {
			s.blocks = nil
		}
		switch st := t.streams[g.seg.uid]; {
		case !g.fresh:
		case st == nil:
			t.dead = append(t.dead, g.seg)
		default:
			st.segments = append(st.segments, g.seg)
		}
	}
}

// openSegment is the segment that a stream's next block goes to, nil for a new one.
func (t *table) openSegment(st *stream) *segment {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if n := len(st.segments); n > 0 && !st.segments[n-1].sealed {
		return st.segments[n-1]
	}
	return nil
}

// listSegments puts the segments of each stream into a checkpoint.
func (t *table) listSegments(c *checkpoint) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for i := range c.streams {
		s := &c.streams[i]
		s.segments = nil
		st := t.streams[s.uid]
		if st == nil {
			continue
		}
		for _, seg := range st.segments {
			s.segments = append(s.segments, segmentState{seg.number, seg.size, seg.sealed, seg.oldest})
		}
	}
}

// collectDead takes the segments out that no index refers to, except the open
// ones of busy streams.
func (t *table) collectDead(busy map[engine.StreamUID]bool) []*segment {
	t.mu.Lock()
	defer t.mu.Unlock()
	dead := t.dead
	t.dead = nil
	for uid, st := range t.streams {
		keep := st.segments[:0:0]
		for _, s := range st.segments {
			if s.live.Load() > 0 || !s.sealed && busy[uid] {
				keep = append(keep, s)
			} else {
				dead = append(dead, s)
			}
		}
		if len(keep) < len(st.segments) {
			st.segments = keep
		}
	}
	return dead
}

// bury puts dead segments back, to be deleted another time.
func (t *table) bury(dead []*segment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dead = append(t.dead, dead...)
}
