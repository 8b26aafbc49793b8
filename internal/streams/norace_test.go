//go:build !race

package streams

const poolsForget = false
