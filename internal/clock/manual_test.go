package clock

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func TestManualRunsWhatIsDue(t *testing.T) {
	m := NewManual(noon)
	var ran []string
	note := func(name string) func() { return func() { ran = append(ran, name) } }
	m.AfterFunc(time.Second, note("one"))
	m.AfterFunc(3*time.Second, note("three"))
	stop := m.AfterFunc(time.Second, note("stopped"))
	if !stop() || stop() {
		t.Error("stop must report that it came in time, once")
	}
	m.Advance(999 * time.Millisecond)
	if len(ran) != 0 {
		t.Fatalf("%v ran early", ran)
	}
	m.Advance(time.Millisecond)
	m.Set(noon.Add(time.Hour))
	m.Advance(time.Hour)
	if !slices.Equal(ran, []string{"one", "three"}) {
		t.Errorf("ran %v", ran)
	}
}

func TestManualSleeperMayUseTheClock(t *testing.T) {
	m := NewManual(noon)
	var at time.Time
	m.AfterFunc(time.Second, func() {
		m.AfterFunc(time.Second, func() { at = m.Now() })
	})
	m.Advance(time.Second)
	m.Advance(time.Second)
	if want := noon.Add(2 * time.Second); !at.Equal(want) {
		t.Errorf("the second sleeper ran at %v, want %v", at, want)
	}
}

func TestManualGoesBack(t *testing.T) {
	m := NewManual(noon)
	ran := false
	m.AfterFunc(time.Second, func() { ran = true })
	m.Advance(-time.Hour)
	if got := m.Now(); !got.Equal(noon.Add(-time.Hour)) || ran {
		t.Errorf("at %v, ran %v", got, ran)
	}
}

func TestManualRunsAtOnceWithoutWait(t *testing.T) {
	m := NewManual(noon)
	done := make(chan struct{})
	if stop := m.AfterFunc(0, func() { close(done) }); stop() {
		t.Error("stopped what had to run at once")
	}
	<-done
}

func TestReal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, ran := time.Now(), time.Time{}
		Real{}.AfterFunc(time.Minute, func() { ran = Real{}.Now() })
		stop := Real{}.AfterFunc(time.Second, func() { t.Error("stopped, and ran") })
		if !stop() {
			t.Error("not stopped in time")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := ran.Sub(start); got != time.Minute {
			t.Errorf("ran after %v", got)
		}
	})
}
