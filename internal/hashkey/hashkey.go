// Package hashkey is the 128-bit space that partition keys are hashed into:
// keys, ranges, their arithmetic and their decimal form. It is a leaf, holds
// no state, and nothing in it allocates except where a string or a slice is
// returned.
package hashkey

import (
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Key is a point of the hash key space, 0 to 2^128-1.
type Key struct{ Hi, Lo uint64 }

// Max is the last key, 2^128-1.
var Max = Key{^uint64(0), ^uint64(0)}

// Of hashes a partition key: the MD5 of its UTF-8 bytes, read as a
// big-endian number (API reference, PutRecord).
func Of(partitionKey string) Key {
	// md5.Sum only reads, so looking at the string's own bytes is safe and
	// spares a copy for every record.
	sum := md5.Sum(unsafe.Slice(unsafe.StringData(partitionKey), len(partitionKey)))
	return fromBytes(&sum)
}

func fromBytes(b *[16]byte) Key {
	return Key{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// Cmp orders keys: negative where k is below o, 0 where they are equal,
// positive where k is above o.
func (k Key) Cmp(o Key) int {
	if c := cmp.Compare(k.Hi, o.Hi); c != 0 {
		return c
	}
	return cmp.Compare(k.Lo, o.Lo)
}

// Less says whether k lies below o.
func (k Key) Less(o Key) bool { return k.Hi < o.Hi || k.Hi == o.Hi && k.Lo < o.Lo }

// Add is k+o modulo 2^128.
func (k Key) Add(o Key) Key {
	lo, carry := bits.Add64(k.Lo, o.Lo, 0)
	hi, _ := bits.Add64(k.Hi, o.Hi, carry)
	return Key{hi, lo}
}

// Sub is k-o modulo 2^128.
func (k Key) Sub(o Key) Key {
	lo, borrow := bits.Sub64(k.Lo, o.Lo, 0)
	hi, _ := bits.Sub64(k.Hi, o.Hi, borrow)
	return Key{hi, lo}
}

// Inc is k+1; the key after Max is 0.
func (k Key) Inc() Key { return k.Add(Key{0, 1}) }

// Dec is k-1; the key before 0 is Max.
func (k Key) Dec() Key { return k.Sub(Key{0, 1}) }

// Rsh is k divided by 2^n, rounded down.
func (k Key) Rsh(n uint) Key {
	if n >= 64 {
		return Key{0, k.Hi >> (n - 64)}
	}
	return Key{k.Hi >> n, k.Hi<<(64-n) | k.Lo>>n}
}

// Half is the point in the middle of a and b, (a+b)/2 rounded down, without
// overflow.
func Half(a, b Key) Key {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, carry := bits.Add64(a.Hi, b.Hi, carry)
	return Key{carry<<63 | hi>>1, hi<<63 | lo>>1}
}
