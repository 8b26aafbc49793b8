//go:build !linux

package vfs

// Sync implements File. os.File.Sync asks for the hardware flush on Darwin.
func (o osFile) Sync() error { return o.f.Sync() }

// Preallocate implements File.
func (o osFile) Preallocate(size int64) error { return o.extend(size) }
