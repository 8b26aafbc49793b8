package vfs

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// systems are the file systems that must behave alike.
func systems(t *testing.T) map[string]struct {
	fs  FS
	dir string
} {
	mem, crashable := NewMem(), NewCrashable()
	for _, m := range []*Mem{mem, crashable} {
		if err := m.MkdirAll("dir"); err != nil {
			t.Fatal(err)
		}
	}
	type system = struct {
		fs  FS
		dir string
	}
	return map[string]system{
		"os": {OS{}, t.TempDir()}, "memory": {mem, "dir"}, "crashable": {crashable, "dir"},
		"hooked": {WithHook(NewMem(), func(Op) error { return nil }), "."},
	}
}

func write(t *testing.T, f File, off int64, s string) {
	t.Helper()
	if n, err := f.WriteAt([]byte(s), off); err != nil || n != len(s) {
		t.Fatalf("WriteAt: %d, %v", n, err)
	}
}

func content(t *testing.T, fs FS, name string) string {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		return "missing"
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n != len(b) || err != nil && err != io.EOF {
		t.Fatalf("ReadAt: %d, %v", n, err)
	}
	return string(b)
}

func create(t *testing.T, fs FS, name, s string) File {
	t.Helper()
	f, err := fs.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, 0, s)
	return f
}

func TestFiles(t *testing.T) {
	for name, s := range systems(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(s.dir, "a")
			f := create(t, s.fs, path, "hello")
			write(t, f, 8, "there")
			if got := content(t, s.fs, path); got != "hello\x00\x00\x00there" {
				t.Errorf("content %q", got)
			}
			b := make([]byte, 4)
			if n, err := f.ReadAt(b, 11); n != 2 || err != io.EOF {
				t.Errorf("read over the end: %d, %v", n, err)
			}
			if n, err := f.ReadAt(b, 100); n != 0 || err != io.EOF {
				t.Errorf("read behind the end: %d, %v", n, err)
			}
			if err := errors.Join(f.Truncate(3), f.Preallocate(6), f.Preallocate(2), f.Sync()); err != nil {
				t.Fatal(err)
			}
			if got := content(t, s.fs, path); got != "hel\x00\x00\x00" {
				t.Errorf("content after truncate %q", got)
			}
			if _, err := s.fs.Create(path); !errors.Is(err, fs.ErrExist) {
				t.Errorf("creating again: %v", err)
			}
			read, err := s.fs.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := read.WriteAt(b, 0); err == nil {
				t.Error("writing to a file that was opened for reading")
			}
			if err := s.fs.Remove(path); err != nil {
				t.Fatal(err)
			}
			if n, err := read.ReadAt(b[:3], 0); n != 3 || err != nil && err != io.EOF || string(b[:3]) != "hel" {
				t.Errorf("a removed file that is open: %q, %v", b[:n], err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for name, s := range systems(t) {
		t.Run(name, func(t *testing.T) {
			sub := filepath.Join(s.dir, "x", "y")
			if err := errors.Join(s.fs.MkdirAll(sub), s.fs.MkdirAll(sub)); err != nil {
				t.Fatal(err)
			}
			a, b := filepath.Join(sub, "a"), filepath.Join(sub, "b")
			create(t, s.fs, a, "a")
			create(t, s.fs, b, "b")
			if err := errors.Join(s.fs.Rename(a, b), s.fs.SyncDir(sub)); err != nil {
				t.Fatal(err)
			}
			names, err := s.fs.List(sub)
			if err != nil || !slices.Equal(names, []string{"b"}) || content(t, s.fs, b) != "a" {
				t.Errorf("after rename: %q, %v", names, err)
			}
			if err := s.fs.Remove(sub); err == nil {
				t.Error("a folder with a file in it was removed")
			}
			for what, err := range map[string]error{
				"open":   second(s.fs.Open(a)),
				"list":   second(s.fs.List(filepath.Join(s.dir, "none"))),
				"remove": s.fs.Remove(a),
				"rename": s.fs.Rename(a, b),
				"create": second(s.fs.Create(filepath.Join(s.dir, "none", "a"))),
			} {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s of what is missing: %v", what, err)
				}
			}
			lock, err := s.fs.Lock(filepath.Join(sub, "LOCK"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.fs.Lock(filepath.Join(sub, "LOCK")); !errors.Is(err, ErrLocked) {
				t.Errorf("second lock: %v", err)
			}
			lock.Close()
			if lock, err = s.fs.Lock(filepath.Join(sub, "LOCK")); err != nil {
				t.Errorf("lock after it was released: %v", err)
			} else {
				lock.Close()
			}
			if free, err := s.fs.FreeSpace(sub); free <= 0 || err != nil {
				t.Errorf("free space %d, %v", free, err)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// TestCrash says what each fate may leave of unsynced changes.
func TestCrash(t *testing.T) {
	old, new := "old old old", "new and longer"
	build := func() *Mem {
		m := NewCrashable()
		f := create(t, m, "f", old)
		if err := errors.Join(f.Sync(), m.SyncDir(".")); err != nil {
			t.Fatal(err)
		}
		write(t, f, 0, new)
		create(t, m, "unsynced", "x")
		g := create(t, m, "synced file, unsynced name", "x")
		if err := g.Sync(); err != nil {
			t.Fatal(err)
		}
		return m
	}
	see := func(fate Fate) map[string]int {
		seen := map[string]int{}
		m := build()
		rnd := rand.New(rand.NewPCG(1, 1))
		for range 200 {
			after := m.Crash(rnd, fate)
			seen[content(t, after, "f")]++
			seen["unsynced: "+content(t, after, "unsynced")]++
			seen["name: "+content(t, after, "synced file, unsynced name")]++
		}
		return seen
	}
	lost, kept, mixed := see(Lost), see(Kept), see(Mixed)
	if lost[old] != 200 || lost["unsynced: missing"] != 200 || lost["name: missing"] != 200 {
		t.Errorf("lost: %v", lost)
	}
	if kept[new] != 200 || kept["unsynced: x"] != 200 || kept["name: x"] != 200 {
		t.Errorf("kept: %v", kept)
	}
	for _, want := range []string{
		old, new, "old old old\x00\x00\x00", new[:len(old)], // content and size go their own ways
		"unsynced: x", "unsynced: missing", "unsynced: ", "unsynced: \x00", "name: x", "name: missing",
	} {
		if mixed[want] == 0 {
			t.Errorf("mixed never gives %q: %v", want, mixed)
		}
	}
}

// TestFailedSyncIsNotRetried: after a failed sync a later success proves nothing.
func TestFailedSyncIsNotRetried(t *testing.T) {
	m := NewCrashable()
	fault := &Fault{Match: func(op Op) bool { return op.Kind == "sync" }, Nth: 1, Err: syscall.EIO}
	f := create(t, WithHook(m, fault.Hook), "f", "data")
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), m.SyncDir(".")); err != nil {
		t.Fatal(err)
	}
	after := m.Crash(rand.New(rand.NewPCG(1, 1)), Lost)
	if got := content(t, after, "f"); got != "\x00\x00\x00\x00" {
		t.Errorf("after the crash the file holds %q", got)
	}
	write(t, f, 0, "DATA")
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := content(t, m.Crash(rand.New(rand.NewPCG(1, 1)), Lost), "f"); got != "DATA" {
		t.Errorf("written anew and synced, the file holds %q", got)
	}
}

func TestFault(t *testing.T) {
	m := NewMem()
	fault := &Fault{Nth: 3, Err: ErrNoSpace, Short: true}
	hooked := WithHook(m, fault.Hook)
	f := create(t, hooked, "f", "12345678")
	if n, err := f.WriteAt([]byte("abcdefgh"), 0); n != 4 || !NoSpace(err) {
		t.Errorf("short write: %d, %v", n, err)
	}
	if got := content(t, m, "f"); got != "abcd5678" {
		t.Errorf("content %q", got)
	}
	write(t, f, 0, "after it")
	if fault.Fired() != 1 || fault.Seen() != 4 {
		t.Errorf("fired %d, seen %d", fault.Fired(), fault.Seen())
	}
}

func TestCapacity(t *testing.T) {
	m := NewMem()
	m.SetCapacity(1000)
	f := create(t, m, "f", "x")
	if err := f.Preallocate(900); err != nil {
		t.Fatal(err)
	}
	g := create(t, m, "g", "y")
	if err := g.Preallocate(200); !NoSpace(err) {
		t.Errorf("preallocating past the capacity: %v", err)
	}
	if _, err := g.WriteAt(make([]byte, 200), 0); !NoSpace(err) {
		t.Errorf("writing past the capacity: %v", err)
	}
	if err := m.Remove("f"); err != nil {
		t.Fatal(err)
	}
	if err := g.Preallocate(900); err != nil {
		t.Errorf("after space came back: %v", err)
	}
	if err := g.Truncate(10); err != nil {
		t.Fatal(err)
	}
	if free, _ := m.FreeSpace("."); free != 990 {
		t.Errorf("free space %d", free)
	}
}
