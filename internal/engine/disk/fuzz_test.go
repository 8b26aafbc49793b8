package disk

import (
	"bytes"
	"testing"

	"millrace/internal/engine"
)

func FuzzFrame(f *testing.F) {
	payload := appendShardEntry(nil, entryCreate, at(1, 2), 1)
	rec := engine.Record{Attr: 1, Key: []byte("key"), Data: []byte("data")}
	body := appendRecord(nil, &rec)
	payload = append(appendRun(payload, at(1, 2), run{first: 1, count: 1, arrival: 5}, len(body)), body...)
	payload = appendCommand(payload, 1, []byte("command"))
	payload = appendSkip(appendShardEntry(payload, entrySeal, at(1, 2), 2), 7)
	f.Add(finishFrame(append(newFrame(int64(len(payload))), payload...), 7, frameGroup, 64, 64), uint32(7))
	f.Add(payload, uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, seed uint32) {
		fr, ok := parseFrame(b, seed)
		if ok && fr.size > len(b) {
			t.Fatalf("a frame of %d bytes out of %d", fr.size, len(b))
		}
		if !ok {
			fr.payload = b
		}
		for p := fr.payload; len(p) > 0; {
			e, rest, ok := cutEntry(p)
			if !ok {
				break
			}
			if len(rest) >= len(p) || e.kind == entryAppend && !e.run.valid() {
				t.Fatalf("entry %+v of %x", e, p)
			}
			p = rest
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	c := checkpoint{number: 3, lsn: 640, journal: 2, offset: 4096, nextSegment: 9}
	c.catalog = catalogState{[]byte("state"), 4, [][]byte{[]byte("five")}}
	c.streams = []streamState{{
		uid: engine.StreamUID{1}, floor: 1, shards: []shardState{{shard: 1, sealed: true, start: 1, tip: 5, next: 5, arrival: 7}},
		segments: []segmentState{{number: 8, size: 64, sealed: true, oldest: 3}},
	}}
	f.Add(c.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		// A checksum would stop nearly every input: make it right.
		if len(b) >= 20 {
			b = resum(b)
		}
		if c, err := parseCheckpoint(b); err == nil && len(c.encode()) != len(b) {
			t.Fatalf("%d bytes read, %d written", len(b), len(c.encode()))
		}
	})
}

func resum(b []byte) []byte {
	b = bytes.Clone(b)
	copy(b, snapMagic)
	le.PutUint64(b[8:], uint64(len(b)))
	le.PutUint32(b[len(b)-4:], crc(b[:len(b)-4]))
	return b
}

func FuzzBlock(f *testing.F) {
	w := blockWriter{head: blockHeader{shard: 4}}
	rec := engine.Record{Key: []byte("key"), Data: []byte("data")}
	for i := range 3 {
		w.add(run{first: engine.Position(i*2 + 1), count: 1, arrival: int64(i), buf: appendRecord(nil, &rec)})
	}
	b, _ := w.appendTo(nil, 5)
	f.Add(b, uint32(5))
	f.Fuzz(func(t *testing.T, b []byte, seed uint32) {
		if len(b) >= blockHeaderBytes {
			b = bytes.Clone(b)
			h := blockHeader{
				payload: uint32(len(b) - blockHeaderBytes), payloadCRC: payloadCRC(b[blockHeaderBytes:], seed),
				count: 1 << 20, first: 1, last: engine.Position(le.Uint16(b[32:])) + 1, lastArrival: int64(le.Uint16(b[48:])),
			}
			h.put(b, seed)
		}
		_, runs, ok := parseBlock(b, seed)
		c := collector{records: 1 << 20, bytes: 1 << 30}
		if ok {
			readRuns(runs, &c)
		}
	})
}

func FuzzFooter(f *testing.F) {
	blocks := []footerEntry{{offset: 64, head: blockHeader{payload: 10, count: 1, first: 1, last: 1}}}
	f.Add(encodeFooter(blocks, 3), uint32(3), int64(64+74)+footerSize(1))
	f.Fuzz(func(t *testing.T, b []byte, seed uint32, size int64) {
		if n := len(b); n >= footerHeadBytes+footerTailBytes {
			b = bytes.Clone(b)
			copy(b[n-8:], le.AppendUint32(nil, crcFrom(seed, b[:n-8])))
		}
		if blocks, ok := parseFooter(b, seed, size); ok && !bytes.Equal(encodeFooter(blocks, seed)[:8], b[:8]) {
			t.Fatal("footer changed")
		}
	})
}

func FuzzJournalHeader(f *testing.F) {
	f.Add(journalHeader{number: 7, relaxed: true}.encode()[:64])
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := parseJournalHeader(b); err == nil && h.number != le.Uint64(b[8:]) {
			t.Fatalf("%+v", h)
		}
	})
}
