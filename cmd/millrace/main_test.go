package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/internal/server"
)

// startServer starts a server in memory, without limits and delays, and
// points the commands at it.
func startServer(t *testing.T, change ...func(*server.Config)) *server.Server {
	t.Helper()
	cleanEnvironment(t)
	none := limits.None()
	cfg := server.Config{Data: server.Memory, Listen: "127.0.0.1:0", Admin: server.Off, Limits: none}
	for _, f := range change {
		f(&cfg)
	}
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("AWS_ENDPOINT_URL_KINESIS", s.Endpoint())
	return s
}

func cleanEnvironment(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// result is what a command came to.
type result struct {
	code           int
	stdout, stderr string
}

// millrace runs a command line.
func millrace(t *testing.T, args ...string) result {
	t.Helper()
	return millraceWith(t, strings.NewReader(""), args...)
}

func millraceWith(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := newApp(stdin, &stdout, &stderr).run(ctx, args)
	return result{code, stdout.String(), stderr.String()}
}

// must runs a command line that has to succeed, and gives its stdout.
func must(t *testing.T, args ...string) string {
	t.Helper()
	r := millrace(t, args...)
	if r.code != exitOK {
		t.Fatalf("millrace %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// objects reads JSON lines.
func objects(t *testing.T, text string) (list []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("no JSON object: %q: %v", line, err)
		}
		list = append(list, o)
	}
	return list
}

// output is a buffer that a command writes while the test waits for its lines.
type output struct {
	mu      sync.Mutex // guards all below
	text    string
	changed chan struct{}
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text += string(p)
	close(o.changed)
	o.changed = make(chan struct{})
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text
}

// await waits until the output satisfies ok.
func (o *output) await(t *testing.T, what string, ok func(string) bool) string {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		o.mu.Lock()
		text, changed := o.text, o.changed
		o.mu.Unlock()
		if ok(text) {
			return text
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("never came: %s; so far:\n%s", what, text)
		}
	}
}

// background runs a command line until the test ends or stop is called; stop
// waits for its end and gives the exit code.
func background(t *testing.T, args ...string) (stdout, stderr *output, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stdout, stderr = newOutput(), newOutput()
	code := make(chan int, 1)
	go func() { code <- newApp(strings.NewReader(""), stdout, stderr).run(ctx, args) }()
	stop = sync.OnceValue(func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(15 * time.Second):
			t.Errorf("millrace %s does not end", strings.Join(args, " "))
			return -1
		}
	})
	t.Cleanup(func() { stop() })
	return stdout, stderr, stop
}
