package powerloss

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// freeze stops every thread of a process where it is. A thread inside the
// kernel may finish what it does there, but nobody hears of it.
//
// Without that the test would blame the server for Linux (6.18): when ext4 is
// shut down between the write of an extent that was allocated and never
// written and the note that it is written now, the note fails in silence and
// the fdatasync under way returns success. A program of thirty lines that only
// allocates, writes and syncs loses its last acknowledged block in one of
// eight runs. See docs/reliability.md.
func freeze(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if stopped, err := allStopped(pid); err != nil || stopped {
			return err
		}
	}
	return errors.New("the server did not stop within 5 s")
}

// allStopped reports whether no thread runs: each is stopped, or waits for
// the disk inside the kernel.
func allStopped(pid int) (bool, error) {
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false, err
	}
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if !strings.HasPrefix(rest, "T") && !strings.HasPrefix(rest, "D") {
			return false, nil
		}
	}
	return len(paths) > 0, nil
}
