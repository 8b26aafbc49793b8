// Package hashkey is the 128-bit space that partition keys are hashed into:
// keys, ranges, their arithmetic and their decimal form. It is a leaf.
package hashkey

import "crypto/md5"

// Key is a point of the hash key space, 0 to 2^128-1.
type Key struct{ Hi, Lo uint64 }

// Range is a hash key range; both ends are inclusive.
type Range struct{ Start, End Key }

// Max is the last key, 2^128-1.
var Max = Key{^uint64(0), ^uint64(0)}

// Of hashes a partition key: the MD5 of its UTF-8 bytes, read as a
// big-endian number (API reference, PutRecord).
func Of(partitionKey string) Key {
	sum := md5.Sum([]byte(partitionKey))
	return fromBytes(sum)
}

func fromBytes(b [16]byte) Key {
	var k Key
	for i := range 8 {
		k.Hi = k.Hi<<8 | uint64(b[i])
		k.Lo = k.Lo<<8 | uint64(b[i+8])
	}
	return k
}
