//go:build race

package streams

// poolsForget says that the race detector makes every sync.Pool drop some of
// what it is given, at random.
const poolsForget = true
