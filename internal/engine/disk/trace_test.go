package disk

import (
	"flag"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"millrace/internal/vfs"
)

var update = flag.Bool("update", false, "rewrite the golden traces")

func crc(b []byte) uint32                  { return crcFrom(0, b) }
func crcFrom(seed uint32, b []byte) uint32 { return crc32.Update(seed, castagnoli, b) }

// TestTrace holds the operations on files, in their order, against golden
// lists: a sync that moves or goes missing shows in review.
func TestTrace(t *testing.T) {
	for name, script := range map[string]func(w *world, mark func(string)){
		"append": func(w *world, mark func(string)) {
			w.create(at(1, 0), at(2, 0))
			mark("append to two streams")
			w.put(100, at(1, 0), at(2, 0))
			mark("seal")
			w.seal(at(1, 0))
			mark("catalog command")
			w.command("c")
			mark("nothing to write")
			w.seal(at(1, 0))
			w.create(at(1, 0))
			mark("close")
		},
		"roll": func(w *world, mark func(string)) {
			w.create(at(1, 0))
			mark("more than half full: the next file is made")
			w.put(7000, at(1, 0))
			w.put(10, at(1, 0))
			w.e.maker.waitMade()
			mark("roll")
			w.put(7000, at(1, 0))
		},
		"flush": func(w *world, mark func(string)) {
			w.create(at(1, 0), at(1, 1), at(2, 0))
			w.put(100, at(1, 0), at(1, 1), at(2, 0))
			mark("first flush")
			w.flush()
			w.put(100, at(1, 0))
			mark("second flush")
			w.flush()
		},
		"checkpoint": func(w *world, mark func(string)) {
			w.create(at(1, 0))
			w.put(7000, at(1, 0))
			w.put(10, at(1, 0))
			w.e.maker.waitMade()
			w.put(7000, at(1, 0))
			mark("flush that frees a journal file")
			w.flush()
			mark("the file is used again")
			w.put(10, at(1, 0))
			w.e.maker.waitMade()
			mark("trim and delete")
			w.clock.Advance(1)
			w.o.shard(at(1, 0)).trim = epoch.UnixMilli() + 1
			w.e.Trim(t.Context(), at(1, 0), epoch.UnixMilli()+1)
			w.e.flusher.mu.Lock()
			w.e.flusher.dead = true
			w.e.flusher.mu.Unlock()
			w.flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := trace(t, script)
			path := filepath.Join("testdata", "trace", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || got != string(want) {
				t.Errorf("the trace differs from %s (%v); -update rewrites it. It is now:\n%s", path, err, got)
			}
		})
	}
}

func trace(t *testing.T, script func(w *world, mark func(string))) string {
	var mu sync.Mutex
	var b strings.Builder
	mark := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		b.WriteString("# " + line + "\n")
	}
	mark("open")
	mem := vfs.NewCrashable()
	w, err := runWorkload(func(w *world) { script(w, mark) }, mem, func(_ *world, op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Mutates() {
			b.WriteString(op.String() + "\n")
		}
		return nil
	}, Fsync)
	if err == nil {
		err = w.e.Close()
	}
	if err == nil {
		_, err = reopen(mem.Crash(rand.New(rand.NewPCG(1, 1)), vfs.Lost), w.o, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// waitMade waits until the maker has nothing to do.
func (m *journalMaker) waitMade() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.wanted && m.next == nil && m.err == nil {
		m.cond.Wait()
	}
}
