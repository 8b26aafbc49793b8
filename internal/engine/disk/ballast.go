package disk

import (
	"errors"

	"millrace/internal/vfs"
)

// The ballast is a file that stands for a little free space: on a full disk
// it is given up so that the checkpoint can be written that lets segments go,
// or the last records of the tail that keep the journal from being re-used.

// shardOverhead is more than a flush adds for a shard to the bytes of its
// records: block headers, a footer's entries, a share of the file's own.
const shardOverhead = 1 << 10

// ballastCovers says whether the space that the ballast gives is enough for
// the whole batch and for the checkpoint behind it: spent on less, it would
// be missing for deletions.
func (f *flusher) ballastCovers() bool {
	o := &f.e.opts
	free, err := o.FS.FreeSpace(o.Dir)
	if err != nil || !f.ballast {
		return false
	}
	need := int64(len(f.batch.state.encode()))
	for _, d := range f.batch.dirty {
		if !d.sh.view().gone {
			need += cost(d.runs) + shardOverhead
		}
	}
	return need <= free+o.BallastBytes
}

func (f *flusher) dropBallast() bool {
	if !f.ballast {
		return false
	}
	o := &f.e.opts
	f.ballast = false
	if err := errors.Join(o.FS.Remove(o.path(ballastName)), o.FS.SyncDir(o.Dir)); err != nil {
		o.Log.Warn("cannot give up the ballast", "error", err)
		return false
	}
	return true
}

// keepBallast makes the ballast where it is missing. Without space for it
// there is none.
func (f *flusher) keepBallast() {
	o := &f.e.opts
	if f.ballast || o.BallastBytes < 0 {
		return
	}
	if err := makeBallast(o); err != nil {
		o.FS.Remove(o.path(ballastName))
		return
	}
	f.ballast = true
}

func makeBallast(o *Options) error {
	f, err := o.FS.Create(o.path(ballastName))
	if err != nil {
		return err
	}
	return errors.Join(f.Preallocate(o.BallastBytes), f.Close())
}

func hasFile(fs vfs.FS, path string) bool {
	f, err := fs.Open(path)
	if err != nil {
		return false
	}
	f.Close()
	return true
}
