package awscbor

import (
	"math"
)

// The years 1 and 9999: points in time outside are put onto the nearer one.
const (
	firstMillis = -62135596800000
	lastMillis  = 253402300799999
)

// number reads a number of any kind, rounded down and put within bounds, as the
// service does with those of JSON.
func (d *decoder) number(k kind, low, high int64) (n int64, ok bool) {
	switch k {
	case kindFloat:
		return clampFloat(d.float(), low, high), true
	case kindBignum:
		return d.bignum(low, high)
	}
	u, ok := d.head()
	if !ok {
		return 0, false
	}
	return clampInteger(u, k == kindNeg, low, high), true
}

// clampInteger puts u, or -1-u where negative, within bounds.
func clampInteger(u uint64, negative bool, low, high int64) int64 {
	switch {
	case u > math.MaxInt64 && negative:
		return low
	case u > math.MaxInt64:
		return high
	case negative:
		return max(^int64(u), low)
	}
	return min(max(int64(u), low), high)
}

// clampFloat takes what is no number for zero, as Java does.
func clampFloat(f float64, low, high int64) int64 {
	f = math.Floor(f)
	switch {
	case math.IsNaN(f):
		return min(max(0, low), high)
	case f >= float64(high):
		return high
	case f <= float64(low):
		return low
	}
	return int64(f)
}

// bignum reads an integer that comes as a byte string.
func (d *decoder) bignum(low, high int64) (n int64, ok bool) {
	negative := d.tag == tagNegativeBignum
	b, _, ok := d.stringOf(majorBytes)
	if !ok {
		return 0, false
	}
	u := uint64(0)
	for _, c := range b {
		if u >= 1<<56 {
			u = math.MaxUint64 // wider than any bound
			break
		}
		u = u<<8 | uint64(c)
	}
	return clampInteger(u, negative, low, high), true
}
