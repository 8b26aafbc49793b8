package disk

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"millrace/internal/engine"
)

// A block is records of one shard in a segment: a header and runs, each
//
//	first - block's first uvarint | count uvarint | arrival - block's uvarint | bytes uvarint | records

const (
	blockMagic       = 0x4b42524d // "MRBK"
	blockHeaderBytes = 64
	// maxBlockSpan is the most milliseconds between the first and the last
	// arrival of a block, so that they fit the index.
	maxBlockSpan = math.MaxInt32
)

// blockHeader describes a block on disk and in the index.
type blockHeader struct {
	payload      uint32 // bytes
	payloadCRC   uint32
	shard        uint32
	count        uint32
	first, last  engine.Position
	firstArrival int64
	lastArrival  int64
}

// segmentSeed starts every checksum in a segment, so that bytes of another
// stream or segment never verify.
func segmentSeed(uid engine.StreamUID, number uint64) uint32 {
	return crc32.Checksum(le.AppendUint64(uid[:len(uid):len(uid)], number), castagnoli)
}

// put writes the header into the first blockHeaderBytes of b.
func (h blockHeader) put(b []byte, seed uint32) {
	le.PutUint32(b, blockMagic)
	le.PutUint32(b[8:], h.payload)
	le.PutUint32(b[12:], h.payloadCRC)
	le.PutUint32(b[16:], h.shard)
	le.PutUint32(b[20:], h.count)
	le.PutUint64(b[24:], uint64(h.first))
	le.PutUint64(b[32:], uint64(h.last))
	le.PutUint64(b[40:], uint64(h.firstArrival))
	le.PutUint64(b[48:], uint64(h.lastArrival))
	le.PutUint64(b[56:], 0)
	le.PutUint32(b[4:], crc32.Update(seed, castagnoli, b[8:blockHeaderBytes]))
}

func parseBlockHeader(b []byte, seed uint32) (h blockHeader, ok bool) {
	if len(b) < blockHeaderBytes || le.Uint32(b) != blockMagic ||
		le.Uint32(b[4:]) != crc32.Update(seed, castagnoli, b[8:blockHeaderBytes]) {
		return h, false
	}
	h = blockHeader{
		payload:      le.Uint32(b[8:]),
		payloadCRC:   le.Uint32(b[12:]),
		shard:        le.Uint32(b[16:]),
		count:        le.Uint32(b[20:]),
		first:        engine.Position(le.Uint64(b[24:])),
		last:         engine.Position(le.Uint64(b[32:])),
		firstArrival: int64(le.Uint64(b[40:])),
		lastArrival:  int64(le.Uint64(b[48:])),
	}
	return h, h.sound()
}

// sound checks what the reader relies on.
func (h blockHeader) sound() bool {
	span := h.lastArrival - h.firstArrival
	return h.count > 0 && h.first <= h.last && span >= 0 && span <= maxBlockSpan
}

// blockWriter builds one block. The zero value is empty.
type blockWriter struct {
	head blockHeader
	runs []run // of head.shard, in order
	size int64
}

func (w *blockWriter) fits(r run, limit int64) bool {
	return len(w.runs) == 0 || w.size+int64(len(r.buf)) <= limit && r.arrival-w.head.firstArrival <= maxBlockSpan
}

func (w *blockWriter) add(r run) {
	if len(w.runs) == 0 {
		w.head.first, w.head.firstArrival = r.first, r.arrival
	}
	w.head.last, w.head.lastArrival = r.end()-1, r.arrival
	w.head.count += r.count
	w.runs = append(w.runs, r)
	w.size += int64(len(r.buf))
}

// appendTo appends the finished block to b and empties the writer. Runs that
// follow each other at the same time become one.
func (w *blockWriter) appendTo(b []byte, seed uint32) ([]byte, blockHeader) {
	start := len(b)
	b = append(b, make([]byte, blockHeaderBytes)...)
	for i := 0; i < len(w.runs); {
		same, count, bytes := i, uint64(0), 0
		for ; same < len(w.runs) && (same == i || joins(w.runs[same-1], w.runs[same])); same++ {
			count += uint64(w.runs[same].count)
			bytes += len(w.runs[same].buf)
		}
		b = binary.AppendUvarint(b, uint64(w.runs[i].first-w.head.first))
		b = binary.AppendUvarint(b, count)
		b = binary.AppendUvarint(b, uint64(w.runs[i].arrival-w.head.firstArrival))
		b = binary.AppendUvarint(b, uint64(bytes))
		for ; i < same; i++ {
			b = append(b, w.runs[i].buf...)
		}
	}
	h := w.head
	payload := b[start+blockHeaderBytes:]
	h.payload = uint32(len(payload))
	h.payloadCRC = payloadCRC(payload, seed)
	h.put(b[start:], seed)
	clear(w.runs)
	*w = blockWriter{head: blockHeader{shard: h.shard}, runs: w.runs[:0]}
	return b, h
}

func joins(a, b run) bool { return a.end() == b.first && a.arrival == b.arrival }

func payloadCRC(p []byte, seed uint32) uint32 { return crc32.Update(^seed, castagnoli, p) }

// parseBlock decodes a whole block. The runs point into b.
func parseBlock(b []byte, seed uint32) (h blockHeader, runs []run, ok bool) {
	h, ok = parseBlockHeader(b, seed)
	if !ok || uint64(len(b)) != blockHeaderBytes+uint64(h.payload) {
		return h, nil, false
	}
	p := b[blockHeaderBytes:]
	if payloadCRC(p, seed) != h.payloadCRC {
		return h, nil, false
	}
	next := h.first
	for len(p) > 0 {
		var r run
		if r, p, ok = cutBlockRun(p, h); !ok || r.first < next {
			return h, nil, false
		}
		next = r.end()
		runs = append(runs, r)
	}
	return h, runs, len(runs) > 0 && next == h.last+1
}

// cutBlockRun splits the first run off a block's payload.
func cutBlockRun(p []byte, h blockHeader) (r run, rest []byte, ok bool) {
	var v [4]uint64
	for i := range v {
		x, n := binary.Uvarint(p)
		if n <= 0 {
			return r, nil, false
		}
		v[i], p = x, p[n:]
	}
	if v[0] > uint64(h.last-h.first) || v[1] == 0 || v[1] > uint64(h.count) ||
		v[2] > uint64(h.lastArrival-h.firstArrival) || v[3] > uint64(len(p)) {
		return r, nil, false
	}
	r = run{
		first:   h.first + engine.Position(v[0]),
		count:   uint32(v[1]),
		arrival: h.firstArrival + int64(v[2]),
		buf:     p[:v[3]:v[3]],
	}
	return r, p[v[3]:], true
}

// splitRun cuts a run in front of the first record that would pass limit
// bytes, but behind the first one.
func splitRun(r run, limit int64) (head, tail run) {
	b, n := r.buf, uint32(0)
	for n < r.count {
		_, rest, ok := cutRecord(b)
		if !ok || n > 0 && int64(len(r.buf)-len(rest)) > limit {
			break
		}
		b, n = rest, n+1
	}
	at := len(r.buf) - len(b)
	head = run{first: r.first, arrival: r.arrival, buf: r.buf[:at:at], count: n}
	tail = run{first: head.end(), arrival: r.arrival, buf: b, count: r.count - n}
	return head, tail
}
