package main

import (
	"slices"
	"strings"
	"testing"
)

func TestTailAsConsumer(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--shards", "2", "--wait")
	must(t, "put", "s", "before", "--key", "k")
	out, _, stop := background(t, "tail", "s", "--consumer", "c", "--from", "trim-horizon", "--raw")
	out.await(t, "the first record", lines(1))
	must(t, "streams", "merge", "s", "shardId-000000000000", "shardId-000000000001", "--wait")
	must(t, "put", "s", "merged", "--key", "k")
	text := out.await(t, "all records", lines(2))
	want := []string{"before", "merged"}
	if got := strings.Split(strings.TrimSpace(text), "\n"); !slices.Equal(got, want) {
		t.Errorf("tail: %q, want %q", got, want)
	}
	if code := stop(); code != exitOK {
		t.Errorf("exit code of an interrupted tail = %d", code)
	}
	if got := strings.Split(strings.TrimSpace(must(t, "tail", "s", "--consumer", "c", "--no-follow", "--raw")), "\n"); !slices.Equal(got, want) {
		t.Errorf("tail --no-follow: %q, want %q", got, want)
	}
	// The consumers that it registered are gone, so the stream can be.
	must(t, "streams", "delete", "s", "--yes", "--wait")
}
