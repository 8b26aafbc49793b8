package disk

import (
	"encoding/binary"
	"hash/crc32"

	"millrace/internal/engine"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var le = binary.LittleEndian

// A journal file is a header block and frames, each starting at a multiple of
// 8 bytes. docs/format.md draws them.
const (
	// journalHeaderBytes keeps the header out of the disk blocks that frames
	// are written to, so that no torn write can reach it.
	journalHeaderBytes = 4096
	frameHeaderBytes   = 32
	// maxFrameBytes is more than any frame can have.
	maxFrameBytes = maxAppendBytes + 16*mib
)

// Kinds of frames.
const (
	frameGroup = 1 // a commit group
	frameOpen  = 2 // the first frame after a start
	frameClose = 3 // the last frame before an orderly end
)

// lsn is a place in the journal: how many bytes of frames came before it
// since the data directory was made.
type lsn uint64

// frame is a decoded frame.
type frame struct {
	kind    byte
	at      lsn
	durable lsn // everything before it had been synced when this was written
	payload []byte
	size    int // with header and padding
}

func (f frame) end() lsn { return f.at + lsn(f.size) }

// frameSize is what a payload takes in the file.
func frameSize(payload int64) int64 { return (frameHeaderBytes + payload + 7) &^ 7 }

// newFrame returns a buffer for a frame with at most payload bytes; the
// payload is appended to it, then finishFrame closes it.
func newFrame(payload int64) []byte {
	return make([]byte, frameHeaderBytes, frameSize(payload))
}

// finishFrame pads the frame and fills its header in.
func finishFrame(b []byte, seed uint32, kind byte, at, durable lsn) []byte {
	payload := len(b) - frameHeaderBytes
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	le.PutUint32(b, uint32(payload))
	b[8] = kind
	le.PutUint64(b[16:], uint64(at))
	le.PutUint64(b[24:], uint64(durable))
	le.PutUint32(b[4:], frameCRC(b, seed))
	return b
}

// frameCRC covers the whole frame but the checksum itself.
func frameCRC(b []byte, seed uint32) uint32 {
	return crc32.Update(crc32.Update(seed, castagnoli, b[:4]), castagnoli, b[8:])
}

// parseFrame decodes the frame at the start of b; ok is false where there is
// none that is whole and belongs to the file that seed stands for.
func parseFrame(b []byte, seed uint32) (f frame, ok bool) {
	size, ok := frameLength(b)
	if !ok || size > len(b) {
		return f, false
	}
	b = b[:size]
	if le.Uint32(b[4:]) != frameCRC(b, seed) {
		return f, false
	}
	payload := int(le.Uint32(b))
	return frame{
		kind:    b[8],
		at:      lsn(le.Uint64(b[16:])),
		durable: lsn(le.Uint64(b[24:])),
		payload: b[frameHeaderBytes : frameHeaderBytes+payload : frameHeaderBytes+payload],
		size:    size,
	}, true
}

// frameLength reads the size of a frame from its header, if it can be one.
func frameLength(b []byte) (int, bool) {
	if len(b) < frameHeaderBytes {
		return 0, false
	}
	size := frameSize(int64(le.Uint32(b)))
	kind := b[8]
	if size > maxFrameBytes || kind < frameGroup || kind > frameClose || b[9]|b[10]|b[11]|b[12]|b[13]|b[14]|b[15] != 0 {
		return 0, false
	}
	return int(size), true
}

// Kinds of entries in a frame's payload.
const (
	entryAppend     = 1
	entryCreate     = 2
	entryDropStream = 3
	entryDropShard  = 4
	entrySeal       = 5
	entryCommand    = 6
	entrySkip       = 7
)

const (
	appendEntryBytes  = 1 + 20 + 8 + 4 + 8 + 4
	shardEntryBytes   = 1 + 20 + 8
	commandEntryBytes = 1 + 8 + 4
)

// entry is a decoded entry; which fields count depends on the kind.
type entry struct {
	kind     byte
	ref      engine.ShardRef
	position engine.Position // create: start; seal: end; skip: by how much
	run      run             // append
	index    engine.Index    // command
	command  []byte          // command
}

func appendRef(b []byte, kind byte, ref engine.ShardRef) []byte {
	b = append(b, kind)
	b = append(b, ref.Stream[:]...)
	return le.AppendUint32(b, ref.Shard)
}

// appendRun starts an append entry; the records follow.
func appendRun(b []byte, ref engine.ShardRef, r run, records int) []byte {
	b = appendRef(b, entryAppend, ref)
	b = le.AppendUint64(b, uint64(r.first))
	b = le.AppendUint32(b, r.count)
	b = le.AppendUint64(b, uint64(r.arrival))
	return le.AppendUint32(b, uint32(records))
}

func appendShardEntry(b []byte, kind byte, ref engine.ShardRef, p engine.Position) []byte {
	return le.AppendUint64(appendRef(b, kind, ref), uint64(p))
}

func appendCommand(b []byte, at engine.Index, command []byte) []byte {
	b = append(b, entryCommand)
	b = le.AppendUint64(b, uint64(at))
	b = le.AppendUint32(b, uint32(len(command)))
	return append(b, command...)
}

func appendSkip(b []byte, by engine.Position) []byte {
	return le.AppendUint64(append(b, entrySkip), uint64(by))
}

// cutEntry splits the first entry off a payload.
func cutEntry(b []byte) (e entry, rest []byte, ok bool) {
	if len(b) == 0 {
		return e, nil, false
	}
	e.kind = b[0]
	d := decoder{b: b[1:]}
	switch e.kind {
	case entryAppend:
		e.ref = d.ref()
		e.run.first = engine.Position(d.u64())
		e.run.count = d.u32()
		e.run.arrival = int64(d.u64())
		e.run.buf = d.bytes(uint64(d.u32()))
		d.check(e.run.count > 0 && e.run.valid())
	case entryCreate, entryDropStream, entryDropShard, entrySeal:
		e.ref = d.ref()
		e.position = engine.Position(d.u64())
	case entryCommand:
		e.index = engine.Index(d.u64())
		e.command = d.bytes(uint64(d.u32()))
	case entrySkip:
		e.position = engine.Position(d.u64())
	default:
		return e, nil, false
	}
	return e, d.b, !d.bad
}

// decoder reads fixed fields off a buffer; once it is short, everything reads
// as zero and bad is set.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) check(ok bool) { d.bad = d.bad || !ok }

func (d *decoder) bytes(n uint64) []byte {
	if d.bad || n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	p := d.b[:n:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) u8() byte {
	if p := d.bytes(1); p != nil {
		return p[0]
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if p := d.bytes(4); p != nil {
		return le.Uint32(p)
	}
	return 0
}

func (d *decoder) u64() uint64 {
	if p := d.bytes(8); p != nil {
		return le.Uint64(p)
	}
	return 0
}

func (d *decoder) uid() (u engine.StreamUID) {
	copy(u[:], d.bytes(uint64(len(u))))
	return u
}

func (d *decoder) ref() engine.ShardRef {
	return engine.ShardRef{Stream: d.uid(), Shard: d.u32()}
}
