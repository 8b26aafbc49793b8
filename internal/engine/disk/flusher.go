package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"millrace/internal/engine"
)

// flusher moves the tail to segments, writes checkpoints and deletes what is
// dead. One goroutine does all of that; mu guards only the wishes.
type flusher struct {
	e    *Engine
	wake chan struct{}

	// Owned by the goroutine.
	state       checkpoint // the last one captured whose records are in segments
	batch       *capture   // captured, records not yet in segments
	unsaved     bool       // state is newer than the checkpoint on disk
	number      uint64     // of the last checkpoint that was tried
	nextSegment uint64
	ballast     bool // the ballast file is there
	newDirs     bool // folders of streams were made and not synced

	mu      sync.Mutex
	wanted  bool         // the tail or the journal is long enough
	dead    bool         // a segment may be dead
	arming  bool         // a timer for dead is running
	callers []chan error // wait for a flush
	closed  bool
	held    int64 // bytes of the tail that batch holds

	running bool // a round is under way, or waits for space

	flushes, checkpoints atomic.Uint64
}

// consider asks for a flush where the tail or the journal has grown enough.
func (f *flusher) consider(tail, journal int64) {
	o := &f.e.opts
	f.mu.Lock()
	defer f.mu.Unlock()
	many := !f.running && f.e.journalCount() > o.maxJournals()
	if f.wanted || tail-f.held < o.FlushBytes && journal < o.ReplayBytes && !many {
		return
	}
	f.wanted = true
	poke(f.wake)
}

// tidy asks for dead segments to be deleted, soon.
func (f *flusher) tidy() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.arming || f.closed {
		return
	}
	f.arming = true
	f.e.opts.Clock.AfterFunc(deleteDelay, func() {
		f.mu.Lock()
		f.arming, f.dead = false, true
		f.mu.Unlock()
		poke(f.wake)
	})
}

// Flush moves everything readable now from the tail to segments and writes a
// checkpoint.
func (e *Engine) Flush(ctx context.Context) error {
	done := make(chan error, 1)
	f := e.flusher
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return engine.ErrClosed
	}
	f.callers = append(f.callers, done)
	poke(f.wake)
	f.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *flusher) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	poke(f.wake)
}

// loop runs until close.
func (f *flusher) loop() {
	for range f.wake {
		f.mu.Lock()
		callers, closed := f.callers, f.closed
		flush, dead := f.wanted || len(callers) > 0 || f.batch != nil, f.dead || f.unsaved
		f.callers, f.wanted, f.dead, f.running = nil, false, false, true
		f.mu.Unlock()
		if closed {
			answer(callers, engine.ErrClosed)
			return
		}
		err := f.e.failure()
		if err == nil && flush {
			err = f.flush()
		}
		if err == nil && (dead || f.unsaved) || err != nil && noSpace(err) {
			err = errors.Join(err, f.deleteDead())
		}
		f.settle(err)
		answer(callers, err)
	}
}

func answer(callers []chan error, err error) {
	for _, c := range callers {
		c <- err
	}
}

// settle judges the outcome of a round. A full disk is waited for; anything
// else that went wrong is final, as it is for the journal.
func (f *flusher) settle(err error) {
	f.mu.Lock()
	f.running = err != nil
	f.mu.Unlock()
	switch {
	case err == nil:
		f.e.queue.setStuck(nil)
	case errors.Is(err, engine.ErrClosed) || errors.Is(err, engine.ErrUnknownOutcome):
	case noSpace(err):
		f.e.queue.setStuck(fmt.Errorf("%w: %w", engine.ErrFull, err))
		f.e.opts.Log.Warn("disk is full, records stay in the journal", "error", err)
		f.e.opts.Clock.AfterFunc(retryEvery, func() { poke(f.wake) })
	default:
		f.e.fail(fmt.Errorf("flush: %w", err))
	}
}

// flush writes what is captured, or else captures first.
func (f *flusher) flush() error {
	if f.batch == nil {
		r := f.e.queue.newRequest(requestCapture)
		if err := f.e.queue.do(context.Background(), r); err != nil {
			return f.e.finished(r, err)
		}
		f.batch = r.batch
		r.release()
		f.hold(f.batch.bytes)
	}
	out, err := f.writeBatch()
	if err != nil && noSpace(err) && f.ballastCovers() && f.dropBallast() {
		out, err = f.writeBatch()
	}
	if err != nil {
		return err
	}
	out.install()
	f.state, f.unsaved = f.batch.state, true
	f.batch = nil
	f.hold(0)
	f.flushes.Add(1)
	return f.save()
}

// writeBatch puts the batch into segments, or leaves nothing behind.
func (f *flusher) writeBatch() (*segmentBatch, error) {
	out := &segmentBatch{f: f}
	if err := out.writeAll(f.batch.dirty); err != nil {
		out.undo()
		return nil, err
	}
	return out, nil
}

func (f *flusher) hold(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = bytes
}

// save writes a checkpoint of the last state with the segments there are now,
// and gives up the journal before it.
func (f *flusher) save() error {
	o := &f.e.opts
	f.number++
	f.state.number, f.state.nextSegment = f.number, f.nextSegment
	f.e.table.listSegments(&f.state)
	err := writeNew(o.FS, o.snapPath(f.state.number), f.state.encode())
	if err != nil && noSpace(err) && f.dropBallast() {
		err = writeNew(o.FS, o.snapPath(f.state.number), f.state.encode())
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	f.unsaved = false
	f.checkpoints.Add(1)
	f.e.catalog.forget(f.state.catalog.at)
	f.e.recycleJournals(f.state.journal)
	f.keepBallast()
	f.removeOlder()
	return nil
}

// removeOlder deletes the checkpoints before the last one. They are only ever
// ignored, so it does not matter when a deletion fails or is undone by a crash.
func (f *flusher) removeOlder() {
	o := &f.e.opts
	numbers, err := listNumbered(o.FS, o.path(snapDir), snapExt)
	for _, n := range numbers {
		if n < f.state.number {
			err = errors.Join(err, o.FS.Remove(o.snapPath(n)))
		}
	}
	if err != nil {
		o.Log.Warn("cannot remove old checkpoints", "error", err)
	}
}

// deleteDead deletes the segments that nothing refers to any more: first a
// checkpoint that does not list them is made durable, then they go.
func (f *flusher) deleteDead() error {
	dead := f.e.table.collectDead(f.current())
	if len(dead) == 0 && !f.unsaved {
		return nil
	}
	if err := f.save(); err != nil {
		f.e.table.bury(dead)
		return err
	}
	if err := removeSegments(&f.e.opts, f.e.files, dead); err != nil {
		// Nothing refers to them: what is left goes at the next start.
		f.e.opts.Log.Warn("cannot remove dead segments", "error", err)
	}
	return nil
}

// current returns the streams that the waiting batch is about to write to,
// whose open segments must stay.
func (f *flusher) current() map[engine.StreamUID]bool {
	if f.batch == nil {
		return nil
	}
	busy := map[engine.StreamUID]bool{}
	for _, d := range f.batch.dirty {
		busy[d.sh.ref.Stream] = true
	}
	return busy
}

func removeSegments(o *Options, files *segmentFiles, dead []*segment) (err error) {
	streams := map[engine.StreamUID]bool{}
	for _, s := range dead {
		files.forget(s.number)
		err = errors.Join(err, o.FS.Remove(o.segmentPath(s.uid, s.number)))
		streams[s.uid] = true
	}
	for uid := range streams {
		err = errors.Join(err, syncOrRemove(o, uid))
	}
	if len(streams) > 0 {
		err = errors.Join(err, o.FS.SyncDir(o.path(streamsDir)))
	}
	return err
}

// syncOrRemove makes deletions in a stream's folder durable, and takes the
// folder away where it is empty.
func syncOrRemove(o *Options, uid engine.StreamUID) error {
	dir := o.streamPath(uid)
	names, err := o.FS.List(dir)
	if err == nil && len(names) == 0 {
		return o.FS.Remove(dir)
	}
	return errors.Join(err, o.FS.SyncDir(dir))
}
