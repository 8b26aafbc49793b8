package disk

import (
	"encoding/binary"

	"millrace/internal/engine"
)

// A record is stored, in journal and segment alike, as
//
//	attr 1 | key length uvarint | data length uvarint | key | data
//
// Its position and arrival stand in front of the run that it is part of.

// recordBytes is the encoded size of a record.
func recordBytes(r *engine.Record) int {
	return 1 + uvarintBytes(uint64(len(r.Key))) + uvarintBytes(uint64(len(r.Data))) + len(r.Key) + len(r.Data)
}

func uvarintBytes(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

func appendRecord(b []byte, r *engine.Record) []byte {
	b = append(b, r.Attr)
	b = binary.AppendUvarint(b, uint64(len(r.Key)))
	b = binary.AppendUvarint(b, uint64(len(r.Data)))
	b = append(b, r.Key...)
	return append(b, r.Data...)
}

// cutRecord splits the first record off b; ok is false where there is none.
// Key and Data point into b.
func cutRecord(b []byte) (r engine.Record, rest []byte, ok bool) {
	if len(b) == 0 {
		return r, nil, false
	}
	r.Attr, b = b[0], b[1:]
	key, n := binary.Uvarint(b)
	if n <= 0 {
		return r, nil, false
	}
	b = b[n:]
	data, n := binary.Uvarint(b)
	if n <= 0 {
		return r, nil, false
	}
	b = b[n:]
	if key > uint64(len(b)) || data > uint64(len(b))-key {
		return r, nil, false
	}
	end := key + data
	r.Key, r.Data = b[:key:key], b[key:end:end]
	return r, b[end:], true
}

// run is consecutive records of one shard that arrived together, in memory.
// It is immutable; buf is shared with readers.
type run struct {
	first   engine.Position
	arrival int64
	buf     []byte
	count   uint32
}

// runOverhead is what a run costs in memory beyond its records: itself in a
// slice that has grown by doubling.
const runOverhead = 96

func (r run) end() engine.Position { return r.first + engine.Position(r.count) }
func (r run) cost() int64          { return int64(len(r.buf)) + runOverhead }

// valid says whether buf holds exactly count records.
func (r run) valid() bool {
	b, ok := r.buf, true
	for range r.count {
		if _, b, ok = cutRecord(b); !ok {
			return false
		}
	}
	return len(b) == 0
}
