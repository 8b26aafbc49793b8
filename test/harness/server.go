package harness

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds how long a server may take to say that it is ready.
const startTimeout = 30 * time.Second

// stopTimeout bounds how long a server may take to drain.
const stopTimeout = 30 * time.Second

// Options say how to start a server. The zero value is a server in memory,
// without limits, without delays and without signature checks.
type Options struct {
	// Data is the data directory; "" is :memory:.
	Data string
	// Limits is the limits profile; "" is none.
	Limits string
	// StateDelay is how long a stream stays in a transition; "" is 0.
	StateDelay string
	// Verify turns signature checks on, with the keys of Credentials.
	Verify bool
	// Admin turns the admin port on.
	Admin bool
	// Log gets all that the server prints, in addition; it must bear writes
	// from another goroutine.
	Log io.Writer
	// Args are further arguments, Env further variables.
	Args, Env []string
}

// Server is a running server process.
type Server struct {
	// Endpoint is the base URL of the API, without a slash at the end.
	Endpoint string
	// Exec is when the process was started.
	Exec time.Time

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	out  *output
}

// Start starts a server and waits until it says that it is ready. The server
// is killed at the end of the test if it still runs then.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	s, err := Launch(tb, o)
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.WaitReady(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Launch starts a server and returns at once.
func Launch(tb testing.TB, o Options) (*Server, error) {
	tb.Helper()
	cmd := exec.Command(Binary(tb), o.arguments(tb)...)
	cmd.Env = append(os.Environ(), o.Env...)
	out := newOutput()
	var to io.Writer = out
	if o.Log != nil {
		to = io.MultiWriter(out, o.Log)
	}
	cmd.Stdout, cmd.Stderr = to, to
	// The server must not outlive a test process that is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s := &Server{cmd: cmd, done: make(chan struct{}), out: out, Exec: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		cmd.Wait()
		out.close()
		close(s.done)
	}()
	tb.Cleanup(func() {
		s.Kill()
		if trouble := out.trouble(); tb.Failed() && trouble != "" {
			tb.Logf("server said:\n%s", trouble)
		}
	})
	return s, nil
}

func (o Options) arguments(tb testing.TB) []string {
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	admin := "off"
	if o.Admin {
		admin = "127.0.0.1:0"
	}
	args := []string{
		"serve",
		"--data", or(o.Data, ":memory:"),
		"--listen", "127.0.0.1:0",
		"--admin", admin,
		"--limits", or(o.Limits, "none"),
		"--state-delay", or(o.StateDelay, "0"),
	}
	if o.Verify {
		args = append(args, "--auth", "verify", "--credentials", CredentialsFile(tb))
	}
	return append(args, o.Args...)
}

// WaitReady waits for the line in which the server gives its address.
func (s *Server) WaitReady() error {
	select {
	case endpoint, ok := <-s.out.ready:
		if ok {
			s.Endpoint = endpoint
			return nil
		}
		<-s.done
		return fmt.Errorf("server ended before it was ready: %v\n%s", s.cmd.ProcessState, s.out.tail())
	case <-time.After(startTimeout):
		return fmt.Errorf("server not ready after %v\n%s", startTimeout, s.out.tail())
	}
}

// PID is the process id of the server.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Signal sends a signal.
func (s *Server) Signal(sig os.Signal) error { return s.cmd.Process.Signal(sig) }

// Kill ends the server with SIGKILL and waits until it is gone.
func (s *Server) Kill() {
	s.cmd.Process.Kill()
	<-s.done
}

// Ended is closed when the process has ended.
func (s *Server) Ended() <-chan struct{} { return s.done }

// Wait waits for the server to end by itself and returns its exit code.
func (s *Server) Wait() (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	select {
	case <-s.done:
		return s.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return -1, errors.New("server still runs after " + stopTimeout.String())
	}
}

// Stop ends the server with SIGTERM and fails the test if it does not exit with 0.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.Signal(syscall.SIGTERM)
	if code, err := s.Wait(); err != nil || code != 0 {
		tb.Fatalf("exit code after SIGTERM = %d, %v; want 0\n%s", code, err, s.out.tail())
	}
}

// Output returns the last lines that the server printed.
func (s *Server) Output() string { return s.out.tail() }

// readyLine is what the server prints once it accepts calls.
var readyLine = regexp.MustCompile(`ready at (http://[0-9a-zA-Z.:\[\]]+)`)

// keptLines bounds how much of the server's output is kept for a failure report.
const keptLines = 60

// output reads what the server prints.
type output struct {
	w     *io.PipeWriter
	ready chan string

	mu    sync.Mutex // guards lines
	lines []string
	read  chan struct{}
}

func newOutput() *output {
	r, w := io.Pipe()
	o := &output{w: w, ready: make(chan string, 1), read: make(chan struct{})}
	go o.scan(r)
	return o
}

func (o *output) Write(p []byte) (int, error) { return o.w.Write(p) }

func (o *output) close() {
	o.w.Close()
	<-o.read
}

func (o *output) scan(r io.Reader) {
	defer close(o.read)
	defer close(o.ready)
	said := false
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		line := in.Text()
		if m := readyLine.FindStringSubmatch(line); m != nil && !said {
			said = true
			o.ready <- m[1]
		}
		if line == "" || strings.HasPrefix(line, "  ") {
			continue // what to do next, for a person
		}
		o.mu.Lock()
		o.lines = append(o.lines, line)
		if len(o.lines) > keptLines {
			o.lines = o.lines[1:]
		}
		o.mu.Unlock()
	}
	io.Copy(io.Discard, r)
}

func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.lines, "\n")
}

// trouble is what the server said beyond its ordinary life.
func (o *output) trouble() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	unusual := slices.DeleteFunc(slices.Clone(o.lines), func(line string) bool {
		return strings.Contains(line, "level=INFO") || readyLine.MatchString(line)
	})
	return strings.Join(unusual, "\n")
}
