package vfs

import (
	"os"
	"path/filepath"
	"slices"
)

// OS is the machine's own file system. Files are made with mode 0600 and
// folders with 0700: records belong to the user that runs the server alone.
type OS struct{}

var _ FS = OS{}

// Create implements Files.
func (OS) Create(name string) (File, error) {
	return openOS(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

// Open implements Files.
func (OS) Open(name string) (File, error) { return openOS(name, os.O_RDONLY) }

// OpenReadWrite implements Files.
func (OS) OpenReadWrite(name string) (File, error) { return openOS(name, os.O_RDWR) }

func openOS(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Rename implements Names.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements Names.
func (OS) Remove(name string) error { return os.Remove(name) }

// MkdirAll implements Names.
func (OS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o700) }

// List implements Names.
func (OS) List(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// SyncDir implements Names.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// osFile embeds no *os.File: it must not offer more than File.
type osFile struct{ f *os.File }

func (o osFile) ReadAt(p []byte, off int64) (int, error)  { return o.f.ReadAt(p, off) }
func (o osFile) WriteAt(p []byte, off int64) (int, error) { return o.f.WriteAt(p, off) }
func (o osFile) Truncate(size int64) error                { return o.f.Truncate(size) }
func (o osFile) Close() error                             { return o.f.Close() }

func (o osFile) Size() (int64, error) {
	info, err := o.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// extend is Preallocate where the system cannot reserve space: the size is
// right, but a write may still find the disk full.
func (o osFile) extend(size int64) error {
	have, err := o.Size()
	if err != nil || have >= size {
		return err
	}
	return o.f.Truncate(size)
}
