package disk

import (
	"errors"
	"testing"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// TestTwinBlocks puts the blocks of one stream into the segment of another
// whose blocks have the same shard, positions, times and lengths: only the
// checksums' binding to the stream can tell.
func TestTwinBlocks(t *testing.T) {
	mem := vfs.NewCrashable()
	w, err := runWorkload(func(w *world) {
		w.create(at(1, 0), at(2, 0))
		for range 3 {
			w.put(400, at(1, 0), at(2, 0))
		}
		w.flush()
	}, mem, func(*world, vfs.Op) error { return nil }, Fsync)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.e.Close(); err != nil {
		t.Fatal(err)
	}
	segments := files(t, mem, "data/streams")
	if len(segments) != 2 {
		t.Fatalf("%d segments, want one of each stream", len(segments))
	}
	for path, size := range segments {
		content, err := readFile(mem, path)
		if err != nil {
			t.Fatal(err)
		}
		for other, otherSize := range segments {
			if other == path {
				continue
			}
			if size != otherSize {
				t.Fatalf("%s has %d bytes, %s %d: no twins", path, size, other, otherSize)
			}
			e, _, err := damage(mem, other, func(f vfs.File) { f.WriteAt(content[segmentHeaderBytes:], segmentHeaderBytes) })
			if err == nil {
				_, err = w.o.check(e)
				kill(e)
			}
			if !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("%s over %s: %v", path, other, err)
			}
		}
	}
}
