package vfs

import (
	"fmt"
	"io"
)

// Op is one operation on a file system, as a hook sees it.
type Op struct {
	// Kind is one of create, open, open-rw, rename, remove, mkdir, list,
	// sync-dir, lock, free, read, write, sync, truncate, preallocate.
	Kind string
	Path string
	To   string // new name, for rename
	Off  int64  // for read and write
	Len  int64  // for read and write; the size, for truncate and preallocate
}

// String gives one line of a trace.
func (o Op) String() string {
	switch o.Kind {
	case "rename":
		return fmt.Sprintf("%s %s %s", o.Kind, o.Path, o.To)
	case "read", "write":
		return fmt.Sprintf("%s %s %d+%d", o.Kind, o.Path, o.Off, o.Len)
	case "truncate", "preallocate":
		return fmt.Sprintf("%s %s %d", o.Kind, o.Path, o.Len)
	}
	return o.Kind + " " + o.Path
}

// Mutates says whether the operation changes files or makes a change durable.
func (o Op) Mutates() bool {
	switch o.Kind {
	case "open", "open-rw", "list", "lock", "free", "read":
		return false
	}
	return true
}

// Hook is called before each operation, by the goroutine that asks for it,
// possibly by several at once. With an error the operation is not done and
// returns it, except that a write that gets a *ShortWrite is done in part.
type Hook func(op Op) error

// ShortWrite makes a write stop early.
type ShortWrite struct {
	// Bytes is how much is written all the same.
	Bytes int64
	// Err is what the write returns.
	Err error
}

// Error implements error.
func (s *ShortWrite) Error() string { return fmt.Sprintf("short write: %v", s.Err) }

// Unwrap gives Err.
func (s *ShortWrite) Unwrap() error { return s.Err }

// WithHook returns fs with a hook in front of every operation but Close and Size.
func WithHook(fs FS, hook Hook) FS { return &hooked{fs, hook} }

type hooked struct {
	fs   FS
	hook Hook
}

func (h *hooked) open(kind, name string, open func(string) (File, error)) (File, error) {
	if err := h.hook(Op{Kind: kind, Path: name}); err != nil {
		return nil, pathError(kind, name, err)
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	return &hookedFile{File: f, name: name, hook: h.hook}, nil
}

func (h *hooked) Create(name string) (File, error) { return h.open("create", name, h.fs.Create) }
func (h *hooked) Open(name string) (File, error)   { return h.open("open", name, h.fs.Open) }
func (h *hooked) OpenReadWrite(name string) (File, error) {
	return h.open("open-rw", name, h.fs.OpenReadWrite)
}

func (h *hooked) Rename(from, to string) error {
	if err := h.hook(Op{Kind: "rename", Path: from, To: to}); err != nil {
		return pathError("rename", from, err)
	}
	return h.fs.Rename(from, to)
}

func (h *hooked) named(kind, name string, do func(string) error) error {
	if err := h.hook(Op{Kind: kind, Path: name}); err != nil {
		return pathError(kind, name, err)
	}
	return do(name)
}

func (h *hooked) Remove(name string) error  { return h.named("remove", name, h.fs.Remove) }
func (h *hooked) MkdirAll(dir string) error { return h.named("mkdir", dir, h.fs.MkdirAll) }
func (h *hooked) SyncDir(dir string) error  { return h.named("sync-dir", dir, h.fs.SyncDir) }

func (h *hooked) List(dir string) ([]string, error) {
	if err := h.hook(Op{Kind: "list", Path: dir}); err != nil {
		return nil, pathError("list", dir, err)
	}
	return h.fs.List(dir)
}

func (h *hooked) Lock(name string) (io.Closer, error) {
	if err := h.hook(Op{Kind: "lock", Path: name}); err != nil {
		return nil, pathError("lock", name, err)
	}
	return h.fs.Lock(name)
}

func (h *hooked) FreeSpace(dir string) (int64, error) {
	if err := h.hook(Op{Kind: "free", Path: dir}); err != nil {
		return 0, pathError("free", dir, err)
	}
	return h.fs.FreeSpace(dir)
}

// hookedFile keeps the name it was opened under, as the system does not tell
// of a rename.
type hookedFile struct {
	File
	name string
	hook Hook
}

func (f *hookedFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.hook(Op{Kind: "read", Path: f.name, Off: off, Len: int64(len(p))}); err != nil {
		return 0, pathError("read", f.name, err)
	}
	return f.File.ReadAt(p, off)
}

func (f *hookedFile) WriteAt(p []byte, off int64) (int, error) {
	err := f.hook(Op{Kind: "write", Path: f.name, Off: off, Len: int64(len(p))})
	if err == nil {
		return f.File.WriteAt(p, off)
	}
	done := 0
	if short, ok := err.(*ShortWrite); ok {
		done, _ = f.File.WriteAt(p[:min(short.Bytes, int64(len(p)))], off)
	}
	return done, pathError("write", f.name, err)
}

func (f *hookedFile) Sync() error {
	if err := f.hook(Op{Kind: "sync", Path: f.name}); err != nil {
		if m, ok := f.File.(interface{ failSync() }); ok {
			m.failSync()
		}
		return pathError("sync", f.name, err)
	}
	return f.File.Sync()
}

func (f *hookedFile) Truncate(size int64) error {
	if err := f.hook(Op{Kind: "truncate", Path: f.name, Len: size}); err != nil {
		return pathError("truncate", f.name, err)
	}
	return f.File.Truncate(size)
}

func (f *hookedFile) Preallocate(size int64) error {
	if err := f.hook(Op{Kind: "preallocate", Path: f.name, Len: size}); err != nil {
		return pathError("preallocate", f.name, err)
	}
	return f.File.Preallocate(size)
}
