package ledger

import (
	"fmt"
	"slices"
)

// Summary is what the entries of all consumers come to.
type Summary struct {
	// Records counts different records, Repeats those processed again.
	Records, Repeats int
	// Shards are the shards that records came from, sorted.
	Shards []string
}

// Summarize counts entries that are in the order of the clock.
func Summarize(entries []Entry) Summary {
	var s Summary
	seen := map[string]bool{}
	shards := map[string]bool{}
	for _, e := range entries {
		id := fmt.Sprint(e.Key, " ", e.Count)
		if seen[id] {
			s.Repeats++
		}
		seen[id] = true
		shards[e.Shard] = true
	}
	s.Records = len(seen)
	for shard := range shards {
		s.Shards = append(s.Shards, shard)
	}
	slices.Sort(s.Shards)
	return s
}

// Check returns what is wrong with entries in the order of the clock, of which
// there should be perKey for each of the keys: a record missing, or met for the
// first time before one that was put earlier under the same key.
func Check(entries []Entry, keys []string, perKey int) []string {
	next := map[string]int{}
	var wrong []string
	for _, e := range entries {
		switch {
		case e.Count < next[e.Key]:
			// Processed again, after a lease moved.
		case e.Count == next[e.Key]:
			next[e.Key]++
		default:
			wrong = append(wrong, fmt.Sprintf("key %s: record %d of %s came when %d was next",
				e.Key, e.Count, e.Shard, next[e.Key]))
			next[e.Key] = e.Count + 1
		}
	}
	for _, key := range keys {
		if next[key] != perKey {
			wrong = append(wrong, fmt.Sprintf("key %s: %d records processed, want %d", key, next[key], perKey))
		}
	}
	if len(next) != len(keys) {
		wrong = append(wrong, fmt.Sprintf("%d partition keys, want %d", len(next), len(keys)))
	}
	return append(wrong, sequences(entries)...)
}

// sequences returns where a shard's records were first met in another order
// than that of their sequence numbers.
func sequences(entries []Entry) []string {
	last := map[string]Entry{}
	seen := map[string]bool{}
	var wrong []string
	for _, e := range entries {
		id := fmt.Sprint(e.Key, " ", e.Count)
		if seen[id] {
			continue
		}
		seen[id] = true
		before, ok := last[e.Shard]
		if ok && (e.Sequence.Cmp(before.Sequence) < 0 ||
			e.Sequence.Cmp(before.Sequence) == 0 && e.SubSequence <= before.SubSequence) {
			wrong = append(wrong, fmt.Sprintf("%s: sequence number %v/%d after %v/%d",
				e.Shard, e.Sequence, e.SubSequence, before.Sequence, before.SubSequence))
		}
		last[e.Shard] = e
	}
	return wrong
}
