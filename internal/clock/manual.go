package clock

import (
	"sync"
	"time"
)

// Manual is a clock that moves only when it is told to. The zero value is
// not usable; see NewManual.
type Manual struct {
	mu      sync.Mutex // guards everything below; never held while a sleeper runs
	now     time.Time
	waiting map[*sleeper]struct{}
}

type sleeper struct {
	at time.Time
	f  func()
}

// NewManual returns a clock that stands at now.
func NewManual(now time.Time) *Manual {
	return &Manual{now: now, waiting: map[*sleeper]struct{}{}}
}

// Now returns the time that the clock was last moved to.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// AfterFunc registers f to run once the clock has been moved d forward. With
// d of 0 or less, f runs at once on a goroutine of its own.
func (m *Manual) AfterFunc(d time.Duration, f func()) func() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &sleeper{at: m.now.Add(d), f: f}
	if d <= 0 {
		go f()
		return func() bool { return false }
	}
	m.waiting[s] = struct{}{}
	return func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		_, in := m.waiting[s]
		delete(m.waiting, s)
		return in
	}
}

// Advance moves the clock by d, which may be negative, and runs the sleepers
// that are due before it returns.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	m.now = m.now.Add(d)
	var due []*sleeper
	for s := range m.waiting {
		if !s.at.After(m.now) {
			due = append(due, s)
			delete(m.waiting, s)
		}
	}
	m.mu.Unlock()
	for _, s := range due {
		s.f()
	}
}

// Set moves the clock to t, as Advance does.
func (m *Manual) Set(t time.Time) { m.Advance(t.Sub(m.Now())) }
