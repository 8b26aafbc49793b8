package disk

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// badBlock is a block that its index knows and that does not verify.
type badBlock struct {
	ref  engine.ShardRef
	head blockHeader
}

// segmentScan is the look at one segment file.
type segmentScan struct {
	uid    engine.StreamUID
	number uint64
	path   string
	file   vfs.File
	size   int64 // of the part that counts
	sealed bool
	listed bool  // the checkpoint lists it: what is damaged in it counts
	from   int64 // where to begin
	seed   uint32
	last   map[uint32]engine.Position
	buf    []byte
}

// readSegments verifies every segment that the checkpoint lists, block by
// block, and takes from other ones what verifies: they may hold what is
// missing elsewhere.
func (d *doctor) readSegments() error {
	listed := map[string]segmentState{}
	if d.saved != nil {
		for _, st := range d.saved.streams {
			for _, seg := range st.segments {
				listed[d.opts.segmentPath(st.uid, seg.number)] = seg
			}
			if err := d.readStream(st.uid, st.segments); err != nil {
				return err
			}
		}
	}
	names, err := d.opts.FS.List(d.opts.path(streamsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range names {
		var uid engine.StreamUID
		if n, err := hex.Decode(uid[:], []byte(name)); len(name) != 2*len(uid) || err != nil || n != len(uid) || uid.String() != name {
			continue
		}
		numbers, err := listNumbered(d.opts.FS, d.opts.streamPath(uid), segmentExt)
		if err != nil {
			return err
		}
		for _, n := range numbers {
			path := d.opts.segmentPath(uid, n)
			if _, ok := listed[path]; ok {
				continue
			}
			if err := d.readSegment(&segmentScan{uid: uid, number: n, path: path}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *doctor) readStream(uid engine.StreamUID, segments []segmentState) error {
	last := map[uint32]engine.Position{}
	for _, seg := range segments {
		s := &segmentScan{
			uid: uid, number: seg.number, path: d.opts.segmentPath(uid, seg.number),
			size: seg.size, sealed: seg.sealed, listed: true, last: last,
		}
		if err := d.readSegment(s); err != nil {
			return err
		}
	}
	return nil
}

// readSegment verifies one file. Only what keeps the doctor from looking at
// all is an error.
func (d *doctor) readSegment(s *segmentScan) error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	s.seed = segmentSeed(s.uid, s.number)
	f, err := d.opts.FS.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) && s.listed {
		d.damagedSegment(s, 0, "the checkpoint lists this segment, and the file is missing")
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	s.file = f
	have, err := f.Size()
	if err != nil {
		return err
	}
	if s.listed {
		d.Files++
	} else {
		// Without a checkpoint there is no other word on what there must be.
		s.listed, s.size = d.saved == nil && d.gaps, have
		_, s.sealed = readFooter(f, &segment{uid: s.uid, number: s.number, size: have})
		s.last = map[uint32]engine.Position{}
	}
	if have < s.size {
		d.damagedSegment(s, have, "the file was cut: it has %d bytes, %d were written", have, s.size)
		s.size, s.sealed = have, false
	}
	head := make([]byte, segmentHeaderBytes)
	if err := readFull(f, head, 0); s.listed && (err != nil || !checkSegmentHeader(head, s.uid, s.number)) {
		d.damaged(s.path, 0, "not the header of this segment").Stream = s.uid
	}
	d.blocksOf(s)
	if s.listed && have > s.size && d.gaps && d.saved != nil {
		// A flush that came to no checkpoint: it may have what the journal lost.
		extra := *s
		extra.listed, extra.sealed, extra.from, extra.size = false, false, s.size, have
		d.blocksOf(&extra)
	}
	return nil
}

// damagedSegment notes damage whose extent in records is not known.
func (d *doctor) damagedSegment(s *segmentScan, off int64, format string, args ...any) {
	if !s.listed {
		return
	}
	d.damaged(s.path, off, format, args...).Stream = s.uid
	if st := d.streams[s.uid]; st != nil {
		st.gaps = true
	}
}

// blocksOf walks over the blocks: by the footer, where there is a whole one,
// else from header to header.
func (d *doctor) blocksOf(s *segmentScan) {
	if s.sealed {
		if blocks, ok := readFooter(s.file, &segment{uid: s.uid, number: s.number, size: s.size}); ok {
			for _, b := range blocks {
				d.block(s, int64(b.offset), b.head)
			}
			return
		}
	}
	off, n, head := max(s.from, segmentHeaderBytes), 0, make([]byte, blockHeaderBytes)
	for off < s.size {
		if s.sealed && off+footerSize(n) == s.size {
			if s.listed {
				d.damaged(s.path, off, "the index of the segment does not verify; its blocks are found without it").Stream = s.uid
			}
			return
		}
		err := readFull(s.file, head, off)
		h, ok := parseBlockHeader(head, s.seed)
		if err == nil && ok && off+blockHeaderBytes+int64(h.payload) <= s.size {
			d.block(s, off, h)
			off += blockHeaderBytes + int64(h.payload)
			n++
			continue
		}
		next, found := s.nextBlock(off + 1)
		if !found {
			d.damagedSegment(s, off, "no block verifies from here to the end of the segment, %d bytes", s.size-off)
			return
		}
		d.damagedSegment(s, off, "no valid block for %d bytes", next-off)
		s.sealed = false // the count no longer says where the footer is
		off = next
	}
	if s.sealed {
		d.damagedSegment(s, off, "the index of the segment is missing")
	}
}

// nextBlock looks for a block header from off on.
func (s *segmentScan) nextBlock(off int64) (int64, bool) {
	magic := le.AppendUint32(nil, blockMagic)
	b := make([]byte, windowBytes)
	for off+blockHeaderBytes <= s.size {
		n, _ := s.file.ReadAt(b[:min(int64(len(b)), s.size-off)], off)
		if n < blockHeaderBytes {
			return 0, false
		}
		for i := 0; i+blockHeaderBytes <= n; i++ {
			at := bytes.Index(b[i:n-blockHeaderBytes+len(magic)], magic)
			if at < 0 {
				break
			}
			i += at
			if h, ok := parseBlockHeader(b[i:n], s.seed); ok && off+int64(i)+blockHeaderBytes+int64(h.payload) <= s.size {
				return off + int64(i), true
			}
		}
		off += int64(n - blockHeaderBytes + 1)
	}
	return 0, false
}

// block verifies one block, with what its header or the index says of it.
func (d *doctor) block(s *segmentScan, off int64, want blockHeader) {
	size := blockHeaderBytes + int(want.payload)
	s.buf = slices.Grow(s.buf[:0], size)[:size]
	err := readFull(s.file, s.buf, off)
	if s.listed {
		d.read(int64(size))
	} else {
		d.step(int64(size))
	}
	h, runs, ok := parseBlock(s.buf, s.seed)
	ok = ok && err == nil && h.shard == want.shard && h.first == want.first && h.last == want.last
	for _, r := range runs {
		ok = ok && r.valid()
	}
	ref := engine.ShardRef{Stream: s.uid, Shard: want.shard}
	if !ok {
		d.badBlock(s, off, ref, want)
		return
	}
	if s.last[h.shard] >= h.first {
		d.damagedSegment(s, off, "block of shard %d at position %d is out of order", h.shard, h.first)
	}
	s.last[h.shard] = max(s.last[h.shard], h.last)
	d.addBlock(s, ref, blockPiece(s, off, h, runs))
}

func (d *doctor) badBlock(s *segmentScan, off int64, ref engine.ShardRef, h blockHeader) {
	if !s.listed {
		return
	}
	if st := d.streams[s.uid]; st != nil && d.saved != nil {
		if sh := st.shards[ref.Shard]; sh == nil || h.first < sh.Start || h.lastArrival < sh.Trim {
			dm := d.damaged(s.path, off, "a block does not verify; its records were deleted or past retention")
			dm.Stream = s.uid
			return
		}
	}
	dm := d.damaged(s.path, off, "a block does not verify")
	dm.Stream, dm.HasShard, dm.Shard, dm.First, dm.Last, dm.Records = s.uid, true, ref.Shard, h.first, h.last, uint64(h.count)
	dm.FirstArrival, dm.LastArrival = h.firstArrival, h.lastArrival
	d.bad = append(d.bad, badBlock{ref, h})
}

func blockPiece(s *segmentScan, off int64, h blockHeader, runs []run) piece {
	p := piece{
		path: s.path, off: off, bytes: blockHeaderBytes + int(h.payload), first: h.first, last: h.last,
		count: uint64(h.count), arrival: h.firstArrival, lastArrival: h.lastArrival, segment: s.number, seed: s.seed,
	}
	if p.count == (span{h.first, h.last}).count() {
		return p
	}
	for _, r := range runs {
		if n := len(p.spans); n > 0 && p.spans[n-1].last+1 == r.first {
			p.spans[n-1].last = r.end() - 1
		} else {
			p.spans = append(p.spans, span{r.first, r.end() - 1})
		}
	}
	return p
}

// addBlock gives a block to its shard, if that is there. After damage to what
// lists the shards it may make one.
func (d *doctor) addBlock(s *segmentScan, ref engine.ShardRef, p piece) {
	st := d.streams[ref.Stream]
	unlisted := d.saved == nil || s.number >= d.saved.nextSegment || s.from > 0
	if (st == nil || st.shards[ref.Shard] == nil) && (!unlisted || !d.gaps || d.dropped[ref.Stream]) {
		return
	}
	known := st != nil && st.shards[ref.Shard] != nil
	sh := d.shard(ref, false)
	if !known {
		sh.Start = 1
	}
	if unlisted && d.gaps {
		sh.Tip, sh.Next, sh.Arrival = max(sh.Tip, p.last+1), max(sh.Next, p.last+1), max(sh.Arrival, p.lastArrival)
	}
	if d.saved != nil && s.listed && p.last >= sh.Tip {
		d.damagedSegment(s, p.off, "block of shard %d at position %d is newer than the checkpoint", ref.Shard, p.first)
		sh.Tip, sh.Next = max(sh.Tip, p.last+1), max(sh.Next, p.last+1)
	}
	sh.add(p)
}
