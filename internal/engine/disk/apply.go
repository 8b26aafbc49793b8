package disk

import (
	"millrace/internal/engine"
)

// This file is what the committer does with each kind of request: encode
// against the state as of the group being built, then publish.

// encode appends the request's entries to the frame and notes their effects.
func (c *committer) encode(b []byte, r *request) []byte {
	switch r.kind {
	case entryAppend:
		for i := range r.runs {
			b = c.encodeRun(b, &r.runs[i])
		}
	case entryCreate:
		for _, ref := range r.refs {
			b = c.encodeCreate(b, ref)
		}
	case entryDropShard:
		if sh := c.lookup(r.refs[0]); sh != nil {
			sh.dropped = true
			sh.st.floor = max(sh.st.floor, sh.next)
			b = appendShardEntry(b, entryDropShard, sh.ref, 0)
			c.effects = append(c.effects, effect{kind: entryDropShard, sh: sh})
		}
	case entryDropStream:
		b = c.encodeDropStream(b, r.refs[0])
	case entrySeal:
		b = c.encodeSeal(b, r)
	case entryCommand:
		r.index = c.e.catalog.assign()
		b = appendCommand(b, r.index, r.command)
		// The frame is kept in memory as long as the command is: commands are
		// few, and small groups are what they come in.
		c.effects = append(c.effects, effect{kind: entryCommand, index: r.index, command: r.command})
	}
	return b
}

// lookup finds a shard as of the group being built.
func (c *committer) lookup(ref engine.ShardRef) *shard {
	if sh := c.e.table.shard(ref); sh != nil && !sh.dropped {
		return sh
	}
	return nil
}

func (c *committer) encodeRun(b []byte, in *engine.Run) []byte {
	in.Err = nil
	if len(in.Records) == 0 {
		return b
	}
	sh := c.lookup(in.Shard)
	switch {
	case sh == nil:
		in.Err = engine.ErrNoShard
		return b
	case sh.closed:
		in.Err = engine.ErrSealed
		return b
	}
	r := run{first: sh.next, count: uint32(len(in.Records)), arrival: max(in.Arrival, sh.last)}
	sh.next, sh.last = r.end(), r.arrival
	head := len(b)
	b = appendRun(b, sh.ref, r, 0)
	start := len(b)
	for i := range in.Records {
		rec := &in.Records[i]
		rec.Position, rec.Arrival = r.first+engine.Position(i), r.arrival
		b = appendRecord(b, rec)
	}
	le.PutUint32(b[head+appendEntryBytes-4:], uint32(len(b)-start))
	r.buf = b[start:len(b):len(b)]
	c.effects = append(c.effects, effect{kind: entryAppend, sh: sh, run: r})
	return b
}

func (c *committer) encodeCreate(b []byte, ref engine.ShardRef) []byte {
	if c.lookup(ref) != nil {
		return b
	}
	sh := c.e.table.add(ref, 1)
	c.effects = append(c.effects, effect{kind: entryCreate, sh: sh})
	return appendShardEntry(b, entryCreate, ref, sh.next)
}

func (c *committer) encodeDropStream(b []byte, ref engine.ShardRef) []byte {
	st := c.e.table.stream(ref.Stream)
	if st == nil || st.dropped {
		return b
	}
	st.dropped = true
	for _, sh := range c.e.table.shardsOf(st) {
		sh.dropped = true
	}
	c.effects = append(c.effects, effect{kind: entryDropStream, st: st})
	return appendShardEntry(b, entryDropStream, ref, 0)
}

func (c *committer) encodeSeal(b []byte, r *request) []byte {
	sh := c.lookup(r.refs[0])
	if sh == nil {
		r.err = engine.ErrNoShard
		return b
	}
	r.end = sh.next
	if sh.closed {
		return b
	}
	sh.closed = true
	c.effects = append(c.effects, effect{kind: entrySeal, sh: sh})
	return appendShardEntry(b, entrySeal, sh.ref, r.end)
}

// publish makes the group readable and settles its account: what its
// requests reserved of the tail becomes what they really took.
func (c *committer) publish() {
	var reserved, took int64
	for i := range c.effects {
		took += c.apply(&c.effects[i])
	}
	for _, r := range c.group {
		reserved += r.cost
	}
	tail := c.e.queue.shrink(reserved - took)
	for _, r := range c.group {
		if r.kind == requestCapture {
			r.batch = c.capture()
		}
	}
	c.e.flusher.consider(tail, int64(c.lsn-c.lastCap))
}

// apply publishes one effect and returns what the tail grew by.
func (c *committer) apply(f *effect) int64 {
	switch f.kind {
	case entryAppend:
		f.sh.publishRun(f.run)
		c.markDirty(f.sh)
		return f.run.cost()
	case entryCreate:
		f.sh.update(func(p *published) { p.gone = false })
	case entryDropShard:
		lost := c.e.table.dropShard(f.sh)
		c.e.flusher.tidy()
		return -lost
	case entryDropStream:
		lost := c.e.table.dropStream(f.st)
		c.e.flusher.tidy()
		return -lost
	case entrySeal:
		end := f.sh.next
		f.sh.update(func(p *published) { p.sealed, p.next = true, end })
	case entryCommand:
		c.e.catalog.publish(f.index, f.command)
	}
	return 0
}

func (c *committer) markDirty(sh *shard) {
	if !sh.dirty {
		sh.dirty = true
		c.dirty = append(c.dirty, sh)
	}
}
