package harness

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Memory is the resident memory of a process in bytes.
type Memory struct {
	Now, Peak int64
}

// Memory reads the server's resident memory as the kernel counts it.
func (s *Server) Memory(tb testing.TB) Memory {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		tb.Fatal(err)
	}
	return Memory{Now: kibibytes(string(status), "VmRSS:"), Peak: kibibytes(string(status), "VmHWM:")}
}

func kibibytes(status, name string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}

// clockTick is what /proc counts processor time in: USER_HZ, 100 on every
// Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// CPU is the processor time that the server has used, user and system together.
func (s *Server) CPU(tb testing.TB) time.Duration {
	tb.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID()))
	if err != nil {
		tb.Fatal(err)
	}
	// The second field is the command in parentheses; utime and stime are
	// fields 14 and 15.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	utime, _ := strconv.ParseInt(fields[11], 10, 64)
	stime, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(utime+stime) * clockTick
}
