package vfs

import (
	"io"
	"io/fs"
	"sync"
)

const (
	// chunkBytes is the unit in which memory is allocated to a file.
	chunkBytes = 32 << 10
	// blockBytes is what a disk writes whole or not at all.
	blockBytes = 512
)

// inode is a file's content.
type inode struct {
	mu     sync.RWMutex
	chunks [][]byte // nil where nothing but zeros was written
	size   int64

	// What a crash may undo; see crash.go. Empty where crashes are not tracked.
	durableSize int64
	sizes       []int64 // sizes since the last sync, in order
	dirty       map[int64]*dirtyBlock
	order       []int64 // dirty blocks in the order of their first write
}

func (n *inode) length() int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.size
}

// memFile is an open file of a Mem.
type memFile struct {
	fs       *Mem
	name     string
	inode    *inode
	writable bool
}

// ReadAt implements File.
func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	n := f.inode
	n.mu.RLock()
	defer n.mu.RUnlock()
	if off >= n.size {
		return 0, io.EOF
	}
	want := len(p)
	p = p[:min(int64(len(p)), n.size-off)]
	n.read(p, off)
	if len(p) < want {
		return len(p), io.EOF
	}
	return len(p), nil
}

func (n *inode) read(p []byte, off int64) {
	for len(p) > 0 {
		i, at := off/chunkBytes, off%chunkBytes
		part := p[:min(int64(len(p)), chunkBytes-at)]
		if i < int64(len(n.chunks)) && n.chunks[i] != nil {
			copy(part, n.chunks[i][at:])
		} else {
			clear(part)
		}
		p, off = p[len(part):], off+int64(len(part))
	}
}

// WriteAt implements File.
func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	if !f.writable {
		return 0, pathError("write", f.name, fs.ErrPermission)
	}
	if err := f.grow(off + int64(len(p))); err != nil {
		return 0, pathError("write", f.name, err)
	}
	n := f.inode
	n.mu.Lock()
	defer n.mu.Unlock()
	if f.fs.tracked {
		n.beforeChange(off, int64(len(p)))
		defer n.afterChange(off, int64(len(p)))
	}
	n.write(p, off)
	return len(p), nil
}

func (n *inode) write(p []byte, off int64) {
	for len(p) > 0 {
		i, at := off/chunkBytes, off%chunkBytes
		for int64(len(n.chunks)) <= i {
			n.chunks = append(n.chunks, nil)
		}
		if n.chunks[i] == nil {
			n.chunks[i] = make([]byte, chunkBytes)
		}
		done := copy(n.chunks[i][at:], p)
		p, off = p[done:], off+int64(done)
	}
}

// grow makes the file at least size bytes long.
func (f *memFile) grow(size int64) error {
	f.inode.mu.Lock()
	defer f.inode.mu.Unlock()
	more := size - f.inode.size
	if more <= 0 {
		return nil
	}
	if err := f.fs.reserve(more); err != nil {
		return err
	}
	f.setSize(size)
	return nil
}

// setSize notes a new size. The caller holds the inode's lock.
func (f *memFile) setSize(size int64) {
	f.inode.size = size
	if f.fs.tracked {
		f.inode.sizes = append(f.inode.sizes, size)
	}
}

// Truncate implements File.
func (f *memFile) Truncate(size int64) error {
	if have := f.inode.length(); size >= have {
		return f.grow(size)
	}
	n := f.inode
	n.mu.Lock()
	defer n.mu.Unlock()
	cut := n.size - size
	if f.fs.tracked {
		n.beforeChange(size, cut)
		defer n.afterChange(size, cut)
	}
	n.zeroFrom(size)
	f.setSize(size)
	return f.fs.reserve(-cut)
}

// zeroFrom clears the content from an offset on.
func (n *inode) zeroFrom(from int64) {
	for i := from / chunkBytes; i < int64(len(n.chunks)); i++ {
		switch start := max(0, from-i*chunkBytes); {
		case n.chunks[i] == nil:
		case start == 0:
			n.chunks[i] = nil
		default:
			clear(n.chunks[i][start:])
		}
	}
}

// Preallocate implements File.
func (f *memFile) Preallocate(size int64) error {
	if err := f.grow(size); err != nil {
		return pathError("preallocate", f.name, err)
	}
	return nil
}

// Size implements File.
func (f *memFile) Size() (int64, error) { return f.inode.length(), nil }

// Close implements File.
func (f *memFile) Close() error { return nil }
