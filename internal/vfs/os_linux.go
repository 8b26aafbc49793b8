package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Sync implements File with fdatasync: the sizes of our journals never change
// while records are written, so there is no metadata to wait for.
func (o osFile) Sync() error {
	return o.control("fdatasync", func(fd int) error { return unix.Fdatasync(fd) })
}

// Preallocate implements File.
func (o osFile) Preallocate(size int64) error {
	err := o.control("fallocate", func(fd int) error { return unix.Fallocate(fd, 0, 0, size) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return o.extend(size)
	}
	return err
}

func (o osFile) control(name string, call func(fd int) error) error {
	raw, err := o.f.SyscallConn()
	if err != nil {
		return err
	}
	var callErr error
	if err := raw.Control(func(fd uintptr) {
		for {
			// EINTR says that nothing was tried; every other error is final.
			if callErr = call(int(fd)); callErr != unix.EINTR {
				return
			}
		}
	}); err != nil {
		return err
	}
	if callErr != nil {
		return &os.PathError{Op: name, Path: o.f.Name(), Err: callErr}
	}
	return nil
}
