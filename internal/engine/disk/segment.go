package disk

import (
	"hash/crc32"
	"sync/atomic"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

const (
	segmentHeaderBytes = 64
	footerMagic        = 0x5446524d // "MRFT"
	footerHeadBytes    = 8
	footerEntryBytes   = 48
	footerTailBytes    = 16
)

// segment is one segment file of a stream. The flusher changes it, under the
// table's lock; live anybody may change.
type segment struct {
	uid    engine.StreamUID
	number uint64
	size   int64 // durable bytes
	sealed bool  // has a footer and takes no more blocks
	oldest int64 // arrival of its oldest record, in Unix milliseconds
	// blocks is what the footer will hold; nil once sealed.
	blocks []footerEntry
	// live counts the blocks that some shard's index still has.
	live atomic.Int32
}

func (s *segment) seed() uint32 { return segmentSeed(s.uid, s.number) }

// block is where a block lies: the index in memory.
type block struct {
	first   engine.Position
	arrival int64 // of the first record
	seg     *segment
	offset  uint32
	length  uint32 // of header and payload
	span    int32  // milliseconds from the first arrival to the last
	shard   uint32
}

func (b block) lastArrival() int64 { return b.arrival + int64(b.span) }

// release takes blocks out of the index. It reports whether a segment died.
func release(blocks []block) (died bool) {
	for _, b := range blocks {
		if b.seg.live.Add(-1) == 0 {
			died = true
		}
	}
	return died
}

// footerEntry is a block as the footer lists it.
type footerEntry struct {
	offset uint32
	head   blockHeader
}

func (f footerEntry) index(s *segment) block {
	return block{
		first: f.head.first, arrival: f.head.firstArrival, seg: s, offset: f.offset,
		length: blockHeaderBytes + f.head.payload, span: int32(f.head.lastArrival - f.head.firstArrival),
		shard: f.head.shard,
	}
}

func encodeSegmentHeader(uid engine.StreamUID, number uint64) []byte {
	b := make([]byte, segmentHeaderBytes)
	copy(b, segmentMagic)
	copy(b[8:], uid[:])
	le.PutUint64(b[24:], number)
	le.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	return b
}

func checkSegmentHeader(b []byte, uid engine.StreamUID, number uint64) bool {
	return len(b) >= segmentHeaderBytes && string(b[:segmentHeaderBytes]) == string(encodeSegmentHeader(uid, number))
}

// footerSize is what a footer for n blocks takes.
func footerSize(n int) int64 { return footerHeadBytes + int64(n)*footerEntryBytes + footerTailBytes }

// encodeFooter is the index of a sealed segment:
//
//	magic 4 | count 4 | entries | size of the footer 8 | crc 4 | magic 4
func encodeFooter(blocks []footerEntry, seed uint32) []byte {
	b := make([]byte, 0, footerSize(len(blocks)))
	b = le.AppendUint32(b, footerMagic)
	b = le.AppendUint32(b, uint32(len(blocks)))
	for _, f := range blocks {
		b = le.AppendUint32(b, f.offset)
		b = le.AppendUint32(b, f.head.payload)
		b = le.AppendUint32(b, f.head.shard)
		b = le.AppendUint32(b, f.head.count)
		b = le.AppendUint64(b, uint64(f.head.first))
		b = le.AppendUint64(b, uint64(f.head.last))
		b = le.AppendUint64(b, uint64(f.head.firstArrival))
		b = le.AppendUint64(b, uint64(f.head.lastArrival))
	}
	b = le.AppendUint64(b, uint64(footerSize(len(blocks))))
	b = le.AppendUint32(b, crc32.Update(seed, castagnoli, b))
	return le.AppendUint32(b, footerMagic)
}

// parseFooter decodes a whole footer of a segment of the given size.
func parseFooter(b []byte, seed uint32, segmentSize int64) ([]footerEntry, bool) {
	n := len(b)
	if n < footerHeadBytes+footerTailBytes || le.Uint32(b) != footerMagic || le.Uint32(b[n-4:]) != footerMagic ||
		le.Uint32(b[n-8:]) != crc32.Update(seed, castagnoli, b[:n-8]) {
		return nil, false
	}
	count := le.Uint32(b[4:])
	if uint64(n) != footerHeadBytes+footerTailBytes+uint64(count)*footerEntryBytes {
		return nil, false
	}
	d := decoder{b: b[footerHeadBytes:]}
	out := make([]footerEntry, count)
	next := int64(segmentHeaderBytes)
	for i := range out {
		f := &out[i]
		f.offset, f.head.payload, f.head.shard, f.head.count = d.u32(), d.u32(), d.u32(), d.u32()
		f.head.first, f.head.last = engine.Position(d.u64()), engine.Position(d.u64())
		f.head.firstArrival, f.head.lastArrival = int64(d.u64()), int64(d.u64())
		if int64(f.offset) != next || !f.head.sound() {
			return nil, false
		}
		next += blockHeaderBytes + int64(f.head.payload)
	}
	return out, next+int64(n) == segmentSize
}

// readIndex lists the blocks of a segment: from its footer, or from the block
// headers where it has none or the footer is damaged.
func readIndex(fs vfs.FS, path string, s *segment) ([]footerEntry, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, corrupt(path, 0, "the checkpoint lists this segment: %v", err)
	}
	defer f.Close()
	head := make([]byte, segmentHeaderBytes)
	if err := readFull(f, head, 0); err != nil || !checkSegmentHeader(head, s.uid, s.number) {
		return nil, corrupt(path, 0, "not the header of this segment (%v)", err)
	}
	if s.sealed {
		if blocks, ok := readFooter(f, s); ok {
			return blocks, nil
		}
	}
	return scanBlocks(f, path, s)
}

func readFooter(f vfs.File, s *segment) ([]footerEntry, bool) {
	tail := make([]byte, footerTailBytes)
	if s.size < segmentHeaderBytes+footerSize(0) || readFull(f, tail, s.size-footerTailBytes) != nil {
		return nil, false
	}
	size := le.Uint64(tail)
	if size < footerHeadBytes+footerTailBytes || size > uint64(s.size-segmentHeaderBytes) {
		return nil, false
	}
	b := make([]byte, size)
	if readFull(f, b, s.size-int64(size)) != nil {
		return nil, false
	}
	return parseFooter(b, s.seed(), s.size)
}

// scanBlocks walks over the block headers.
func scanBlocks(f vfs.File, path string, s *segment) ([]footerEntry, error) {
	var out []footerEntry
	seed, head := s.seed(), make([]byte, blockHeaderBytes)
	off := int64(segmentHeaderBytes)
	for off < s.size {
		if s.sealed && off+footerSize(len(out)) == s.size {
			return out, nil
		}
		if err := readFull(f, head, off); err != nil {
			return nil, corrupt(path, off, "block header: %v", err)
		}
		h, ok := parseBlockHeader(head, seed)
		if !ok {
			return nil, corrupt(path, off, "block header does not verify")
		}
		out = append(out, footerEntry{offset: uint32(off), head: h})
		off += blockHeaderBytes + int64(h.payload)
	}
	if off != s.size || s.sealed {
		return nil, corrupt(path, off, "blocks end here, the checkpoint says %d", s.size)
	}
	return out, nil
}
