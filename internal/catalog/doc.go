// Package catalog is the deterministic state machine that holds everything
// about streams but their records: names, shards, tags, retention, changes
// under way, and the installation's key.
//
// State changes only through Apply, one Command at a time, in the order of
// the engine's catalog log. It does no I/O, reads no clock and draws no random
// number: a command carries the time, the random bits and the limits it is
// judged by, so every reader of the log arrives at the same state. Whether a
// command was accepted is part of the result: two racing submitters are
// settled by the log alone.
//
// The caller is package streams, which guards State with a lock of its own. A
// *Stream, once published, never changes.
//
// Stored forms (JSON, versioned) are drawn in docs/catalog.md. A new kind of
// command is one file with a type that satisfies Command, one line in the
// table of kinds, and, where it has state of its own, one part in the table
// of snapshot parts.
package catalog
