package disk

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"millrace/internal/clock"
	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// inspect looks at a directory and closes the survey.
func inspect(t testing.TB, mem *vfs.Mem) *Survey {
	t.Helper()
	s, err := Inspect(t.Context(), crashOptions(mem, clock.NewManual(epoch)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDoctorAfterACrash: what a power loss leaves is sound, wherever it cuts,
// and the doctor finds every acknowledged record that recovery finds.
func TestDoctorAfterACrash(t *testing.T) {
	for _, wl := range workloads {
		t.Run(wl.name, func(t *testing.T) {
			t.Parallel()
			for i, s := range collectStates(t, wl.run) {
				if testing.Short() && i%5 != 0 || !IsDataDirectory(crashOptions(s.fs, nil)) || !hasFile(s.fs, "data/"+formatName) {
					continue
				}
				survey := inspect(t, s.fs)
				if !survey.Sound() {
					t.Fatalf("%s: %+v", s.where, survey.Damage)
				}
				for ref, want := range s.o.shards {
					if missing := notFound(survey, ref, want); missing != nil {
						t.Fatalf("%s: %s at %d is not found", s.where, ref, missing.Position)
					}
				}
			}
		})
	}
}

// notFound is an acknowledged record that the survey does not have.
func notFound(s *Survey, ref engine.ShardRef, want *shardOracle) *engine.Record {
	if want.mayDrop || want.dropped {
		return nil
	}
	have := map[engine.Position]bool{}
	for _, sh := range s.Shards {
		if sh.Ref != ref {
			continue
		}
		for i := range sh.pieces {
			runs, err := s.load(&sh.pieces[i])
			if err != nil {
				continue
			}
			for _, r := range runs {
				for p := r.first; p < r.end(); p++ {
					have[p] = true
				}
			}
		}
	}
	for i := range want.acked {
		if r := &want.acked[i]; !have[r.Position] && r.Arrival >= want.trim {
			return r
		}
	}
	return nil
}

// TestDoctorAgreesWithTheEngine flips bits of every byte of every file: what
// keeps the engine from starting or from serving a record is damage to the
// doctor as well, in the same file.
func TestDoctorAgreesWithTheEngine(t *testing.T) {
	mem, o := smallStore(t, true)
	agreed := 0
	for path, size := range files(t, mem, "data") {
		if path == "data/"+ballastName || path == "data/"+lockName {
			continue
		}
		step, start := int64(7), int64(0)
		if testing.Short() {
			step = 67
		}
		if strings.HasSuffix(path, journalExt) {
			start, size = framesBehindCheckpoint(t, mem, path)
		}
		for off := start; off < size; off += step {
			e, image, err := damage(mem, path, func(f vfs.File) { flip(f, off, byte(1)<<(off%8)) })
			if err == nil {
				_, err = o.check(e)
				kill(e)
				image = damageOnly(t, mem, path, off)
			}
			survey, ierr := Inspect(t.Context(), crashOptions(image, clock.NewManual(epoch)), nil)
			if ierr != nil {
				if err == nil || !strings.Contains(ierr.Error(), "version") {
					t.Fatalf("%s, byte %d: the engine says %v, the doctor does not look: %v", path, off, err, ierr)
				}
				continue
			}
			survey.Close()
			if err != nil && survey.Sound() {
				t.Fatalf("%s, byte %d: the engine says %v, the doctor nothing", path, off, err)
			}
			if errors.Is(err, engine.ErrCorrupt) {
				agreed++
				if !namesFile(survey, path) {
					t.Fatalf("%s, byte %d: the doctor names %+v", path, off, survey.Damage)
				}
			}
		}
	}
	if agreed < 50 {
		t.Errorf("only %d flips were noticed", agreed)
	}
}

// damageOnly is damage without an engine that opens it.
func damageOnly(t testing.TB, mem *vfs.Mem, path string, off int64) *vfs.Mem {
	t.Helper()
	image := crashed(mem)
	f, err := image.OpenReadWrite(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	flip(f, off, byte(1)<<(off%8))
	return image
}

// crashed is a copy of a file system.
func crashed(mem *vfs.Mem) *vfs.Mem { return mem.Crash(rand.New(rand.NewPCG(1, 1)), vfs.Kept) }

func namesFile(s *Survey, path string) bool {
	for _, d := range s.Damage {
		if d.File == path && !d.Harmless {
			return true
		}
	}
	return false
}

// FuzzInspect puts any bytes in the place of a file: the doctor looks at them
// without falling over, and what it saves of them can be opened.
func FuzzInspect(f *testing.F) {
	mem, _ := smallStore(&testing.T{}, true)
	var paths []string
	for path := range files(&testing.T{}, mem, "data") {
		if path != "data/"+lockName {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for i, path := range paths {
		if b, err := readFile(mem, path); err == nil {
			f.Add(byte(i), uint16(0), b[:min(len(b), 4<<10)])
			f.Add(byte(i), uint16(4096), []byte{1, 2, 3})
		}
	}
	f.Fuzz(func(t *testing.T, which byte, off uint16, b []byte) {
		image := crashed(mem)
		file, err := image.OpenReadWrite(paths[int(which)%len(paths)])
		if err != nil {
			t.Skip()
		}
		file.WriteAt(b, int64(off))
		file.Close()
		s, err := Inspect(t.Context(), crashOptions(image, clock.NewManual(epoch)), nil)
		if err != nil {
			return // another version
		}
		defer s.Close()
		to := crashOptions(vfs.NewMem(), clock.NewManual(epoch))
		plan := Plan{}
		for _, sh := range s.Shards {
			plan.Shards = append(plan.Shards, ShardPlan{Ref: sh.Ref, Found: sh, Sealed: sh.Sealed, End: sh.Next})
		}
		if _, err := s.Rebuild(t.Context(), to, plan, nil); err != nil {
			t.Fatal(err)
		}
		e, err := Open(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
