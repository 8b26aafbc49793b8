package server

import (
	"runtime/debug"
	"time"
)

const (
	// crowdSize is from how many connections on it is worth giving memory back
	// when most of them are gone.
	crowdSize = 1000
	// crowdLeft is the part of a crowd that may be left for that: one in four.
	crowdLeft = 4
	// crowdPause lets the others end too: what came together mostly goes together.
	crowdPause = 5 * time.Second
)

// crowd notices when most of many connections are gone. A connection costs
// some 20 KiB, and an idle server collects no garbage: without a reason it
// would hold on to the memory of thousands of connections for good.
//
// The zero value is ready; its user's lock guards it.
type crowd struct {
	most int // since the last time that memory was given back
}

// joined is told how many connections there are now, with one more.
func (c *crowd) joined(n int) { c.most = max(c.most, n) }

// left is told how many there are now, with one fewer, and reports whether a
// crowd is gone. It does so once for each crowd, and a few times at most while
// one of many thousands shrinks.
func (c *crowd) left(n int) bool {
	if c.most < crowdSize || n > c.most/crowdLeft {
		return false
	}
	c.most = n
	return true
}

// giveMemoryBack runs a collection, after which the system has what is free.
func giveMemoryBack() { time.AfterFunc(crowdPause, debug.FreeOSMemory) }
