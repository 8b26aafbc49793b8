package disk

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"millrace/internal/engine"
)

// committer takes commit groups from the queue, writes each as one frame with
// one write and at most one sync, publishes what it holds and answers the
// callers. One goroutine owns all of it but the counters.
type committer struct {
	e       *Engine
	file    *journalFile
	off     int64 // where the next frame goes
	lsn     lsn   // of the next frame
	durable lsn   // everything before it is synced
	synced  time.Time

	group   []*request
	effects []effect // what publishing the group means, in order
	dirty   []*shard // shards that got records since the last capture
	lastCap lsn      // where the last capture stood

	groups, syncs, frames, bytes atomic.Uint64
	position                     atomic.Uint64 // lsn, for others to read
	captured                     atomic.Uint64 // lastCap, for others to read
}

// effect is one entry of the group, to be published once it is durable.
type effect struct {
	kind    byte
	sh      *shard
	st      *stream
	run     run
	index   engine.Index
	command []byte
}

// loop commits until the queue is shut and empty.
func (c *committer) loop() {
	var armed bool
	var fired atomic.Bool
	for !c.e.queue.drained() {
		<-c.e.queue.signal
		c.commitAll()
		switch {
		case fired.Swap(false):
			armed = false
			c.syncNow()
		case !c.needsSync():
		case c.syncIn() <= 0:
			c.syncNow()
		case !armed:
			armed = true
			c.e.opts.Clock.AfterFunc(max(c.syncIn(), minSyncTimer), func() {
				fired.Store(true)
				poke(c.e.queue.signal)
			})
		}
	}
}

// commitAll commits groups while there are any.
func (c *committer) commitAll() {
	for {
		c.group = c.e.queue.takeGroup(c.group[:0], c.e.opts.GroupBytes)
		if len(c.group) == 0 {
			return
		}
		c.commit()
	}
}

func (c *committer) commit() {
	if err := c.e.failure(); err != nil {
		c.refuse(err)
	} else if frame, err := c.build(); err != nil {
		c.e.fail(err)
		c.refuse(c.e.failure())
	} else if err := c.write(frame); err != nil {
		c.e.fail(err)
		c.refuse(c.e.failure())
	} else {
		c.publish()
	}
	c.finish()
}

// refuse answers the whole group with an error.
func (c *committer) refuse(err error) {
	for _, r := range c.group {
		r.err = err
		c.e.queue.shrink(r.cost)
		r.cost = 0
	}
}

// finish wakes the callers. The group's requests are theirs again after that.
func (c *committer) finish() {
	for i, r := range c.group {
		c.group[i] = nil
		r.done <- struct{}{}
	}
	clear(c.effects)
	c.effects = c.effects[:0]
}

// build encodes the group into a frame; nil where nothing needs writing.
func (c *committer) build() ([]byte, error) {
	need, err := c.makeRoom()
	if err != nil || need == 0 {
		return nil, err
	}
	b := newFrame(need)
	for _, r := range c.group {
		if r.err == nil {
			b = c.encode(b, r)
		}
	}
	if len(b) == frameHeaderBytes {
		return nil, nil
	}
	return finishFrame(b, c.file.seed, frameGroup, c.lsn, c.durable), nil
}

// makeRoom sees to it that the group's frame fits into the current file, if
// need be by going on to the next one. Where there is no space for a next
// file it refuses what does not fit, records first: drops and catalog
// commands have the end of the file to themselves, since they may be what
// frees the disk.
func (c *committer) makeRoom() (payload int64, err error) {
	all, control := c.sizes()
	if all == 0 {
		return 0, nil
	}
	if c.off+frameSize(all) <= c.file.size-c.e.opts.journalReserve() {
		if c.off > c.file.size/2 {
			c.e.maker.prepare()
		}
		return all, nil
	}
	err = c.roll(frameSize(all))
	if err == nil || !noSpace(err) {
		return all, err
	}
	full := fmt.Errorf("%w: %w", engine.ErrFull, err)
	payload = control
	if c.off+frameSize(control) > c.file.size {
		payload = 0
	}
	for _, r := range c.group {
		if r.bytes > 0 && (r.kind == entryAppend || payload == 0) {
			r.err = full
		}
	}
	return payload, nil
}

// sizes sums what the group's entries may take, and those without records.
func (c *committer) sizes() (all, control int64) {
	for _, r := range c.group {
		all += r.bytes
		if r.kind != entryAppend {
			control += r.bytes
		}
	}
	return all, control
}

// roll goes on to the next journal file.
func (c *committer) roll(need int64) error {
	next, err := c.e.maker.take(need)
	if err != nil {
		return err
	}
	// The sync of the new file says nothing about the old one.
	if c.durable < c.lsn && c.e.opts.Durability.every > 0 {
		if err := c.sync(); err != nil {
			return err
		}
	}
	if err := c.file.file.Close(); err != nil {
		return errors.Join(errors.New("closing a journal file"), err)
	}
	c.use(next)
	return nil
}

// use makes a file the current one.
func (c *committer) use(f *journalFile) {
	c.file, c.off = f, journalHeaderBytes
	c.e.addJournal(f.number)
}

// write puts the frame into the journal, durably where that is asked for.
func (c *committer) write(frame []byte) error {
	c.groups.Add(1)
	if frame == nil {
		return nil
	}
	if _, err := c.file.file.WriteAt(frame, c.off); err != nil {
		return fmt.Errorf("journal %s at offset %d: %w", c.file.path, c.off, err)
	}
	c.off += int64(len(frame))
	c.lsn += lsn(len(frame))
	c.frames.Add(1)
	c.bytes.Add(uint64(len(frame)))
	c.position.Store(uint64(c.lsn))
	if c.e.opts.Durability.relaxed {
		return nil
	}
	return c.sync()
}

// sync makes everything written durable. An error is final: the system may
// have dropped what it could not write, and say nothing the next time.
func (c *committer) sync() error {
	if err := syncFile(c.file.file, c.file.path); err != nil {
		return err
	}
	c.syncs.Add(1)
	c.durable = c.lsn
	if c.e.opts.Durability.every > 0 {
		c.synced = c.e.opts.Clock.Now()
	}
	return nil
}

func (c *committer) needsSync() bool {
	return c.e.opts.Durability.every > 0 && c.durable < c.lsn && c.e.failure() == nil
}

// syncIn is how long relaxed durability may still wait.
func (c *committer) syncIn() time.Duration {
	return c.e.opts.Durability.every - c.e.opts.Clock.Now().Sub(c.synced)
}

func (c *committer) syncNow() {
	if !c.needsSync() {
		return
	}
	if err := c.sync(); err != nil {
		c.e.fail(err)
	}
}

// close writes the frame that says that the end was orderly.
func (c *committer) close() error {
	if c.e.failure() != nil {
		return c.file.file.Close()
	}
	return errors.Join(c.sayGoodbye(), c.file.file.Close())
}

func (c *committer) sayGoodbye() error {
	if c.durable < c.lsn {
		if err := errors.Join(c.e.syncJournals(c.file.number), c.file.file.Sync()); err != nil {
			return err
		}
	}
	frame := finishFrame(newFrame(0), c.file.seed, frameClose, c.lsn, c.lsn)
	if c.off+int64(len(frame)) > c.file.size {
		return nil
	}
	if _, err := c.file.file.WriteAt(frame, c.off); err != nil {
		return err
	}
	return c.file.file.Sync()
}
