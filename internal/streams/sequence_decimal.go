package streams

import (
	"math/bits"
	"strconv"
)

// The decimal form of sequence numbers, in three words and without math/big:
// every record that is written or read needs it.

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
