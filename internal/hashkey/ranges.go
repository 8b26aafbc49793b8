package hashkey

import "math/bits"

// Range is a hash key range; both ends are inclusive.
type Range struct{ Start, End Key }

// Whole is the whole hash key space.
var Whole = Range{Key{}, Max}

// Contains says whether a key lies in the range.
func (r Range) Contains(k Key) bool { return !k.Less(r.Start) && !r.End.Less(k) }

// Adjacent says whether upper starts right behind the end of r.
func (r Range) Adjacent(upper Range) bool { return r.End != Max && r.End.Inc() == upper.Start }

// Half is the key at which an even split of the range starts its upper half.
func (r Range) Half() Key { return Half(r.Start, r.End).Inc() }

// Width is the number of keys in the range less one.
func (r Range) Width() Key { return r.End.Sub(r.Start) }

// Ranges divides the whole space into n ranges: each floor(2^128/n) wide and
// the last one up to Max, as a new stream's shards are laid out (seen in
// DescribeStream answers). n is at least 1.
func Ranges(n int) []Range {
	if n == 1 {
		return []Range{Whole}
	}
	step := step(uint64(n))
	ranges := make([]Range, n)
	start := Key{}
	for i := range ranges {
		next := start.Add(step)
		ranges[i] = Range{start, next.Dec()}
		start = next
	}
	ranges[n-1].End = Max
	return ranges
}

// step is floor(2^128/n) for n of at least 2. The dividend does not fit in a
// Key, so 2^128-1 is divided and the remainder says whether one more is due.
func step(n uint64) Key {
	hi, rem := Max.Hi/n, Max.Hi%n
	lo, rem := bits.Div64(rem, Max.Lo, n)
	k := Key{hi, lo}
	if rem == n-1 {
		return k.Inc()
	}
	return k
}
