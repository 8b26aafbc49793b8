// Package disk is engine.Engine on one machine's disk, or on a file system in
// memory for a server that keeps nothing.
//
// # What it holds
//
// A journal that all shards share, in which every record, seal, drop and
// catalog command is written once, in commit groups: whatever came in while
// the last sync ran is one frame, one write and one sync. The records behind
// the last flush are also in memory, the tail. A flush moves them to one
// segment file per stream; a checkpoint then says which segments there are
// and where replay starts, and the journal files before that are used again.
// docs/format.md draws every byte, docs/adr/0001 to 0004 say why.
//
// # What it promises
//
// What engine.Engine promises. In particular nothing is readable before it is
// durable, a failed write or sync is never tried again, and bytes that are not
// what was written are reported with file and offset, never served and never
// cut away. On a full disk it refuses records, goes on reading and deleting,
// and comes back by itself.
//
// # Who owns what
//
// Three goroutines, however many shards: the committer owns the end of the
// journal and decides the order of everything; the journal maker prepares the
// next file; the flusher owns segments and checkpoints. Callers meet the
// committer in the queue, and read through a copy of the shard's published
// state. Locks are taken in the order flusher.mu, queue.mu, table.mu,
// shard.mu, and none is held across I/O, but that segmentFiles.mu is held
// while a file is opened.
package disk
