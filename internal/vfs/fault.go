package vfs

import "sync"

// Fault says which operations fail, and how. Use its Hook with WithHook.
type Fault struct {
	// Match picks the operations that count; nil picks those that mutate.
	Match func(Op) bool
	// Nth is the first of them that fails, from 1 on.
	Nth int
	// Forever makes all that follow fail too.
	Forever bool
	// Err is what they return.
	Err error
	// Short makes a failing write leave its first half behind.
	Short bool

	mu    sync.Mutex // guards seen and fired
	seen  int
	fired int
}

// Hook is the hook that injects the fault.
func (f *Fault) Hook(op Op) error {
	if f.Match == nil && !op.Mutates() || f.Match != nil && !f.Match(op) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen++
	if f.seen < f.Nth || f.seen > f.Nth && !f.Forever {
		return nil
	}
	f.fired++
	if f.Short && op.Kind == "write" {
		return &ShortWrite{Bytes: op.Len / 2, Err: f.Err}
	}
	return f.Err
}

// Fired says how many operations failed.
func (f *Fault) Fired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// Seen says how many operations counted.
func (f *Fault) Seen() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// Stop lets everything pass from now on.
func (f *Fault) Stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Nth, f.Forever = int(^uint(0)>>1), false
}
