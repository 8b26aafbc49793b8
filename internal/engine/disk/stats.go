package disk

// Stats is a look at the engine's insides. Counters count from the opening.
type Stats struct {
	Groups       uint64 // commit groups
	Frames       uint64 // written to the journal
	Syncs        uint64 // of the journal; with Fsync never more than Groups
	JournalBytes uint64 // written to the journal
	Flushes      uint64
	Checkpoints  uint64
	TailBytes    int64 // memory that records take before they are flushed
	QueueBytes   int64 // waiting for the committer
	Journals     int   // journal files that a restart would read
	Streams      int
	Shards       int
	Segments     int
	SegmentBytes int64
	CacheBytes   int64
	// Full says that writing is refused for want of space.
	Full bool
	// Failed says why writing has stopped until the next start, if it has.
	Failed error
}

// Stats returns the figures of now.
func (e *Engine) Stats() Stats {
	c := e.commit
	s := Stats{
		Groups: c.groups.Load(), Frames: c.frames.Load(), Syncs: c.syncs.Load(), JournalBytes: c.bytes.Load(),
		Journals: e.journalCount(), Failed: e.failure(),
	}
	s.Flushes, s.Checkpoints = e.flusher.flushes.Load(), e.flusher.checkpoints.Load()
	e.queue.mu.Lock()
	s.TailBytes, s.QueueBytes, s.Full = e.queue.tail, e.queue.bytes, e.queue.stuck != nil
	e.queue.mu.Unlock()
	e.cache.mu.Lock()
	s.CacheBytes = e.cache.bytes
	e.cache.mu.Unlock()
	e.table.mu.RLock()
	defer e.table.mu.RUnlock()
	for _, st := range e.table.streams {
		s.Streams++
		s.Shards += len(st.shards)
		s.Segments += len(st.segments)
		for _, seg := range st.segments {
			s.SegmentBytes += seg.size
		}
	}
	return s
}
