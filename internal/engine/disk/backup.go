package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// maxBackupRounds bounds how often a backup starts over because retention took
// a segment from under it. Each round keeps what it has copied, so that only a
// disk that deletes faster than it copies ever comes near.
const maxBackupRounds = 100

// BackupOptions say where a backup goes.
type BackupOptions struct {
	// FS is the file system of Dir; nil is vfs.OS.
	FS vfs.FS
	// Dir must be missing or empty.
	Dir string
	// Copy makes copies even where hard links would do.
	Copy bool
}

// BackupInfo says what a backup holds.
type BackupInfo struct {
	Segments int
	Bytes    int64
	Linked   int // of the segments, those that are hard links
}

// Backup writes a copy of the engine, which goes on meanwhile, as a data
// directory of its own. Everything that was acknowledged before the call is in
// it, and what came later is not, or only in part from its start. Segments
// that are not written to any more may be hard links; no file of the copy is
// ever written to by this engine.
//
// Positions in the copy skip ahead at its first start, past what this engine
// gives out after the backup: a position that was ever acknowledged never
// comes back with another record. Errors: ErrNotEmpty, engine.ErrClosed, those
// of the disk. Without FORMAT, which comes last, the copy is not a whole one.
func (e *Engine) Backup(ctx context.Context, to BackupOptions) (BackupInfo, error) {
	opts := Options{FS: to.FS, Dir: to.Dir, Rand: e.opts.Rand, Log: e.opts.Log}.withDefaults()
	lock, err := makeEmpty(opts)
	if err != nil {
		return BackupInfo{}, err
	}
	defer lock.Close()
	if err := e.Flush(ctx); err != nil {
		return BackupInfo{}, err
	}
	_, here := e.opts.FS.(vfs.OS)
	_, there := opts.FS.(vfs.OS)
	b := &backup{e: e, to: opts, link: here && there && !to.Copy, have: map[string]int64{}, linked: map[string]bool{}, buf: make([]byte, mib)}
	save, err := b.copyAll(ctx)
	if err != nil {
		return BackupInfo{}, fmt.Errorf("backup to %s, which is not whole and can be removed: %w", to.Dir, err)
	}
	if err := copyBeside(ctx, e.opts, opts); err != nil {
		return BackupInfo{}, err
	}
	return b.info(), b.finish(save)
}

// backup is a Backup under way.
type backup struct {
	e      *Engine
	to     Options
	link   bool
	have   map[string]int64 // segments in the copy and their sizes
	linked map[string]bool
	buf    []byte
}

// copyAll copies the segments of the newest checkpoint, and begins anew with a
// newer one where a segment was deleted meanwhile. Nothing that a checkpoint
// lists ever changes below the size that it says.
func (b *backup) copyAll(ctx context.Context) (*checkpoint, error) {
	var err error
	for range maxBackupRounds {
		var save *checkpoint
		if save, err = readCheckpoint(b.e.opts); err == nil && save == nil {
			return nil, errors.New("there is no checkpoint")
		}
		if err == nil {
			err = b.copySegments(ctx, save)
		}
		if err == nil {
			return save, b.prune(save)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, err
}

func (b *backup) copySegments(ctx context.Context, save *checkpoint) error {
	for _, st := range save.streams {
		for _, seg := range st.segments {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := b.copySegment(ctx, st.uid, seg); err != nil {
				return err
			}
		}
	}
	return nil
}

// copySegment brings one segment up to the size that the checkpoint says. Only
// a sealed one may be linked: the engine goes on writing to the others.
func (b *backup) copySegment(ctx context.Context, uid engine.StreamUID, seg segmentState) error {
	from, to := b.e.opts.segmentPath(uid, seg.number), b.to.segmentPath(uid, seg.number)
	have, ok := b.have[to]
	if ok && have == seg.size {
		return nil
	}
	if err := b.to.FS.MkdirAll(b.to.streamPath(uid)); err != nil {
		return err
	}
	if ok {
		if err := b.to.FS.Remove(to); err != nil {
			return err
		}
		delete(b.have, to)
	}
	if b.link && seg.sealed && os.Link(from, to) == nil {
		b.have[to], b.linked[to] = seg.size, true
		return nil
	}
	if err := copyFile(ctx, b.e.opts.FS, from, b.to.FS, to, seg.size, b.buf); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return errors.Join(err, removeIfThere(b.to.FS, to))
	}
	b.have[to] = seg.size
	return nil
}

func removeIfThere(f vfs.FS, path string) error {
	if err := f.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// prune removes what an earlier round copied and the last one does not list.
func (b *backup) prune(save *checkpoint) error {
	listed := map[string]bool{}
	for _, st := range save.streams {
		for _, seg := range st.segments {
			listed[b.to.segmentPath(st.uid, seg.number)] = true
		}
	}
	for path := range b.have {
		if listed[path] {
			continue
		}
		if err := b.to.FS.Remove(path); err != nil {
			return err
		}
		delete(b.have, path)
	}
	return nil
}

func (b *backup) info() (i BackupInfo) {
	for path, size := range b.have {
		i.Segments++
		i.Bytes += size
		if b.linked[path] {
			i.Linked++
		}
	}
	return i
}

// finish makes a data directory of the segments. The journal begins anew: what
// the checkpoint has not is not in the backup.
func (b *backup) finish(save *checkpoint) error {
	dirs := map[string]bool{}
	for path := range b.have {
		dirs[filepath.Dir(path)] = true
	}
	for dir := range dirs {
		if err := syncDir(b.to.FS, dir); err != nil {
			return err
		}
	}
	save.journal, save.offset = 1, journalHeaderBytes
	return writeFrame(b.to, save, b.e.node, appendSkip(nil, skipPositions))
}

// copyFile copies the first size bytes of a file to a new one and syncs it;
// size -1 copies all.
func copyFile(ctx context.Context, from vfs.FS, path string, to vfs.FS, target string, size int64, buf []byte) error {
	in, err := from.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if size < 0 {
		if size, err = in.Size(); err != nil {
			return err
		}
	}
	out, err := to.Create(target)
	if err != nil {
		return err
	}
	for off := int64(0); off < size && err == nil; {
		if err = ctx.Err(); err != nil {
			break
		}
		p := buf[:min(int64(len(buf)), size-off)]
		if err = readFull(in, p, off); err == io.ErrUnexpectedEOF {
			err = corrupt(path, off, "the file was cut, it must have %d bytes", size)
		}
		if err == nil {
			_, err = out.WriteAt(p, off)
		}
		off += int64(len(p))
	}
	if err == nil {
		err = syncFile(out, target)
	}
	return errors.Join(err, out.Close())
}
