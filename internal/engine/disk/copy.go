package disk

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// CopyDirectory copies a data directory that no server runs on, byte for byte
// and synced, to one that is missing or empty. Copies are never links, and
// what is no part of the data is left out. FORMAT is written last. Errors:
// vfs.ErrLocked, ErrNoDirectory, ErrNotEmpty, those of the disk.
func CopyDirectory(ctx context.Context, from, to Options, progress func(bytes int64)) error {
	from, to = from.withDefaults(), to.withDefaults()
	if !IsDataDirectory(from) {
		return ErrNoDirectory
	}
	held, err := lockExisting(from)
	if err != nil {
		return err
	}
	defer held.Close()
	lock, err := makeEmpty(to)
	if err != nil {
		return err
	}
	defer lock.Close()
	c := copier{ctx: ctx, from: from, to: to, step: progress, buf: make([]byte, mib)}
	folders := []string{journalDir, snapDir}
	streams, err := from.FS.List(from.path(streamsDir))
	if err != nil {
		return err
	}
	for _, name := range streams {
		folders = append(folders, filepath.Join(streamsDir, name))
	}
	for _, folder := range folders {
		if err := c.folder(folder); err != nil {
			return err
		}
	}
	if err := syncDir(to.FS, to.path(streamsDir)); err != nil {
		return err
	}
	if err := copyBeside(ctx, from, to); err != nil {
		return err
	}
	if err := copyFile(ctx, from.FS, from.path(formatName), to.FS, to.path(formatName), -1, c.buf); err != nil {
		return err
	}
	return errors.Join(syncDir(to.FS, to.Dir), syncDir(to.FS, filepath.Dir(to.Dir)))
}

type copier struct {
	ctx      context.Context
	from, to Options
	step     func(int64)
	buf      []byte
}

// folder copies the numbered files of a folder.
func (c *copier) folder(name string) error {
	names, err := c.from.FS.List(c.from.path(name))
	if err != nil || len(names) == 0 {
		return err
	}
	if err := c.to.FS.MkdirAll(c.to.path(name)); err != nil {
		return err
	}
	for _, file := range names {
		if !isNumbered(file) {
			continue
		}
		path := filepath.Join(name, file)
		if err := copyFile(c.ctx, c.from.FS, c.from.path(path), c.to.FS, c.to.path(path), -1, c.buf); err != nil {
			return err
		}
		if c.step != nil {
			if f, err := c.to.FS.Open(c.to.path(path)); err == nil {
				size, _ := f.Size()
				c.step(size)
				f.Close()
			}
		}
	}
	return syncDir(c.to.FS, c.to.path(name))
}

func isNumbered(name string) bool {
	for _, ext := range []string{journalExt, snapExt, segmentExt} {
		if _, ok := parseNumbered(name, ext); ok {
			return true
		}
	}
	return false
}

// beside is what the server keeps in a data directory beside the engine's
// files, a few kilobytes each: its own CA, so that clients of a copy need not
// be told anew whom to trust.
var beside = []string{"tls"}

// copyBeside copies those files, where there are any.
func copyBeside(ctx context.Context, from, to Options) error {
	for _, folder := range beside {
		names, err := from.FS.List(from.path(folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = to.FS.MkdirAll(to.path(folder))
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			if strings.HasSuffix(name, tempSuffix) {
				continue
			}
			if err := copyFile(ctx, from.FS, from.path(folder, name), to.FS, to.path(folder, name), -1, make([]byte, 64<<10)); err != nil {
				return err
			}
		}
		if err := syncDir(to.FS, to.path(folder)); err != nil {
			return err
		}
	}
	return nil
}
