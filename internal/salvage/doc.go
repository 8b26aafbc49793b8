// Package salvage says in the words of streams what is wrong with a data
// directory, and writes what is sound of it to a new one.
//
// The survey of the bytes is package engine/disk's; this package knows the
// catalog as well, and so the names of streams, shard ids and sequence
// numbers. It promises never to change the directory that it looks at, and
// that a salvaged directory is sound. The caller is command millrace. There is
// no state between calls.
package salvage
