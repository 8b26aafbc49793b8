package disk

import (
	"errors"
	"fmt"
	"hash/crc32"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// checkpoint says what the engine held when the journal stood at lsn, and
// where replay starts. Its segments hold every record of before lsn.
type checkpoint struct {
	number      uint64 // of the checkpoint, rising
	lsn         lsn
	journal     uint64          // the file that lsn lies in
	offset      int64           // and where
	nextSegment uint64          // above the number of every segment
	base        engine.Position // new shards start behind it
	catalog     catalogState
	streams     []streamState
}

type streamState struct {
	uid      engine.StreamUID
	floor    engine.Position
	shards   []shardState
	segments []segmentState
}

type shardState struct {
	shard            uint32
	sealed           bool
	start, tip, next engine.Position
	arrival, trim    int64
}

type segmentState struct {
	number uint64
	size   int64
	sealed bool
	oldest int64
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// encode gives the content of the file: magic, length, fields, checksum.
func (c *checkpoint) encode() []byte {
	b := append([]byte(snapMagic), make([]byte, 8)...)
	for _, v := range []uint64{c.number, uint64(c.lsn), c.journal, uint64(c.offset), c.nextSegment, uint64(c.base), uint64(c.catalog.at)} {
		b = le.AppendUint64(b, v)
	}
	b = append(b, boolByte(c.catalog.snapshot != nil))
	b = appendBytes(b, c.catalog.snapshot)
	b = le.AppendUint32(b, uint32(len(c.catalog.commands)))
	for _, command := range c.catalog.commands {
		b = appendBytes(b, command)
	}
	b = le.AppendUint32(b, uint32(len(c.streams)))
	for i := range c.streams {
		b = c.streams[i].append(b)
	}
	le.PutUint64(b[8:], uint64(len(b)+4))
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func appendBytes(b, p []byte) []byte {
	return append(le.AppendUint64(b, uint64(len(p))), p...)
}

func (s *streamState) append(b []byte) []byte {
	b = append(b, s.uid[:]...)
	b = le.AppendUint64(b, uint64(s.floor))
	b = le.AppendUint32(b, uint32(len(s.shards)))
	for _, sh := range s.shards {
		b = le.AppendUint32(b, sh.shard)
		b = append(b, boolByte(sh.sealed))
		for _, v := range []uint64{uint64(sh.start), uint64(sh.tip), uint64(sh.next), uint64(sh.arrival), uint64(sh.trim)} {
			b = le.AppendUint64(b, v)
		}
	}
	b = le.AppendUint32(b, uint32(len(s.segments)))
	for _, seg := range s.segments {
		b = le.AppendUint64(b, seg.number)
		b = le.AppendUint64(b, uint64(seg.size))
		b = append(b, boolByte(seg.sealed))
		b = le.AppendUint64(b, uint64(seg.oldest))
	}
	return b
}

// parseCheckpoint is the inverse of encode.
func parseCheckpoint(b []byte) (*checkpoint, error) {
	n := len(b)
	switch {
	case n < 20 || string(b[:7]) != snapMagic[:7]:
		return nil, errors.New("not a checkpoint")
	case le.Uint64(b[8:]) != uint64(n):
		return nil, fmt.Errorf("the file has %d bytes, %d were written", n, le.Uint64(b[8:]))
	case le.Uint32(b[n-4:]) != crc32.Checksum(b[:n-4], castagnoli):
		return nil, errors.New("checksum does not match")
	case b[7] != snapMagic[7]:
		return nil, fmt.Errorf("checkpoint version %d is not known", b[7])
	}
	d := decoder{b: b[16 : n-4]}
	c := &checkpoint{
		number: d.u64(), lsn: lsn(d.u64()), journal: d.u64(), offset: int64(d.u64()), nextSegment: d.u64(),
	}
	c.base = engine.Position(d.u64())
	c.catalog.at = engine.Index(d.u64())
	saved := d.u8() == 1
	state := d.bytes(d.u64())
	d.check(saved || len(state) == 0)
	if saved {
		c.catalog.snapshot = state
	}
	for range d.u32() {
		if d.bad {
			break
		}
		c.catalog.commands = append(c.catalog.commands, d.bytes(d.u64()))
	}
	for range d.u32() {
		if d.bad {
			break
		}
		c.streams = append(c.streams, parseStream(&d))
	}
	if d.bad || len(d.b) > 0 {
		return nil, errors.New("fields do not fill the file")
	}
	return c, nil
}

func parseStream(d *decoder) (s streamState) {
	s.uid, s.floor = d.uid(), engine.Position(d.u64())
	for range d.u32() {
		if d.bad {
			break
		}
		sh := shardState{shard: d.u32(), sealed: d.u8() == 1}
		sh.start, sh.tip, sh.next = engine.Position(d.u64()), engine.Position(d.u64()), engine.Position(d.u64())
		sh.arrival, sh.trim = int64(d.u64()), int64(d.u64())
		s.shards = append(s.shards, sh)
	}
	for range d.u32() {
		if d.bad {
			break
		}
		seg := segmentState{number: d.u64(), size: int64(d.u64()), sealed: d.u8() == 1}
		seg.oldest = int64(d.u64())
		s.segments = append(s.segments, seg)
	}
	return s
}

// readCheckpoint loads the newest checkpoint; nil where there is none. A
// damaged one is an error: an older one may lack what the journal no longer has.
func readCheckpoint(opts Options) (*checkpoint, error) {
	numbers, err := listNumbered(opts.FS, opts.path(snapDir), snapExt)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	number := numbers[len(numbers)-1]
	path := opts.snapPath(number)
	b, err := readFile(opts.FS, path)
	if err != nil {
		return nil, err
	}
	c, err := parseCheckpoint(b)
	if err != nil {
		return nil, corrupt(path, 0, "%v", err)
	}
	if c.number != number {
		return nil, corrupt(path, 16, "this is checkpoint %d under the name of %d", c.number, number)
	}
	return c, nil
}

func readFile(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	return b, readFull(f, b, 0)
}
