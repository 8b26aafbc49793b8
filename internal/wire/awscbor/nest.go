package awscbor

import "unicode/utf8"

// unknownLength stands for the entries left of a level of indefinite length.
const unknownLength = -1

// enter steps over the head of a list or map; unit is how many items make an
// entry.
func (d *decoder) enter(unit int) bool {
	if d.depth == MaxDepth {
		d.fail()
		return false
	}
	left := unknownLength
	if d.inChunks() {
		d.pos++
	} else {
		n, ok := d.head()
		if !ok {
			return false
		}
		// An item has a byte at least, so that a larger number is a lie.
		if n > uint64((len(d.body)-d.pos)/unit) {
			d.fail()
			return false
		}
		left = int(n)
	}
	d.left[d.depth] = left
	d.depth++
	return true
}

// next moves to the next entry of the level; false after having left it.
func (d *decoder) next() bool {
	if d.err != nil {
		return false
	}
	left := &d.left[d.depth-1]
	switch {
	case *left > 0:
		*left--
		return true
	case *left == unknownLength:
		if d.pos >= len(d.body) {
			d.fail()
			return false
		}
		if d.body[d.pos] != breakByte {
			return true
		}
		d.pos++
	}
	d.depth--
	return false
}

// Skip passes over one value of any kind, which has to be well-formed.
func (d *decoder) Skip() {
	if d.err != nil {
		return
	}
	switch d.kind() {
	case kindUint, kindNeg, kindFloat, kindBool, kindNull:
		d.head()
	case kindSimple:
		d.skipSimple()
	case kindText:
		d.skipString(majorText)
	case kindBytes, kindBignum:
		d.skipString(majorBytes)
	case kindArray:
		if d.enter(1) {
			for d.next() {
				d.Skip()
			}
		}
	case kindMap:
		if d.enter(2) {
			for d.next() {
				d.Skip()
				d.Skip()
			}
		}
	}
}

func (d *decoder) skipString(major byte) {
	if d.inChunks() {
		d.chunks(major)
		return
	}
	if b, ok := d.counted(); ok && major == majorText && !utf8.Valid(b) {
		d.fail()
	}
}

// skipSimple passes over a simple value; those below 32 have no second form.
func (d *decoder) skipSimple() {
	second := d.body[d.pos] == majorOther|24
	if n, ok := d.head(); ok && second && n < 32 {
		d.fail()
	}
}
