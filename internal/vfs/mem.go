package vfs

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Mem is a file system in memory. Space is allocated when it is first
// written, so a preallocated file costs nothing. See NewMem and NewCrashable.
type Mem struct {
	tracked bool

	mu     sync.Mutex // guards the folders and locked; taken before an inode's lock
	root   *folder
	locked map[string]bool

	// capacity bounds the sum of all file sizes where it is not 0; used is that sum.
	capacity, used atomic.Int64
}

// folder is a directory: what it holds now and, where crashes are tracked,
// what it would hold after one.
type folder struct {
	entries map[string]*node
	durable map[string]*node
	pending []nameChange
}

// node is a name's target: a folder or a file.
type node struct {
	folder *folder
	file   *inode
}

// nameChange is one change of a folder since its last SyncDir.
type nameChange struct {
	from string // name that goes, "" for none
	to   string // name that comes, "" for none
	node *node
}

var _ FS = (*Mem)(nil)

// NewMem returns an empty file system in memory.
func NewMem() *Mem { return &Mem{root: newFolder(), locked: map[string]bool{}} }

func newFolder() *folder {
	return &folder{entries: map[string]*node{}, durable: map[string]*node{}}
}

// SetCapacity bounds the sum of all file sizes: what would grow a file past
// it fails with ErrNoSpace. 0 lifts the bound.
func (m *Mem) SetCapacity(bytes int64) { m.capacity.Store(bytes) }

// reserve takes or gives back bytes of the capacity.
func (m *Mem) reserve(bytes int64) error {
	used, limit := m.used.Add(bytes), m.capacity.Load()
	if limit > 0 && bytes > 0 && used > limit {
		m.used.Add(-bytes)
		return ErrNoSpace
	}
	return nil
}

func split(name string) []string {
	clean := strings.Trim(filepath.ToSlash(filepath.Clean(name)), "/")
	if clean == "" || clean == "." {
		return nil
	}
	return strings.Split(clean, "/")
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// dir finds a folder. The caller holds mu.
func (m *Mem) dir(parts []string) (*folder, bool) {
	at := m.root
	for _, p := range parts {
		n := at.entries[p]
		if n == nil || n.folder == nil {
			return nil, false
		}
		at = n.folder
	}
	return at, true
}

// parent finds the folder that a name is in. The caller holds mu.
func (m *Mem) parent(op, name string) (*folder, string, error) {
	parts := split(name)
	if len(parts) == 0 {
		return nil, "", pathError(op, name, fs.ErrInvalid)
	}
	d, ok := m.dir(parts[:len(parts)-1])
	if !ok {
		return nil, "", pathError(op, name, fs.ErrNotExist)
	}
	return d, parts[len(parts)-1], nil
}

func (m *Mem) change(d *folder, c nameChange) {
	if c.from != "" {
		delete(d.entries, c.from)
	}
	if c.to != "" {
		d.entries[c.to] = c.node
	}
	if m.tracked {
		d.pending = append(d.pending, c)
	}
}

// Create implements Files.
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, err := m.parent("create", name)
	if err != nil {
		return nil, err
	}
	if d.entries[base] != nil {
		return nil, pathError("create", name, fs.ErrExist)
	}
	n := &node{file: &inode{}}
	m.change(d, nameChange{to: base, node: n})
	return &memFile{fs: m, name: name, inode: n.file, writable: true}, nil
}

// Open implements Files.
func (m *Mem) Open(name string) (File, error) { return m.open(name, false) }

// OpenReadWrite implements Files.
func (m *Mem) OpenReadWrite(name string) (File, error) { return m.open(name, true) }

func (m *Mem) open(name string, writable bool) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, err := m.parent("open", name)
	if err != nil {
		return nil, err
	}
	n := d.entries[base]
	if n == nil || n.file == nil {
		return nil, pathError("open", name, fs.ErrNotExist)
	}
	return &memFile{fs: m, name: name, inode: n.file, writable: writable}, nil
}

// Rename implements Names, within one folder.
func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, oldBase, err := m.parent("rename", from)
	if err != nil {
		return err
	}
	target, newBase, err := m.parent("rename", to)
	if err != nil {
		return err
	}
	n := d.entries[oldBase]
	if n == nil {
		return pathError("rename", from, fs.ErrNotExist)
	}
	if d != target {
		return pathError("rename", to, fs.ErrInvalid)
	}
	if old := d.entries[newBase]; old != nil && old.file != nil && old != n {
		m.used.Add(-old.file.length())
	}
	m.change(d, nameChange{from: oldBase, to: newBase, node: n})
	return nil
}

// Remove implements Names. A removed file that is open stays readable.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, err := m.parent("remove", name)
	if err != nil {
		return err
	}
	n := d.entries[base]
	switch {
	case n == nil:
		return pathError("remove", name, fs.ErrNotExist)
	case n.folder != nil && len(n.folder.entries) > 0:
		return pathError("remove", name, fmt.Errorf("folder is not empty"))
	case n.file != nil:
		m.used.Add(-n.file.length())
	}
	m.change(d, nameChange{from: base, node: n})
	return nil
}

// MkdirAll implements Names.
func (m *Mem) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.root
	for _, p := range split(dir) {
		n := at.entries[p]
		if n == nil {
			n = &node{folder: newFolder()}
			m.change(at, nameChange{to: p, node: n})
		}
		if n.folder == nil {
			return pathError("mkdir", dir, fs.ErrExist)
		}
		at = n.folder
	}
	return nil
}

// List implements Names.
func (m *Mem) List(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.dir(split(dir))
	if !ok {
		return nil, pathError("list", dir, fs.ErrNotExist)
	}
	return slices.Sorted(maps.Keys(d.entries)), nil
}

// SyncDir implements Names.
func (m *Mem) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.dir(split(dir))
	if !ok {
		return pathError("sync", dir, fs.ErrNotExist)
	}
	if m.tracked {
		d.durable, d.pending = maps.Clone(d.entries), nil
	}
	return nil
}

// Lock implements Volume. A crash releases it.
func (m *Mem) Lock(name string) (io.Closer, error) {
	if f, err := m.Create(name); err == nil {
		f.Close()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked[name] {
		return nil, fmt.Errorf("lock %s: %w", name, ErrLocked)
	}
	m.locked[name] = true
	return memLock{m, name}, nil
}

type memLock struct {
	fs   *Mem
	name string
}

func (l memLock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	delete(l.fs.locked, l.name)
	return nil
}

// FreeSpace implements Volume.
func (m *Mem) FreeSpace(string) (int64, error) {
	limit := m.capacity.Load()
	if limit == 0 {
		return 1 << 62, nil
	}
	return max(0, limit-m.used.Load()), nil
}
