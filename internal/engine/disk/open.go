package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
)

// Open opens a data directory, making it where it is missing, and brings back
// what it held. Errors: vfs.ErrLocked (another process has it),
// engine.ErrCorrupt with file and offset (nothing is changed then), a disk
// without space for a journal file. ctx bounds nothing yet beyond its start.
func Open(ctx context.Context, opts Options) (*Engine, error) {
	opts = opts.withDefaults()
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := makeDirs(opts); err != nil {
		return nil, err
	}
	lock, err := opts.FS.Lock(opts.path(lockName))
	if err != nil {
		return nil, err
	}
	e, err := open(opts, lock)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("data directory %s: %w", opts.Dir, err)
	}
	return e, nil
}

// makeDirs makes the folders and makes sure of the names in them: the last run
// may have ended between a rename and its sync, and what recovery finds it
// takes for durable, above all the newest checkpoint.
func makeDirs(opts Options) error {
	for _, dir := range []string{journalDir, snapDir, streamsDir} {
		if err := opts.FS.MkdirAll(opts.path(dir)); err != nil {
			return err
		}
	}
	for _, dir := range []string{filepath.Dir(opts.Dir), opts.Dir, opts.path(journalDir), opts.path(snapDir), opts.path(streamsDir)} {
		if err := opts.FS.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func open(opts Options, lock io.Closer) (*Engine, error) {
	e := &Engine{
		opts: opts, lock: lock, table: newTable(), queue: newQueue(opts), closing: make(chan struct{}),
		cache: newBlockCache(opts.CacheBytes), files: newSegmentFiles(opts.FS),
	}
	e.catalog = &catalogLog{e: e}
	e.commit = &committer{e: e, synced: opts.Clock.Now()}
	e.flusher = &flusher{e: e, wake: make(chan struct{}, 1), nextSegment: 1}
	r := &recovery{e: e, opts: opts}
	fresh, err := e.readOrInit(r)
	if err != nil {
		return nil, err
	}
	if err := cleanUp(opts, r.saved); err != nil {
		return nil, err
	}
	var runID [16]byte
	if _, err := io.ReadFull(opts.Rand, runID[:]); err != nil {
		return nil, err
	}
	j, err := r.begin(runID)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := writeNew(opts.FS, opts.path(formatName), encodeFormat(e.node)); err != nil {
			return nil, err
		}
	}
	e.start(r, runID, j)
	return e, nil
}

// readOrInit reads an existing directory, or decides on what a fresh one gets.
func (e *Engine) readOrInit(r *recovery) (fresh bool, err error) {
	e.node, err = readFormat(e.opts.FS, e.opts.path(formatName))
	if err == nil {
		return false, r.run()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := wipeUnborn(e.opts); err != nil {
		return false, err
	}
	_, err = io.ReadFull(e.opts.Rand, e.node[:])
	return true, err
}

// wipeUnborn clears what a first start left that did not get as far as FORMAT.
// It refuses where there is more than such a start can leave.
func wipeUnborn(opts Options) error {
	missing := corrupt(opts.path(formatName), 0, "the file is missing, but there is data")
	for _, dir := range []string{snapDir, streamsDir} {
		names, err := opts.FS.List(opts.path(dir))
		if err != nil || len(names) > 0 {
			return errors.Join(missing, err)
		}
	}
	numbers, err := listNumbered(opts.FS, opts.path(journalDir), journalExt)
	if err != nil || len(numbers) > 1 {
		return errors.Join(missing, err)
	}
	for _, n := range numbers {
		j, err := openJournal(opts, n)
		if err != nil {
			return err
		}
		_, more := j.vouches(journalHeaderBytes+int64(j.first.size), 0)
		j.close()
		if n != 1 || j.first.kind != frameOpen || len(j.first.payload) > 0 || more {
			return missing
		}
		if err := opts.FS.Remove(opts.journalPath(n)); err != nil {
			return err
		}
	}
	return opts.FS.SyncDir(opts.path(journalDir))
}

// cleanUp removes what an interrupted flush, checkpoint or deletion left: all
// of it is unknown to the checkpoint.
func cleanUp(opts Options, saved *checkpoint) error {
	var number uint64
	known := map[string]bool{}
	if saved != nil {
		number = saved.number
		for _, st := range saved.streams {
			for _, seg := range st.segments {
				known[opts.segmentPath(st.uid, seg.number)] = true
			}
		}
	}
	for _, dir := range []string{"", journalDir, snapDir} {
		if err := removeIf(opts, opts.path(dir), func(name string) bool {
			n, ok := parseNumbered(name, snapExt)
			return strings.HasSuffix(name, tempSuffix) || dir == snapDir && ok && n < number
		}); err != nil {
			return err
		}
	}
	streams, err := opts.FS.List(opts.path(streamsDir))
	if err != nil {
		return err
	}
	for _, name := range streams {
		if err := cleanStream(opts, opts.path(streamsDir, name), known); err != nil {
			return err
		}
	}
	return nil
}

func cleanStream(opts Options, dir string, known map[string]bool) error {
	err := removeIf(opts, dir, func(name string) bool {
		_, ok := parseNumbered(name, segmentExt)
		return ok && !known[filepath.Join(dir, name)]
	})
	if err != nil {
		return err
	}
	if left, err := opts.FS.List(dir); err != nil || len(left) > 0 {
		return err
	}
	return opts.FS.Remove(dir)
}

func removeIf(opts Options, dir string, dead func(name string) bool) error {
	names, err := opts.FS.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if dead(name) {
			if err := opts.FS.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// start sets the goroutines going: committer, journal maker, flusher.
func (e *Engine) start(r *recovery, runID [16]byte, j *journalFile) {
	c := e.commit
	c.position.Store(uint64(c.lsn))
	for _, f := range r.files {
		e.addJournal(f.header.number)
	}
	e.addJournal(j.number)
	keep := min(len(r.spares), e.opts.Spares)
	e.maker = newJournalMaker(e.opts, runID, j.number, r.spares[:keep:keep])
	e.maker.recycle(r.spares[keep:])
	f := e.flusher
	if r.saved != nil {
		f.state, f.number = *r.saved, r.saved.number
		f.nextSegment = r.saved.nextSegment
		c.lastCap = r.saved.lsn
	}
	f.ballast = hasFile(e.opts.FS, e.opts.path(ballastName))
	f.keepBallast()
	e.closeErr = sync.OnceValue(e.close)
	e.workers.Go(c.loop)
	e.making.Go(e.maker.loop)
	e.workers.Go(f.loop)
	f.consider(e.queue.tailSize(), int64(c.lsn-c.lastCap))
	f.tidy()
}
