package disk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"millrace/internal/clock"
	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// smallStore is a store with every kind of file in it, closed in order or not.
func smallStore(t *testing.T, orderly bool) (*vfs.Mem, *oracle) {
	t.Helper()
	mem := vfs.NewCrashable()
	w, err := runWorkload(func(w *world) {
		w.create(at(1, 0), at(1, 1), at(2, 0))
		for range 3 {
			w.put(400, at(1, 0), at(1, 1))
			w.put(900, at(1, 0))
		}
		w.command("first")
		w.flush()
		w.put(1500, at(1, 0), at(2, 0))
		w.flush()
		w.command("second")
		w.put(300, at(1, 0))
		w.seal(at(1, 1))
		w.put(200, at(2, 0))
		w.put(100, at(1, 0))
	}, mem, func(*world, vfs.Op) error { return nil }, Fsync)
	if err != nil {
		t.Fatal(err)
	}
	if orderly {
		if err := w.e.Close(); err != nil {
			t.Fatal(err)
		}
		return mem, w.o
	}
	image := mem.Crash(rand.New(rand.NewPCG(1, 1)), vfs.Lost)
	kill(w.e)
	return image, w.o
}

// files lists the files of a store with their sizes.
func files(t *testing.T, fs vfs.FS, dir string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := dir + "/" + name
		if f, err := fs.Open(path); err == nil {
			out[path], _ = f.Size()
			f.Close()
		} else {
			for p, size := range files(t, fs, path) {
				out[p] = size
			}
		}
	}
	return out
}

// damage opens a copy of a store after a change to one of its files.
func damage(mem *vfs.Mem, path string, change func(f vfs.File)) (*Engine, *vfs.Mem, error) {
	image := mem.Crash(rand.New(rand.NewPCG(1, 1)), vfs.Kept)
	f, err := image.OpenReadWrite(path)
	if err != nil {
		return nil, nil, err
	}
	change(f)
	f.Close()
	e, err := Open(context.Background(), crashOptions(image, clock.NewManual(epoch)))
	return e, image, err
}

// TestBitFlips flips a bit of every third byte of every file, or every bit
// with MILLRACE_EVERY_BIT=1. It must be noticed, at the start or at the read,
// or do no harm: wrong data is never served.
func TestBitFlips(t *testing.T) {
	mem, o := smallStore(t, true)
	noticed, harmless := map[string]int{}, map[string]int{}
	every := os.Getenv("MILLRACE_EVERY_BIT") != ""
	for path, size := range files(t, mem, "data") {
		kind := path[strings.LastIndexByte(path, '.')+1:]
		step, start := int64(3), int64(0)
		if every {
			step = 1
		}
		if kind == "cat" || kind == "data/FORMAT" {
			step = 1
		}
		if testing.Short() {
			step *= 13
		}
		if kind == "j" {
			start, size = framesBehindCheckpoint(t, mem, path)
		}
		for off := start; off < size && path != "data/BALLAST"; off += step {
			bits := []int64{off % 8}
			if every {
				bits = []int64{0, 1, 2, 3, 4, 5, 6, 7}
			}
			for _, bit := range bits {
				e, _, err := damage(mem, path, func(f vfs.File) { flip(f, off, byte(1)<<bit) })
				if err == nil {
					_, err = o.check(e)
					kill(e)
				}
				switch {
				case err == nil:
					harmless[kind]++
				case errors.Is(err, engine.ErrCorrupt) && strings.Contains(err.Error(), path), strings.Contains(err.Error(), "version"):
					noticed[kind]++
				default:
					t.Fatalf("%s, byte %d, bit %d: %v", path, off, bit, err)
				}
			}
		}
	}
	t.Logf("noticed %v, harmless %v", noticed, harmless)
	for _, kind := range []string{"j", "seg", "cat", "data/FORMAT"} {
		if noticed[kind] == 0 {
			t.Errorf("no damage was noticed in files of kind %q", kind)
		}
	}
}

func flip(f vfs.File, off int64, mask byte) {
	b := make([]byte, 1)
	f.ReadAt(b, off)
	b[0] ^= mask
	f.WriteAt(b, off)
}

// lastJournal is the journal file with the newest frames, and where they end.
func lastJournal(t *testing.T, mem *vfs.Mem) (path string, end int64, starts []int64) {
	t.Helper()
	opts := crashOptions(mem, nil)
	numbers, err := listNumbered(mem, opts.path(journalDir), journalExt)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers {
		r, err := openJournal(opts, n)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		if r.first.size == 0 {
			continue
		}
		path, end, starts = r.path, journalHeaderBytes, nil
		for {
			f, ok := r.frame(end, 0, false)
			if !ok {
				break
			}
			starts = append(starts, end)
			end += int64(f.size)
		}
	}
	return path, end, starts
}

// framesBehindCheckpoint is the part of a journal file that replay reads.
func framesBehindCheckpoint(t *testing.T, mem *vfs.Mem, path string) (start, end int64) {
	t.Helper()
	opts := crashOptions(mem, nil)
	saved, err := readCheckpoint(opts)
	if err != nil || saved == nil {
		t.Fatal("no checkpoint", err)
	}
	n, _ := parseNumbered(path[len(path)-18:], journalExt)
	r, err := openJournal(opts, n)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	start = journalHeaderBytes
	if n == saved.journal {
		start = saved.offset
	}
	for end = start; ; {
		f, ok := r.frame(end, 0, false)
		if !ok {
			return start, end
		}
		end += int64(f.size)
	}
}

// TestTornTail cuts the last journal file at every byte, with zeros behind:
// the frames that are whole are kept, the rest was never acknowledged.
func TestTornTail(t *testing.T) {
	mem, o := smallStore(t, false)
	path, end, starts := lastJournal(t, mem)
	last := starts[len(starts)-1]
	for cut := last; cut < end; cut++ {
		e, _, err := damage(mem, path, func(f vfs.File) { f.WriteAt(make([]byte, end-cut), cut) })
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", cut, end, err)
		}
		lost := o.clone()
		s := lost.shard(at(1, 0))
		if cut < end-7 { // the padding is zeros anyway
			s.acked = s.acked[:len(s.acked)-1]
		} else {
			s.maybe[string(s.acked[len(s.acked)-1].Data)] = true
			s.acked = s.acked[:len(s.acked)-1]
		}
		if _, err := lost.check(e); err != nil {
			t.Errorf("cut at %d of %d: %v", cut, end, err)
		}
		kill(e)
	}
}

// TestDamageInTheMiddle: a frame that later ones vouch for is not cut away.
func TestDamageInTheMiddle(t *testing.T) {
	mem, o := smallStore(t, false)
	path, _, starts := lastJournal(t, mem)
	behind, _ := framesBehindCheckpoint(t, mem, path)
	for i, start := range starts[:len(starts)-1] {
		if start < behind {
			continue
		}
		_, image, err := damage(mem, path, func(f vfs.File) { flip(f, start+40, 1) })
		if !errors.Is(err, engine.ErrCorrupt) || !strings.Contains(err.Error(), fmt.Sprintf("%s at offset %d", path, start)) {
			t.Fatalf("damage in frame %d: %v", i+1, err)
		}
		// Nothing was changed: with the bit put back, all is there.
		f, _ := image.OpenReadWrite(path)
		flip(f, start+40, 1)
		if _, err := reopen(image, o, nil); err != nil {
			t.Fatalf("after repair of frame %d: %v", i+1, err)
		}
	}
}

// TestMissingFiles: a file that must be there and is not is damage too.
func TestMissingFiles(t *testing.T) {
	mem, o := smallStore(t, true)
	for path := range files(t, mem, "data") {
		if path == "data/LOCK" || path == "data/BALLAST" {
			continue
		}
		image := mem.Crash(rand.New(rand.NewPCG(1, 1)), vfs.Kept)
		if err := image.Remove(path); err != nil {
			t.Fatal(err)
		}
		before := files(t, image, "data")
		e, err := Open(t.Context(), crashOptions(image, clock.NewManual(epoch)))
		if err == nil {
			// Harmless where the journal still has everything.
			if _, err := o.check(e); err != nil {
				t.Errorf("without %s: %v", path, err)
			}
			kill(e)
			continue
		}
		if !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("without %s: %v", path, err)
		}
		if after := files(t, image, "data"); len(after) != len(before) {
			t.Errorf("without %s: files were removed, %d are left of %d", path, len(after), len(before))
		}
	}
}

// TestSwappedBlocks: a block in the place of another does not verify.
func TestSwappedBlocks(t *testing.T) {
	mem, o := smallStore(t, true)
	for path := range files(t, mem, "data/streams") {
		content, err := readFile(mem, path)
		if err != nil {
			t.Fatal(err)
		}
		for other := range files(t, mem, "data/streams") {
			if other == path {
				continue
			}
			e, _, err := damage(mem, other, func(f vfs.File) { f.WriteAt(content[segmentHeaderBytes:], segmentHeaderBytes) })
			if err == nil {
				_, err = o.check(e)
				kill(e)
			}
			if !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("%s over %s: %v", path, other, err)
			}
		}
	}
}
