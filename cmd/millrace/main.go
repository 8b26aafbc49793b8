// Command millrace is a Kinesis Data Streams server, and the tools to work
// with streams on it or on any other Kinesis endpoint.
//
//	millrace serve                     start the server
//	millrace streams create demo       work with streams
//	millrace put demo 'hello'          store records
//	millrace tail demo                 read records as they come
//	millrace bench                     measure an endpoint
//	millrace cert export-ca            the CA that TLS clients have to trust
//	millrace doctor check DIR          verify a data directory
//	millrace backup --to DIR           copy a running server
//
// Each command is a file of this package; the work is done by package server
// on one side and package kinesis on the other. Exit codes: 0 for success, 1
// for failure, 2 for a command line that cannot be understood.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal has its ordinary effect: it ends the process at once.
	context.AfterFunc(ctx, stop)
	code := newApp(os.Stdin, os.Stdout, os.Stderr).run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
