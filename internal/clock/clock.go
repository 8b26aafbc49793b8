// Package clock is the time that the server sees. Everything that asks for
// the time or waits for it takes a Clock, so that a test can hold it still,
// push it forward or make it jump. It is a leaf: it imports nothing of ours.
package clock

import "time"

// Clock tells the time and wakes sleepers. All methods may be called
// concurrently.
type Clock interface {
	// Now is the wall clock time. It may jump either way.
	Now() time.Time
	// AfterFunc runs f on a goroutine of its own once d has passed. The stop
	// function cancels it and reports whether it came in time.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// Real is the machine's clock.
type Real struct{}

// Now returns the wall clock time.
func (Real) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (Real) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}
