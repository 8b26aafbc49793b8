package hashkey

import (
	"errors"
	"math/bits"
	"strconv"
)

// ErrSyntax says that a string is not a decimal number.
var ErrSyntax = errors.New("hash key is not a decimal number")

// ErrRange says that a number is 2^128 or more.
var ErrRange = errors.New("hash key is above 2^128-1")

// ten19 is the largest power of ten that a word holds, so that a key prints
// as at most three words.
const ten19 = 10_000_000_000_000_000_000

// Parse reads a decimal number from 0 to 2^128-1. Errors: ErrSyntax, ErrRange.
func Parse(s string) (Key, error) {
	if s == "" {
		return Key{}, ErrSyntax
	}
	var k Key
	over := false
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return Key{}, ErrSyntax
		}
		var o bool
		k, o = k.shiftIn(d)
		over = over || o
	}
	if over {
		return Key{}, ErrRange
	}
	return k, nil
}

// shiftIn is k*10+d and whether that passed 2^128-1.
func (k Key) shiftIn(d byte) (_ Key, over bool) {
	carry, lo := bits.Mul64(k.Lo, 10)
	top, hi := bits.Mul64(k.Hi, 10)
	lo, c := bits.Add64(lo, uint64(d), 0)
	hi, c = bits.Add64(hi, carry, c)
	return Key{hi, lo}, top+c != 0
}

// AppendDecimal appends the key in decimal, without leading zeros.
func (k Key) AppendDecimal(dst []byte) []byte {
	if k.Hi == 0 {
		return strconv.AppendUint(dst, k.Lo, 10)
	}
	hi, rem := k.Hi/ten19, k.Hi%ten19
	lo, low := bits.Div64(rem, k.Lo, ten19)
	top, mid := bits.Div64(hi, lo, ten19)
	if top > 0 {
		dst = strconv.AppendUint(dst, top, 10)
		dst = appendPadded(dst, mid)
	} else {
		dst = strconv.AppendUint(dst, mid, 10)
	}
	return appendPadded(dst, low)
}

// appendPadded appends v as exactly 19 digits.
func appendPadded(dst []byte, v uint64) []byte {
	var buf [19]byte
	for i := len(buf) - 1; i >= 0; i-- {
		buf[i] = byte('0' + v%10)
		v /= 10
	}
	return append(dst, buf[:]...)
}

// String is the key in decimal.
func (k Key) String() string {
	var buf [39]byte
	return string(k.AppendDecimal(buf[:0]))
}

// MarshalText gives the decimal form.
func (k Key) MarshalText() ([]byte, error) { return k.AppendDecimal(nil), nil }

// UnmarshalText reads the decimal form.
func (k *Key) UnmarshalText(text []byte) (err error) {
	*k, err = Parse(string(text))
	return err
}
