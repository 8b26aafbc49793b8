package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress makes a bar on the terminal, in bytes or in units of the given
// name; total -1 makes a spinner. Where stderr is no terminal it is silent.
func (a *app) progress(total int64, what, unit string) *progressbar.ProgressBar {
	if !isTerminal(a.stderr) {
		return progressbar.DefaultSilent(total)
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(a.stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(24),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString(unit),
	}
	if unit == "bytes" {
		options = append(options, progressbar.OptionShowBytes(true))
	}
	return progressbar.NewOptions64(total, options...)
}

// spin shows a spinner until the returned function is called.
func (a *app) spin(what string) (stop func()) {
	if !isTerminal(a.stderr) {
		return func() {}
	}
	bar := progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(a.stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionClearOnFinish(),
	)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				bar.Add(1)
			}
		}
	}()
	return func() {
		close(done)
		<-gone
		bar.Finish()
	}
}

// countingReader moves a bar by the bytes that are read.
type countingReader struct {
	io.Reader
	bar *progressbar.ProgressBar
}

func (r countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.bar.Add(n)
	return n, err
}

// noProgress is a bar that is not shown.
func (a *app) noProgress() *progressbar.ProgressBar { return progressbar.DefaultSilent(-1) }
