package streams

import (
	"errors"
	"strconv"
	"strings"
)

// ErrShardIDSyntax says that a string names no shard.
var ErrShardIDSyntax = errors.New("not a shard id")

const shardIDPrefix = "shardId-"

// ShardID is the name of a shard on the wire, such as shardId-000000000007.
func ShardID(number uint32) string {
	var buf [24]byte
	return string(AppendShardID(buf[:0], number))
}

// AppendShardID appends ShardID(number).
func AppendShardID(dst []byte, number uint32) []byte {
	var digits [10]byte
	d := strconv.AppendUint(digits[:0], uint64(number), 10)
	dst = append(dst, shardIDPrefix+"000000000000"[:12-len(d)]...)
	return append(dst, d...)
}

// ParseShardID is the inverse of ShardID, as lenient as the service was seen
// to be in GetShardIterator: what follows the last '-' counts, and it may be
// any number from 0 to 2147483647.
func ParseShardID(id string) (uint32, error) {
	digits := id[strings.LastIndexByte(id, '-')+1:]
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, ErrShardIDSyntax
	}
	return uint32(n), nil
}
