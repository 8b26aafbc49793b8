package vfs

import (
	"maps"
	"slices"
)

// Kill returns the file system as another process finds it after this one
// was killed now: everything that was written can be read, and nothing more
// of it is synced than was before. Locks are free. m itself is not touched
// and goes on.
func (m *Mem) Kill() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := &Mem{tracked: m.tracked, locked: map[string]bool{}}
	after.capacity.Store(m.capacity.Load())
	after.used.Store(m.used.Load())
	c := twin{}
	after.root = c.folder(m.root)
	return after
}

// twin copies nodes, each once, so that a file with two names stays one file.
type twin map[*node]*node

func (c twin) node(n *node) *node {
	if n == nil {
		return nil
	}
	if done := c[n]; done != nil {
		return done
	}
	out := &node{}
	c[n] = out
	if n.folder != nil {
		out.folder = c.folder(n.folder)
	} else {
		out.file = n.file.twin()
	}
	return out
}

func (c twin) folder(d *folder) *folder {
	out := newFolder()
	for name, n := range d.entries {
		out.entries[name] = c.node(n)
	}
	for name, n := range d.durable {
		out.durable[name] = c.node(n)
	}
	for _, ch := range d.pending {
		out.pending = append(out.pending, nameChange{ch.from, ch.to, c.node(ch.node)})
	}
	return out
}

func (n *inode) twin() *inode {
	n.mu.RLock()
	defer n.mu.RUnlock()
	out := &inode{
		chunks: make([][]byte, len(n.chunks)), size: n.size,
		durableSize: n.durableSize, sizes: slices.Clone(n.sizes), order: slices.Clone(n.order),
	}
	for i, chunk := range n.chunks {
		out.chunks[i] = slices.Clone(chunk)
	}
	if n.dirty != nil {
		out.dirty = maps.Clone(n.dirty)
		for b, d := range out.dirty {
			out.dirty[b] = &dirtyBlock{durable: d.durable, versions: slices.Clone(d.versions), orphaned: d.orphaned}
		}
	}
	return out
}
