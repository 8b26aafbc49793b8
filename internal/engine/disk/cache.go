package disk

import (
	"container/list"
	"sync"

	"millrace/internal/vfs"
)

// load returns the runs of a block, from the cache or the disk. What comes
// from the disk is checked against its checksums and against the index.
func (e *Engine) load(b block) ([]run, error) {
	key := blockKey{b.seg.number, b.offset}
	if runs, ok := e.cache.get(key); ok {
		return runs, nil
	}
	runs, err := e.readBlock(b)
	if err == nil {
		e.cache.put(key, runs, int64(b.length))
	}
	return runs, err
}

func (e *Engine) readBlock(b block) ([]run, error) {
	path := e.opts.segmentPath(b.seg.uid, b.seg.number)
	f, done, err := e.files.open(b.seg.number, path)
	if err != nil {
		return nil, err
	}
	defer done()
	buf := make([]byte, b.length)
	if err := readFull(f, buf, int64(b.offset)); err != nil {
		return nil, corrupt(path, int64(b.offset), "reading a block of shard %d: %v", b.shard, err)
	}
	h, runs, ok := parseBlock(buf, b.seg.seed())
	if !ok || h.shard != b.shard || h.first != b.first || h.firstArrival != b.arrival {
		return nil, corrupt(path, int64(b.offset), "block of shard %d from position %d does not verify", b.shard, b.first)
	}
	return runs, nil
}

type blockKey struct {
	segment uint64 // segment numbers are unique in the data directory
	offset  uint32
}

// blockCache keeps the blocks that were read last. mu guards all of it.
type blockCache struct {
	limit int64

	mu     sync.Mutex
	bytes  int64
	order  *list.List // of *cachedBlock, the newest in front
	blocks map[blockKey]*list.Element
}

type cachedBlock struct {
	key   blockKey
	runs  []run
	bytes int64
}

func newBlockCache(limit int64) *blockCache {
	return &blockCache{limit: limit, order: list.New(), blocks: map[blockKey]*list.Element{}}
}

func (c *blockCache) get(key blockKey) ([]run, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el := c.blocks[key]
	if el == nil {
		return nil, false
	}
	c.order.MoveToFront(el)
	return el.Value.(*cachedBlock).runs, true
}

// put keeps a block, unless it would take more than a quarter of the cache.
func (c *blockCache) put(key blockKey, runs []run, bytes int64) {
	bytes += int64(len(runs)) * 48
	if bytes > c.limit/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blocks[key] != nil {
		return
	}
	c.blocks[key] = c.order.PushFront(&cachedBlock{key, runs, bytes})
	c.bytes += bytes
	for c.bytes > c.limit {
		old := c.order.Remove(c.order.Back()).(*cachedBlock)
		delete(c.blocks, old.key)
		c.bytes -= old.bytes
	}
}

// segmentFiles keeps the segment files that were read last open. mu guards
// all of it and is held while a file is opened.
type segmentFiles struct {
	fs vfs.FS

	mu    sync.Mutex
	order *list.List // of *openSegment, the newest in front
	files map[uint64]*list.Element
}

type openSegment struct {
	number uint64
	file   vfs.File
	users  int
	stale  bool // close when the last user is done
}

func newSegmentFiles(fs vfs.FS) *segmentFiles {
	return &segmentFiles{fs: fs, order: list.New(), files: map[uint64]*list.Element{}}
}

// open returns a segment file for reading; done gives it back.
func (s *segmentFiles) open(number uint64, path string) (f vfs.File, done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	el := s.files[number]
	if el == nil {
		file, err := s.fs.Open(path)
		if err != nil {
			return nil, nil, err
		}
		el = s.order.PushFront(&openSegment{number: number, file: file})
		s.files[number] = el
		for s.order.Len() > openSegments {
			s.evict(s.order.Back())
		}
	}
	s.order.MoveToFront(el)
	o := el.Value.(*openSegment)
	o.users++
	return o.file, func() { s.done(o) }, nil
}

func (s *segmentFiles) done(o *openSegment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.users--; o.users == 0 && o.stale {
		o.file.Close()
	}
}

// evict forgets a file. The caller holds mu.
func (s *segmentFiles) evict(el *list.Element) {
	o := s.order.Remove(el).(*openSegment)
	delete(s.files, o.number)
	if o.stale = true; o.users == 0 {
		o.file.Close()
	}
}

// forget lets go of a segment that is about to be deleted.
func (s *segmentFiles) forget(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if el := s.files[number]; el != nil {
		s.evict(el)
	}
}

func (s *segmentFiles) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.order.Len() > 0 {
		s.evict(s.order.Back())
	}
}
