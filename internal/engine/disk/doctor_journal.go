package disk

import (
	"errors"
	"io/fs"
	"slices"

	"millrace/internal/engine"
)

// journalScan is every frame of one journal file that verifies. Frames of a
// file lie in step with their lsn: lsn minus offset is the same for all.
type journalScan struct {
	*journalReader
	number uint64
	origin lsn  // lsn minus offset, modulo 2^64
	placed bool // origin is known
	frames []scannedFrame
}

type scannedFrame struct {
	off     int64
	at      lsn
	durable lsn
	kind    byte
	size    int
}

func (f scannedFrame) end() lsn { return f.at + lsn(f.size) }

func (j *journalScan) start() lsn { return j.origin + journalHeaderBytes }

// readJournals finds the frames of all files and applies them in order.
func (d *doctor) readJournals() error {
	numbers, err := listNumbered(d.opts.FS, d.opts.path(journalDir), journalExt)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer func() {
		for _, j := range d.journals {
			j.close()
		}
	}()
	first, missing := uint64(1), uint64(0)
	if d.saved != nil {
		first = d.saved.journal
	}
	want := first
	for _, n := range numbers {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		for ; n > want && missing < 16; want++ {
			missing++
			d.unread = append(d.unread, want)
			d.damaged(d.opts.journalPath(want), 0, "the file is missing")
		}
		want = max(want, n+1)
		if err := d.scanJournal(n, n >= first); err != nil {
			return err
		}
	}
	if want == first {
		d.damaged(d.opts.journalPath(first), 0, "the file is missing")
		d.unread = append(d.unread, first)
		missing++
	}
	d.gaps = d.gaps || missing > 0 || d.saved == nil && !d.Catalog.Complete
	d.replayAll()
	return nil
}

// scanJournal reads one file. needed says that recovery would read it.
func (d *doctor) scanJournal(number uint64, needed bool) error {
	path := d.opts.journalPath(number)
	f, err := d.opts.FS.Open(path)
	if err != nil {
		return err
	}
	j := &journalScan{journalReader: &journalReader{path: path, file: f}, number: number}
	if j.size, err = f.Size(); err != nil {
		f.Close()
		return err
	}
	if err := j.readHeader(number); err != nil {
		// The salt may be whole all the same: then the frames verify.
		b := make([]byte, journalHeaderBytes)
		_ = readFull(f, b, 0)
		j.header = journalHeader{number: number}
		copy(j.header.salt[:], b[16:])
		copy(j.header.run[:], b[32:])
		if needed {
			d.damaged(path, 0, "the header of the file does not verify")
			d.unread = append(d.unread, number)
			d.gaps = true
		}
	}
	j.seed = j.header.seed()
	if d.saved != nil && number == d.saved.journal {
		j.origin, j.placed = d.saved.lsn-lsn(d.saved.offset), true
	}
	j.scan()
	if needed {
		d.Files++
		d.read(j.size)
	} else {
		d.step(j.size)
	}
	d.journals = append(d.journals, j)
	return nil
}

// scan lists the frames, over whatever lies between them.
func (j *journalScan) scan() {
	for off := int64(journalHeaderBytes); off+frameHeaderBytes <= j.size; {
		f, ok := j.frame(off, j.origin+lsn(off), j.placed)
		if !ok {
			if off, ok = j.nextFrame(off + 8); !ok {
				return
			}
			continue
		}
		j.origin, j.placed = f.at-lsn(off), true
		j.frames = append(j.frames, scannedFrame{off, f.at, f.durable, f.kind, f.size})
		off += int64(f.size)
	}
}

// nextFrame looks for the first frame from off on that verifies.
func (j *journalScan) nextFrame(off int64) (int64, bool) {
	for off+frameHeaderBytes <= j.size {
		b := j.peek(off, windowBytes)
		i := 0
		for ; i+frameHeaderBytes <= len(b); i += 8 {
			here := off + int64(i)
			at := lsn(le.Uint64(b[i+16:]))
			if j.placed && at != j.origin+lsn(here) {
				continue
			}
			if size, ok := frameLength(b[i:]); !ok || int64(size) > j.size-here || lsn(le.Uint64(b[i+24:])) > at {
				continue
			}
			if _, ok := j.frame(here, at, true); ok {
				return here, true
			}
			b = j.peek(off, windowBytes)
		}
		if i == 0 {
			break
		}
		off += int64(i)
	}
	return 0, false
}

// part is the frames of a file that count: a file made by a recovery may
// repeat the end of an older one.
type part struct {
	*journalScan
	frames []scannedFrame
}

// closes says whether the file ends a run in order.
func (p part) closes() bool {
	return len(p.frames) > 0 && p.frames[len(p.frames)-1].kind == frameClose
}

func (d *doctor) parts() []part {
	var out []part
	cut := openEnd
	for i := len(d.journals) - 1; i >= 0; i-- {
		j := d.journals[i]
		if len(j.frames) == 0 || j.start() >= cut {
			continue
		}
		n := len(j.frames)
		for n > 0 && j.frames[n-1].at >= cut {
			n--
		}
		out = append([]part{{j, j.frames[:n]}}, out...)
		cut = j.start()
	}
	return out
}

// replayAll applies the log's frames in order. Where one is missing, it
// judges as recovery does whether the log ends there; if not, it goes on
// behind the gap.
func (d *doctor) replayAll() {
	parts := d.parts()
	at := lsn(0)
	switch {
	case d.saved != nil:
		at = d.saved.lsn
	case len(parts) > 0 && (d.gaps || parts[0].number != 1):
		at = parts[0].start()
		d.Catalog.Complete = d.Catalog.Complete && at == 0
	}
	where := part{}
	for i, p := range parts {
		for n, f := range p.frames {
			if f.at < at {
				if d.saved != nil && f.at < d.saved.lsn {
					d.collectFillers(p, f)
				}
				continue
			}
			if f.at > at && !d.gapAt(parts[i:], n, where, p, at) {
				return
			}
			d.replayFrame(p, f)
			if at = f.end(); f.kind == frameClose {
				at = f.at
			}
		}
		where = p
	}
	if slices.ContainsFunc(d.unread, func(n uint64) bool {
		return where.journalScan == nil || n > where.number || n == where.number && !where.closes()
	}) {
		d.passed++
	} else if where.journalScan != nil {
		d.noteTorn(where, at)
	}
}

// gapAt reports the gap in the log in front of frame n of the first of the
// parts, and says whether the log goes on behind it.
func (d *doctor) gapAt(rest []part, n int, before, here part, at lsn) bool {
	vouched := false
	for i, p := range rest {
		for k, f := range p.frames {
			vouched = vouched || (i > 0 || k >= n) && f.durable > at
		}
	}
	j := here.journalScan
	if before.journalScan != nil && at < here.start() {
		j = before.journalScan
	}
	off := max(int64(journalHeaderBytes), int64(at-j.origin))
	if at < j.start() {
		off = journalHeaderBytes
	}
	if !vouched {
		d.damaged(j.path, off, "the journal ends here: what follows was never known to be on the disk").Harmless = true
		return false
	}
	d.damaged(j.path, off, "no valid frame of the journal for %d bytes; later ones say that it had been synced", rest[0].frames[n].at-at)
	d.gaps = true
	d.passed++
	return true
}

// noteTorn says so where the journal ends in the middle of a frame.
func (d *doctor) noteTorn(p part, at lsn) {
	last := p.frames[len(p.frames)-1]
	off := last.off + int64(last.size)
	b := p.peek(off, frameHeaderBytes)
	size, ok := frameLength(b)
	newest := d.journals[len(d.journals)-1].number
	switch {
	case last.kind != frameClose && off > p.size/2 && p.number == newest:
		// The next file is made while the second half of this one is written.
		d.damaged(d.opts.journalPath(newest+1), 0, "there is no such file, and the one before it is more than half full: it was about to be made when the server or the disk gave up, or it was removed").Harmless = true
		d.passed++
	case !ok || last.kind == frameClose || lsn(le.Uint64(b[16:])) != at:
	case int64(size) > p.size-off:
		// The space for a frame is there before it is written.
		d.damaged(p.path, off, "the file was cut in the middle of a frame")
		d.gaps = true
		d.passed++
	default:
		d.damaged(p.path, off, "the journal ends in a torn write, as after a crash; it was never acknowledged").Harmless = true
	}
}

// entries calls yield with each entry of a frame, and where its records lie.
func (d *doctor) entries(p part, f scannedFrame, yield func(e entry, off int64)) {
	full, ok := p.frame(f.off, f.at, true)
	if !ok {
		d.damaged(p.path, f.off, "the frame reads differently a second time")
		d.gaps = true
		return
	}
	end := f.off + frameHeaderBytes + int64(len(full.payload))
	for b := full.payload; len(b) > 0; {
		e, rest, ok := cutEntry(b)
		if !ok {
			d.damaged(p.path, f.off, "an entry of the frame makes no sense")
			d.gaps = true
			return
		}
		yield(e, end-int64(len(rest))-int64(len(e.run.buf)))
		b = rest
	}
}

func (d *doctor) replayFrame(p part, f scannedFrame) {
	d.entries(p, f, func(e entry, off int64) {
		switch e.kind {
		case entryCommand:
			d.addCommand(e)
		case entrySkip:
			d.skip(e.position)
		case entryDropStream:
			delete(d.streams, e.ref.Stream)
			d.dropped[e.ref.Stream] = true
		default:
			d.replayShard(p, f, e, off)
		}
	})
}

func (d *doctor) addCommand(e entry) {
	last := d.Catalog.At
	if n := len(d.Catalog.Commands); n > 0 {
		last = d.Catalog.Commands[n-1].At
	}
	if e.index <= last {
		return
	}
	if e.index != last+1 {
		d.Catalog.Complete = false
	}
	d.Catalog.Commands = append(d.Catalog.Commands, Command{e.index, e.command})
}

func (d *doctor) skip(by engine.Position) {
	d.base += by
	for _, st := range d.streams {
		for _, sh := range st.shards {
			if !sh.Sealed {
				sh.Next += by
			}
		}
	}
}

// shard finds a shard, making it where its creation was lost.
func (d *doctor) shard(ref engine.ShardRef, known bool) *ShardFound {
	st := d.streams[ref.Stream]
	if st == nil {
		st = &streamFound{floor: 1, shards: map[uint32]*ShardFound{}}
		d.streams[ref.Stream] = st
	}
	sh := st.shards[ref.Shard]
	if sh == nil {
		start := max(1, st.floor, d.base+1)
		sh = &ShardFound{Ref: ref, Start: start, Tip: start, Next: start, known: known}
		st.shards[ref.Shard] = sh
	}
	return sh
}

func (d *doctor) replayShard(p part, f scannedFrame, e entry, off int64) {
	switch e.kind {
	case entryCreate:
		sh := d.shard(e.ref, true)
		if e.position > sh.Next || e.position > sh.Start && len(sh.pieces) == 0 {
			*sh = ShardFound{Ref: e.ref, Start: e.position, Tip: e.position, Next: e.position, known: true, seen: d.passed} // its drop was lost
		}
	case entryDropShard:
		sh := d.shard(e.ref, false)
		st := d.streams[e.ref.Stream]
		st.floor = max(st.floor, sh.Next)
		delete(st.shards, e.ref.Shard)
	case entrySeal:
		sh := d.shard(e.ref, d.saved != nil)
		if sh.seen = d.passed; e.position > sh.Next {
			sh.Tip = e.position // what came before it is missing
		}
		sh.Sealed, sh.Next = true, max(sh.Next, e.position)
	case entryAppend:
		sh := d.shard(e.ref, d.saved != nil)
		if e.run.first < sh.Next && !d.gaps || e.run.arrival < sh.Arrival {
			d.damaged(p.path, f.off, "records of shard %s at position %d do not follow %d", e.ref, e.run.first, sh.Next)
			d.gaps = true
		}
		sh.seen = d.passed
		sh.Next, sh.Tip, sh.Arrival = max(sh.Next, e.run.end()), max(sh.Tip, e.run.end()), max(sh.Arrival, e.run.arrival)
		sh.pieces = append(sh.pieces, runPiece(p.path, e.run, off))
	}
}
