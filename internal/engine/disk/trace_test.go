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

// tracer writes operations down. Those of the journal maker run beside the
// committer's: they stand at the end of a section.
type tracer struct {
	mu     sync.Mutex // guards all of it
	out    strings.Builder
	maker  strings.Builder
	making string // the temporary name of the file that is being made
}

func (t *tracer) mark(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out.WriteString(t.maker.String())
	t.maker.Reset()
	t.out.WriteString("# " + line + "\n")
}

func (t *tracer) note(op vfs.Op) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := op.String() + "\n"
	temp := func(path string) bool {
		return strings.Contains(path, "/journal/") && strings.HasSuffix(path, tempSuffix) && !strings.HasSuffix(path, "01.tmp")
	}
	switch {
	case temp(op.Path) && op.Kind == "remove" || temp(op.To):
		t.making = op.Path
		if op.Kind == "rename" {
			t.making = op.To
		}
		t.maker.WriteString("(journal maker)\n" + line)
	case op.Path == t.making && op.Kind == "rename":
		t.making = ""
		t.maker.WriteString(line)
	case op.Path == t.making || op.Kind == "sync-dir" && t.maker.Len() > 0 && strings.HasSuffix(op.Path, "/journal"):
		t.maker.WriteString(line)
	default:
		t.out.WriteString(line)
	}
}

func trace(t *testing.T, script func(w *world, mark func(string))) string {
	var tr tracer
	tr.mark("open")
	mem := vfs.NewCrashable()
	w, err := runWorkload(func(w *world) { script(w, tr.mark) }, mem, func(_ *world, op vfs.Op) error {
		if op.Mutates() {
			tr.note(op)
		}
		return nil
	}, Fsync)
	if err == nil {
		err = w.e.Close()
	}
	tr.mark("end")
	if err == nil {
		_, err = reopen(mem.Crash(rand.New(rand.NewPCG(1, 1)), vfs.Lost), w.o, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tr.out.String()
}

// waitMade waits until the maker has nothing to do.
func (m *journalMaker) waitMade() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.wanted && m.next == nil && m.err == nil {
		m.cond.Wait()
	}
}
