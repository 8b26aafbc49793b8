package vfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// NewCrashable returns an empty file system in memory that remembers, block
// by block and name by name, what was never synced; see Crash.
func NewCrashable() *Mem {
	m := NewMem()
	m.tracked = true
	return m
}

// Fate says what a crash does to the changes that were not synced.
type Fate int

// The fates. A real disk may do any of them, to each file differently.
const (
	// Lost undoes every unsynced change.
	Lost Fate = iota
	// Kept keeps every unsynced change.
	Kept
	// Torn keeps the changes of each file and folder up to some point.
	Torn
	// Mixed keeps or undoes each block, size and name on its own, so that a
	// file may have its new size and zeros in it.
	Mixed
)

// String names the fate, for test names.
func (f Fate) String() string { return [...]string{"lost", "kept", "torn", "mixed"}[f] }

// dirtyBlock is one block that changed since it was last synced.
type dirtyBlock struct {
	durable  []byte
	versions [][]byte // contents since, in order
	// orphaned says that a sync failed: the system takes the block for clean,
	// a later sync does not write it, and a crash may still undo it.
	orphaned bool
}

// beforeChange notes the durable content of blocks that are about to change.
// The caller holds the inode's lock, as for everything below.
func (n *inode) beforeChange(off, length int64) {
	if n.dirty == nil {
		n.dirty = map[int64]*dirtyBlock{}
	}
	for b := off / blockBytes; b*blockBytes < off+length; b++ {
		if n.dirty[b] == nil {
			n.dirty[b] = &dirtyBlock{durable: n.block(b)}
			n.order = append(n.order, b)
		}
	}
}

// afterChange notes what the blocks hold now.
func (n *inode) afterChange(off, length int64) {
	for b := off / blockBytes; b*blockBytes < off+length; b++ {
		d := n.dirty[b]
		d.versions = append(d.versions, n.block(b))
		d.orphaned = false
	}
}

func (n *inode) block(b int64) []byte {
	p := make([]byte, blockBytes)
	n.read(p, b*blockBytes)
	return p
}

// Sync implements File.
func (f *memFile) Sync() error {
	n := f.inode
	n.mu.Lock()
	defer n.mu.Unlock()
	n.durableSize, n.sizes = n.size, nil
	maps.DeleteFunc(n.dirty, func(_ int64, d *dirtyBlock) bool { return !d.orphaned })
	n.order = slices.DeleteFunc(n.order, func(b int64) bool { return n.dirty[b] == nil })
	return nil
}

// failSync is what a failed sync leaves behind: see dirtyBlock.orphaned.
func (f *memFile) failSync() {
	f.inode.mu.Lock()
	defer f.inode.mu.Unlock()
	for _, d := range f.inode.dirty {
		d.orphaned = true
	}
}

// Crash returns the file system as it might be found after the machine
// stopped now, all of it synced. m itself is not touched and goes on.
func (m *Mem) Crash(rnd *rand.Rand, fate Fate) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := NewCrashable()
	after.capacity.Store(m.capacity.Load())
	c := crash{rnd: rnd, fate: fate, files: map[*inode]*node{}, into: after}
	after.root = c.folder(m.root)
	return after
}

// crash is one crash in the making.
type crash struct {
	rnd   *rand.Rand
	fate  Fate
	files map[*inode]*node // what became of a file, under however many names
	into  *Mem
}

// prefix says how many of n changes survive, where they survive in order.
func (c *crash) prefix(n int) int {
	switch c.fate {
	case Lost:
		return 0
	case Kept:
		return n
	}
	return c.rnd.IntN(n + 1)
}

func (c *crash) folder(d *folder) *folder {
	names := maps.Clone(d.durable)
	for i, keep := 0, c.prefix(len(d.pending)); i < len(d.pending); i++ {
		if c.fate == Mixed && c.rnd.IntN(2) == 0 || c.fate != Mixed && i >= keep {
			continue
		}
		ch := d.pending[i]
		if ch.from != "" && names[ch.from] == ch.node {
			delete(names, ch.from)
		}
		if ch.to != "" {
			names[ch.to] = ch.node
		}
	}
	out := newFolder()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out.entries[name] = c.node(names[name])
	}
	out.durable = maps.Clone(out.entries)
	return out
}

func (c *crash) node(n *node) *node {
	if n.folder != nil {
		return &node{folder: c.folder(n.folder)}
	}
	if done := c.files[n.file]; done != nil {
		return done
	}
	out := &node{file: c.file(n.file)}
	c.files[n.file] = out
	c.into.used.Add(out.file.size)
	return out
}

func (c *crash) file(n *inode) *inode {
	n.mu.RLock()
	defer n.mu.RUnlock()
	out := &inode{chunks: make([][]byte, len(n.chunks))}
	for i, chunk := range n.chunks {
		out.chunks[i] = slices.Clone(chunk)
	}
	for i, keep := 0, c.prefix(len(n.order)); i < len(n.order); i++ {
		b := n.order[i]
		out.write(c.block(n.dirty[b], i < keep), b*blockBytes)
	}
	out.size = n.durableSize
	if keep := c.prefix(len(n.sizes)); keep > 0 {
		out.size = n.sizes[keep-1]
	}
	out.zeroFrom(out.size)
	out.durableSize = out.size
	return out
}

// block decides what a dirty block holds after the crash.
func (c *crash) block(d *dirtyBlock, kept bool) []byte {
	switch {
	case c.fate == Mixed:
		if i := c.rnd.IntN(len(d.versions) + 1); i > 0 {
			return d.versions[i-1]
		}
	case kept && len(d.versions) > 0:
		return d.versions[len(d.versions)-1]
	}
	return d.durable
}
