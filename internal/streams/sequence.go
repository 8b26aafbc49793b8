package streams

import (
	"cmp"
	"errors"
	"math/bits"
	"strconv"

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
	return sequenceOf(sh, maxCounter, sh.ClosedMs/1000), true
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

// wellFormed says whether a number has one of the layouts. Small decimals
// count as version 0 with the leading 1 left off.
func (n SequenceNumber) wellFormed() bool {
	if n.hi == 0 {
		return n.mid < 1<<61
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

func parseDecimal(s string) (n SequenceNumber, ok bool) {
	if s == "" {
		return n, false
	}
	for i := range len(s) {
		d := uint64(s[i] - '0')
		if d > 9 {
			return n, false
		}
		var c, carry uint64
		carry, n.lo = bits.Mul64(n.lo, 10)
		n.lo, c = bits.Add64(n.lo, d, 0)
		carry += c
		top, mid := bits.Mul64(n.mid, 10)
		n.mid, c = bits.Add64(mid, carry, 0)
		carry = top + c
		top, hi := bits.Mul64(n.hi, 10)
		n.hi, c = bits.Add64(hi, carry, 0)
		if top+c != 0 {
			return n, false
		}
	}
	return n, true
}

// ten19 is the largest power of ten that a word holds.
const ten19 = 10_000_000_000_000_000_000

// AppendDecimal appends the number in decimal, without leading zeros.
func (n SequenceNumber) AppendDecimal(dst []byte) []byte {
	n, low := n.div19()
	n, mid := n.div19()
	n, high := n.div19()
	switch {
	case n.lo != 0: // above 2^188: never one of ours
		dst = strconv.AppendUint(dst, n.lo, 10)
		dst = append19(append19(append19(dst, high), mid), low)
	case high != 0:
		dst = append19(append19(strconv.AppendUint(dst, high, 10), mid), low)
	case mid != 0:
		dst = append19(strconv.AppendUint(dst, mid, 10), low)
	default:
		dst = strconv.AppendUint(dst, low, 10)
	}
	return dst
}

// div19 divides by 10^19.
func (n SequenceNumber) div19() (q SequenceNumber, rem uint64) {
	q.hi, rem = n.hi/ten19, n.hi%ten19
	q.mid, rem = bits.Div64(rem, n.mid, ten19)
	q.lo, rem = bits.Div64(rem, n.lo, ten19)
	return q, rem
}

const twoDigits = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// append19 appends v as exactly 19 digits: 3, 8 and 8, so that the divisions
// need not wait for each other.
func append19(dst []byte, v uint64) []byte {
	var buf [19]byte
	high, low := v/1e8, uint32(v%1e8)
	top, mid := uint32(high/1e8), uint32(high%1e8)
	buf[0] = byte('0' + top/100)
	put2(buf[1:3], top%100)
	put8(buf[3:11], mid)
	put8(buf[11:19], low)
	return append(dst, buf[:]...)
}

func put8(b []byte, v uint32) {
	high, low := v/10000, v%10000
	put2(b[0:2], high/100)
	put2(b[2:4], high%100)
	put2(b[4:6], low/100)
	put2(b[6:8], low%100)
}

func put2(b []byte, v uint32) {
	b[0], b[1] = twoDigits[2*v], twoDigits[2*v+1]
}

// String is the number in decimal.
func (n SequenceNumber) String() string {
	var buf [60]byte
	return string(n.AppendDecimal(buf[:0]))
}
