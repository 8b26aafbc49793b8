package disk

import (
	"fmt"
	"slices"
	"sort"

	"millrace/internal/engine"
)

// skipPositions is how far the open shards' positions jump after a start that
// follows relaxed durability without an orderly end: what was acknowledged may
// be lost, and its positions must not come again.
const skipPositions = 1 << 32

// recovery brings the engine to the state that its directory holds. See
// docs/format.md, "Recovery".
type recovery struct {
	e      *Engine
	opts   Options
	saved  *checkpoint // nil where there is none
	files  []*journalReader
	spares []uint64 // old journal files

	at      lsn          // behind the last valid frame
	proven  lsn          // everything before it is known to be on the disk
	recent  []savedFrame // frames that reach beyond proven, in order
	closed  [16]byte     // run of the last frame, if that ends a run in order
	relaxed bool         // the last run did not wait for the disk
}

// run reads everything. It changes nothing on disk.
func (r *recovery) run() error {
	var err error
	if r.saved, err = readCheckpoint(r.opts); err != nil {
		return err
	}
	first := uint64(1)
	off := int64(journalHeaderBytes)
	if r.saved != nil {
		first, off, r.at = r.saved.journal, r.saved.offset, r.saved.lsn
		r.proven = r.at
		if err := r.restore(); err != nil {
			return err
		}
	}
	defer r.closeFiles()
	if err := r.openFiles(first); err != nil {
		return err
	}
	return r.replay(off)
}

func (r *recovery) closeFiles() {
	for _, f := range r.files {
		f.close()
	}
}

// openFiles opens the journal files from the first one that counts.
func (r *recovery) openFiles(first uint64) error {
	dir := r.opts.path(journalDir)
	numbers, err := listNumbered(r.opts.FS, dir, journalExt)
	if err != nil {
		return err
	}
	i := sort.Search(len(numbers), func(i int) bool { return numbers[i] >= first })
	r.spares, numbers = numbers[:i:i], numbers[i:]
	if len(numbers) == 0 {
		return corrupt(r.opts.journalPath(first), 0, "the file is missing")
	}
	for i, n := range numbers {
		if want := first + uint64(i); n != want {
			return corrupt(r.opts.journalPath(want), 0, "the file is missing, %s is there", r.opts.journalPath(n))
		}
		f, err := openJournal(r.opts, n)
		if err != nil {
			return err
		}
		r.files = append(r.files, f)
	}
	return nil
}

// replay applies the frames behind the checkpoint.
func (r *recovery) replay(off int64) error {
	links := chain(r.files, r.at, off)
	for i, l := range links {
		torn, err := r.replayFile(l)
		if err != nil {
			return err
		}
		if torn {
			if i < len(links)-1 {
				r.opts.Log.Warn("the end of the journal was never synced and is dropped", "file", l.path, "lsn", uint64(r.at))
			}
			break
		}
	}
	last := r.files[len(r.files)-1].header
	r.relaxed = last.relaxed && r.closed != last.run
	return nil
}

// replayFile applies one file's frames. torn says that the log ends here.
func (r *recovery) replayFile(l link) (torn bool, err error) {
	off := l.off
	for r.at < l.end {
		f, ok := l.frame(off, r.at, true)
		if !ok {
			return true, tornOrDamaged(r.files, l, off, r.at)
		}
		if err := r.apply(l, off, f); err != nil {
			return false, err
		}
		if f.kind == frameClose {
			return true, nil // nothing follows the end of a run
		}
		off += int64(f.size)
	}
	return false, nil
}

func (r *recovery) apply(l link, off int64, f frame) error {
	r.closed = [16]byte{}
	if f.kind == frameClose {
		r.closed = l.header.run
	} else {
		r.recent = append(r.recent, savedFrame{f.kind, f.at, f.payload})
	}
	if f.durable > r.proven {
		r.proven = f.durable
		n := 0
		for n < len(r.recent) && r.recent[n].at+lsn(frameSize(int64(len(r.recent[n].payload)))) <= r.proven {
			n++
		}
		r.recent = slices.Delete(r.recent, 0, n)
	}
	for p := f.payload; len(p) > 0; {
		e, rest, ok := cutEntry(p)
		if ok {
			ok = r.e.replayEntry(e)
		}
		if !ok {
			return corrupt(l.path, off, "the entry %d bytes before the end of the frame's payload makes no sense", len(p))
		}
		p = rest
	}
	if f.kind != frameClose {
		r.at = f.end()
	}
	return nil
}

// replayEntry applies one entry as the committer did. It reports false where
// the entry does not fit what came before it.
func (e *Engine) replayEntry(n entry) bool {
	c := e.commit
	switch n.kind {
	case entryCommand:
		if e.catalog.assign() != n.index {
			return false
		}
		e.catalog.publish(n.index, n.command)
		return true
	case entrySkip:
		e.skip(n.position)
		return true
	case entryCreate:
		sh := e.table.add(n.ref, n.position)
		sh.pub.gone = false
		return sh.next == n.position
	case entryDropStream:
		st := e.table.stream(n.ref.Stream)
		if st == nil {
			return false
		}
		e.queue.shrink(e.table.dropStream(st))
		return true
	}
	sh := c.lookup(n.ref)
	if sh == nil {
		return false
	}
	switch n.kind {
	case entryDropShard:
		sh.st.floor = max(sh.st.floor, sh.next)
		e.queue.shrink(e.table.dropShard(sh))
	case entrySeal:
		sh.closed = true
		sh.pub.sealed = true
		return n.position == sh.next
	case entryAppend:
		if sh.closed || n.run.first != sh.next || n.run.arrival < sh.last {
			return false
		}
		sh.next, sh.last = n.run.end(), n.run.arrival
		sh.publishRun(n.run)
		e.queue.shrink(-n.run.cost())
		c.markDirty(sh)
	}
	return true
}

// skip moves the open shards' next positions on, and those of shards to come:
// the making of a shard may have been lost as well.
func (e *Engine) skip(by engine.Position) {
	e.table.base += by
	for _, st := range e.table.streams {
		for _, sh := range st.shards {
			if !sh.closed {
				sh.next += by
				sh.pub.next = sh.next
			}
		}
	}
}

// restore builds the table from the checkpoint and the segments' indexes.
func (r *recovery) restore() error {
	t := r.e.table
	t.base = r.saved.base
	r.e.catalog.restore(r.saved.catalog)
	for _, s := range r.saved.streams {
		st := &stream{uid: s.uid, floor: s.floor, shards: map[uint32]*shard{}}
		t.streams[s.uid] = st
		for _, v := range s.shards {
			sh := newShard(engine.ShardRef{Stream: s.uid, Shard: v.shard}, st, v.start)
			sh.next, sh.last, sh.closed = v.next, v.arrival, v.sealed
			sh.pub.gone, sh.pub.sealed = false, v.sealed
			sh.pub.tip, sh.pub.next, sh.pub.arrival = v.tip, v.next, v.arrival
			st.shards[v.shard] = sh
		}
		for _, seg := range s.segments {
			if err := r.restoreSegment(st, seg); err != nil {
				return err
			}
		}
		for _, v := range s.shards {
			st.shards[v.shard].trimTo(v.trim)
		}
	}
	return nil
}

func (r *recovery) restoreSegment(st *stream, v segmentState) error {
	seg := &segment{uid: st.uid, number: v.number, size: v.size, sealed: v.sealed, oldest: v.oldest}
	st.segments = append(st.segments, seg)
	path := r.opts.segmentPath(st.uid, seg.number)
	index, err := readIndex(r.opts.FS, path, seg)
	if err != nil {
		return err
	}
	for _, f := range index {
		sh := st.shards[f.head.shard]
		if sh == nil || f.head.first < sh.pub.start {
			continue // of a shard that was dropped
		}
		b := f.index(seg)
		if n := len(sh.pub.blocks); n > 0 && sh.pub.blocks[n-1].first >= b.first || f.head.last >= sh.pub.tip {
			return corrupt(path, int64(f.offset), "block of shard %d at position %d is out of order", f.head.shard, f.head.first)
		}
		sh.pub.blocks = append(sh.pub.blocks, b)
		seg.live.Add(1)
	}
	if !seg.sealed {
		seg.blocks = index
	}
	return nil
}

// begin makes the first journal file of this run. What the disk is not known
// to have is written anew, into this file: reading it back may only have
// proved that the system still had it in memory.
func (r *recovery) begin(runID [16]byte) (*journalFile, error) {
	var payload []byte
	if r.relaxed {
		payload = appendSkip(nil, skipPositions)
		r.e.skip(skipPositions)
		r.opts.Log.Warn("the last run did not end in order and did not wait for the disk: positions skip ahead")
	}
	frames := append(r.recent, savedFrame{frameOpen, r.at, payload})
	j, err := r.firstJournal(runID, frames)
	if err != nil {
		return nil, fmt.Errorf("the first journal file: %w", err)
	}
	c := r.e.commit
	c.file = j
	c.off = journalHeaderBytes
	for _, f := range frames {
		c.off += frameSize(int64(len(f.payload)))
	}
	c.lsn = r.at + lsn(frameSize(int64(len(payload))))
	c.durable = c.lsn
	return j, nil
}

// firstJournal finds a place for the first file: one that was made ahead and
// never used, an old one, new space, or on a full disk as little as will do.
func (r *recovery) firstJournal(runID [16]byte, frames []savedFrame) (*journalFile, error) {
	number, spare := uint64(1), uint64(0)
	if n := len(r.files); n > 0 {
		last := r.files[n-1]
		number = last.header.number + 1
		if last.first.size == 0 && n > 1 {
			number, spare = last.header.number, last.header.number
			r.files = r.files[:n-1]
		}
	}
	if n := len(r.spares); spare == 0 && n > 0 {
		spare = r.spares[n-1]
		r.spares = r.spares[:n-1]
	}
	j, err := createJournal(r.opts, runID, number, spare, frames)
	if err == nil || !noSpace(err) {
		return j, err
	}
	r.opts.FS.Remove(r.opts.path(ballastName))
	small := r.opts
	small.JournalBytes = 4 * small.journalReserve()
	return createJournal(small, runID, number, 0, frames)
}
