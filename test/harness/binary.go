// Package harness starts the real server as a child process and gives tests a
// hold of it: its address, its signals, its memory and its processor time.
//
// Every suite of the module goes through it, so that all of them test the
// binary that a user runs and none of them a server inside the test process.
// A Server belongs to the test that started it.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Root is the top folder of the project.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

var build = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("MILLRACE_BIN"); path != "" {
		return path, nil
	}
	// One name per test binary: suites run side by side, and a running
	// executable cannot be written over.
	path := filepath.Join(Root(), ".cache", "testbin", filepath.Base(os.Args[0]), "millrace")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/millrace")
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/millrace: %w\n%s", err, out)
	}
	return path, nil
})

// Binary builds the server once per test process and returns its path.
// MILLRACE_BIN names one that is built already.
func Binary(tb testing.TB) string {
	tb.Helper()
	path, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}
