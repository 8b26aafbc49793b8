// Command clockserver is a server in memory whose clock jumps: each SIGUSR1
// pushes it forward by six minutes. Suites in other languages use it for what
// takes minutes, such as an iterator that expires.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"millrace/internal/clock"
	"millrace/internal/limits"
	"millrace/internal/server"
)

// jump is how far one signal pushes the clock: more than the five minutes
// that an iterator lives.
const jump = 6 * time.Minute

// jumping is the machine's clock plus an offset.
type jumping struct {
	clock.Real
	offset atomic.Int64
}

// Now returns the wall clock time plus the offset.
func (j *jumping) Now() time.Time { return time.Now().Add(time.Duration(j.offset.Load())) }

func main() {
	profile, err := limits.Load("none")
	if err != nil {
		log.Fatal(err)
	}
	j := &jumping{}
	jumps := make(chan os.Signal, 1)
	signal.Notify(jumps, syscall.SIGUSR1)
	go func() {
		for range jumps {
			j.offset.Add(int64(jump))
			fmt.Println("jumped")
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err = server.Run(ctx, server.Config{
		Data: server.Memory, Listen: "127.0.0.1:0", Admin: server.Off, Limits: profile, Clock: j,
		Ready: func(s *server.Server) { fmt.Println("ready at", s.Endpoint()) },
	})
	if err != nil {
		log.Fatal(err)
	}
}
