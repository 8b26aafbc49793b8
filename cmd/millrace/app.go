package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"millrace/kinesis"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// app is one run of the program: its streams, and the flags that every command has.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	endpoint, region, profile string
	ca                        string
	output                    string

	// started is set when a command's own code begins; every error before
	// that is one of the command line.
	started bool
	// address is the endpoint that calls go to, once it is known.
	address string
	// clients that were made, to be closed at the end.
	clients []*kinesis.Client
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{stdin: stdin, stdout: stdout, stderr: stderr, output: "text"}
}

// run carries out a command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	for _, client := range a.clients {
		client.CloseIdleConnections()
	}
	if err == nil {
		return exitOK
	}
	_, usage := errors.AsType[usageError](err)
	fmt.Fprintln(a.stderr, "millrace: "+a.explain(ctx, err))
	if usage || !a.started {
		fmt.Fprintf(a.stderr, "See '%s --help'.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitFailure
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// action makes the RunE of a command out of its code.
func (a *app) action(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.started = true
		if a.output != "text" && a.output != "json" {
			return usagef("--output %q is neither text nor json", a.output)
		}
		return f(cmd.Context(), args)
	}
}

// isTerminal says whether a stream is a person's terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// example makes the Example text of a command from its lines.
func example(lines ...string) string {
	return "  " + strings.Join(lines, "\n  ")
}
