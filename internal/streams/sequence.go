package streams

import (
	"cmp"
	"errors"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// SequenceNumber is the number of a record in its stream. Kinesis shows it as
// a decimal of 56 digits; as a 188-bit number it is laid out as follows, most
// significant first:
//
//	 4 bits  constant 2
//	36 bits  creation time of the shard, Unix seconds
//	 4 bits  low bits of the shard number
//	64 bits  counter, top bit 0: the record's position in the shard
//	 8 bits  0
//	36 bits  arrival time of the record, Unix seconds
//	32 bits  shard number, signed
//	 4 bits  version of the layout, 2
//
// Two older layouts are read, never made: version 1 of the same width, and
// version 0, which has 125 bits. AWS documents none of them; they fit every
// real number that we have seen. Numbers compare like the decimals they stand
// for, and a number can be made from what the shard and the engine know, so it
// needs no state of its own. The zero value is the number 0.
type SequenceNumber struct{ hi, mid, lo uint64 }

const (
	mask36 = 1<<36 - 1
	// maxCounter is the counter of the number at which a closed shard ends.
	maxCounter = 1<<63 - 1
	// maxCreatedSec bounds the creation time that the service accepts in a
	// number (seen in its answers).
	maxCreatedSec = 16_025_175_000
)

// sequenceOf is the number of the record at a position of a shard.
func sequenceOf(sh *catalog.Shard, counter engine.Position, timeSec int64) SequenceNumber {
	c, t := uint64(sh.CreatedSec)&mask36, uint64(timeSec)&mask36
	return SequenceNumber{
		hi:  2<<56 | c<<20 | uint64(sh.Number&15)<<16 | uint64(counter)>>48,
		mid: uint64(counter)<<16 | t>>28,
		lo:  t<<36 | uint64(sh.Number)<<4 | 2,
	}
}

// StartingSequence is the StartingSequenceNumber of a shard.
func StartingSequence(sh *catalog.Shard) SequenceNumber { return sequenceOf(sh, 0, sh.CreatedSec) }

// EndingSequence is the EndingSequenceNumber of a closed shard; ok is false
// while the shard is open and has none.
func EndingSequence(sh *catalog.Shard) (n SequenceNumber, ok bool) {
	if !sh.Closed {
		return SequenceNumber{}, false
	}
	// A shard that closed right after it opened ends no earlier than it starts.
	return sequenceOf(sh, maxCounter, max(sh.CreatedSec, sh.ClosedMs/1000)), true
}

// Cmp orders numbers as the decimals they stand for.
func (n SequenceNumber) Cmp(o SequenceNumber) int {
	return cmp.Or(cmp.Compare(n.hi, o.hi), cmp.Compare(n.mid, o.mid), cmp.Compare(n.lo, o.lo))
}

// Version is the version of the number's layout: 0, 1 or 2.
func (n SequenceNumber) Version() int {
	if n.hi == 0 {
		return 0
	}
	return int(n.lo & 15)
}

// Shard is the number of the shard that the sequence number encodes. In a
// number that is not ours it may have its top bit set.
func (n SequenceNumber) Shard() uint32 {
	if n.Version() == 0 {
		return uint32(n.lo & 0xffff)
	}
	return uint32(n.lo >> 4)
}

// CreatedSec is the creation time of the shard in Unix seconds.
func (n SequenceNumber) CreatedSec() int64 {
	if n.Version() == 0 {
		return int64(n.mid >> 24 & mask36)
	}
	return int64(n.hi >> 20 & mask36)
}

// Counter is the number's place in its shard.
func (n SequenceNumber) Counter() uint64 {
	switch n.Version() {
	case 0:
		return n.mid<<48 | n.lo>>16
	case 1:
		return n.lo >> 36 & 0xff
	}
	return n.hi<<48 | n.mid>>16
}

// TimeSec is the time of the record in Unix seconds. Version 0 has none but
// the shard's creation time.
func (n SequenceNumber) TimeSec() int64 {
	switch n.Version() {
	case 0:
		return n.CreatedSec()
	case 1:
		return int64((n.hi<<28 | n.mid>>36) & mask36)
	}
	return int64((n.mid<<28 | n.lo>>36) & mask36)
}

// ErrSequenceSyntax says that a string is no sequence number.
var ErrSequenceSyntax = errors.New("not a sequence number")

// ParseSequenceNumber reads a number of any of the three layouts. The error
// is ErrSequenceSyntax.
func ParseSequenceNumber(s string) (SequenceNumber, error) {
	n, ok := parseDecimal(s)
	if !ok || !n.wellFormed() {
		return SequenceNumber{}, ErrSequenceSyntax
	}
	return n, nil
}

// wellFormed says whether a number has one of the layouts. What has no more
// than 128 bits counts as version 0, small decimals as such with the leading 1
// left off.
func (n SequenceNumber) wellFormed() bool {
	if n.hi == 0 {
		return n.CreatedSec() < maxCreatedSec
	}
	if n.hi>>56 != 2 {
		return false
	}
	switch n.Version() {
	case 1:
		return true
	case 2:
		return n.Counter() <= maxCounter && n.CreatedSec() < maxCreatedSec
	}
	return false
}
