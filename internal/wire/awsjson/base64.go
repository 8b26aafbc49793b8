package awsjson

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// Base64 is most of the work of a record, so both directions go twelve bits at
// a time through a table: two characters stand for twelve bits. The standard
// library does the ends, and decides what is an error.

// pairValue holds the twelve bits of two characters, the first in the low byte
// of the index, with pairOK set; zero for what are not two characters.
var pairValue [1 << 16]uint16

// pairText holds the two characters of twelve bits, the first in the low byte.
var pairText [1 << 12]uint16

const pairOK = 1 << 12

func init() {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range uint16(64) {
		for j := range uint16(64) {
			text := uint16(alphabet[i]) | uint16(alphabet[j])<<8
			pairText[i<<6|j] = text
			pairValue[text] = pairOK | i<<6 | j
		}
	}
}

var strictBase64 = base64.StdEncoding.Strict()

// decodeBase64 decodes standard base64 with padding and without anything else
// in it; dst has room for three quarters of src.
func decodeBase64(dst, src []byte) (n int, ok bool) {
	if len(src)%4 != 0 {
		return 0, false
	}
	done, n := decodePairs(dst, src)
	rest, ok := decodeRest(dst[n:], src[done:])
	return n + rest, ok
}

// decodePairs decodes eight characters at a time, as long as they are plain and
// there is room to write eight bytes, of which six count.
func decodePairs(dst, src []byte) (done, n int) {
	const all = pairOK<<36 + pairOK<<24 + pairOK<<12 + pairOK
	s, d := src, dst
	for len(s) >= 8 && len(d) >= 8 {
		x := binary.LittleEndian.Uint64(s)
		a, b := pairValue[uint16(x)], pairValue[uint16(x>>16)]
		e, f := pairValue[uint16(x>>32)], pairValue[uint16(x>>48)]
		if a&b&e&f&pairOK == 0 {
			break
		}
		bits := uint64(a)<<36 + uint64(b)<<24 + uint64(e)<<12 + uint64(f) - all
		binary.BigEndian.PutUint64(d, bits<<16)
		s, d = s[8:], d[6:]
	}
	return len(src) - len(s), len(dst) - len(d)
}

// decodeRest decodes what is left, with the standard library.
func decodeRest(dst, src []byte) (n int, ok bool) {
	n, err := strictBase64.Decode(dst, src)
	// The decoder of the standard library passes line breaks over; they show in
	// the length.
	full := len(src) / 4 * 3
	if err != nil || n+2 < full {
		return 0, false
	}
	pad := 0
	for i := len(src) - 1; i >= 0 && src[i] == '='; i-- {
		pad++
	}
	return n, n == full-pad
}

// appendBase64 appends standard base64 with padding.
func appendBase64(dst, src []byte) []byte {
	size := base64.StdEncoding.EncodedLen(len(src))
	dst = slices.Grow(dst, size)
	d := dst[len(dst) : len(dst)+size]
	for len(src) >= 8 && len(d) >= 8 {
		x := binary.BigEndian.Uint64(src)
		text := uint64(pairText[x>>52]) | uint64(pairText[x>>40&0xfff])<<16 |
			uint64(pairText[x>>28&0xfff])<<32 | uint64(pairText[x>>16&0xfff])<<48
		binary.LittleEndian.PutUint64(d, text)
		src, d = src[6:], d[8:]
	}
	base64.StdEncoding.Encode(d, src)
	return dst[:len(dst)+size]
}
