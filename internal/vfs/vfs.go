// Package vfs is the file system as the disk engine sees it, so that a test
// can put memory, a crash or a failing disk in its place.
//
// It holds the interfaces and four file systems: OS (the machine's), Mem
// (memory), a Mem that remembers what was never synced and can lose it
// (NewCrashable), and WithHook, which shows every operation to a function
// that may delay, refuse or shorten it. The caller is package engine/disk;
// package server picks OS or Mem.
//
// Promises are those of a POSIX file system and no more: what was written is
// on the disk after File.Sync, a name is after SyncDir of its folder, and
// nothing else is. All file systems and files may be used concurrently, as
// far as concurrent writes do not overlap.
//
// Errors satisfy errors.Is with fs.ErrNotExist, fs.ErrExist, ErrLocked and,
// where the disk is full, ErrNoSpace.
package vfs

import (
	"errors"
	"io"
	"syscall"
)

// FS is a file system. Paths are joined with path/filepath.
type FS interface {
	Files
	Names
	Volume
}

// Files opens files.
type Files interface {
	// Create makes a new file for reading and writing; fs.ErrExist where the
	// name is taken.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// OpenReadWrite opens an existing file for reading and writing.
	OpenReadWrite(name string) (File, error)
}

// Names changes folders. No change is durable before SyncDir.
type Names interface {
	// Rename moves a file, replacing what has the new name.
	Rename(from, to string) error
	// Remove deletes a file or an empty folder.
	Remove(name string) error
	// MkdirAll makes a folder and those above it where they are missing.
	MkdirAll(dir string) error
	// List returns the names in a folder, in order.
	List(dir string) ([]string, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(dir string) error
}

// Volume is what concerns the file system as a whole.
type Volume interface {
	// Lock takes a file as a lock that lasts until it is closed or the
	// process ends, making the file if need be. ErrLocked where another has it.
	Lock(name string) (io.Closer, error)
	// FreeSpace returns how many bytes may still be written in a folder.
	FreeSpace(dir string) (int64, error)
}

// File is an open file. ReadAt and WriteAt are those of package io.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes everything written so far durable (fdatasync). After an
	// error nothing is known about any write since the last success, and a
	// later success proves nothing.
	Sync() error
	// Truncate sets the size.
	Truncate(size int64) error
	// Preallocate makes the file at least size bytes long, with the space for
	// it taken from the disk, so that writing there needs no more.
	Preallocate(size int64) error
	// Size returns the size in bytes.
	Size() (int64, error)
}

// ErrLocked says that another process, or another part of this one, holds the lock.
var ErrLocked = errors.New("locked by another process")

// ErrNoSpace says that the disk is full.
var ErrNoSpace error = syscall.ENOSPC

// NoSpace reports whether an error means that the disk, the quota on it, or the
// largest size that a file may have here, is used up.
func NoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
