package salvage

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"millrace/internal/engine/disk"
	"millrace/internal/streams"
	"millrace/internal/vfs"
)

func TestSoundStore(t *testing.T) {
	s := newStore(t)
	before := tree(t, s.mem, "data")
	report, err := Check(t.Context(), small(s.mem, "data"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Sound || len(report.Damage)+len(report.Lost) > 0 || report.Records == 0 {
		t.Fatalf("%+v", report)
	}
	if !maps.Equal(before, tree(t, s.mem, "data")) {
		t.Error("the check changed the directory")
	}
	r, got := salvaged(t, s.mem)
	if r.LostRecords != 0 || len(r.Recovered) != 0 {
		t.Errorf("%+v", r)
	}
	compare(t, s.want, got, r)
}

// salvaged salvages a directory, checks the promises that hold whatever is
// damaged, and reads what was saved.
func salvaged(t testing.TB, image *vfs.Mem) (*Result, map[string]map[string]string) {
	t.Helper()
	before := tree(t, image, "data")
	to := vfs.NewMem()
	r, err := Salvage(t.Context(), small(image, "data"), small(to, "saved"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(before, tree(t, image, "data")) {
		t.Error("the original was changed")
	}
	h := openHouse(t, small(to, "saved"))
	got := h.contents()
	// It goes on as a server would: new records get higher numbers.
	list, _ := h.List("000000000000", "us-east-1", "", 100)
	for _, st := range list {
		h.put(st.Name.Stream, 5, 10)
	}
	after := h.contents()
	for shard, records := range got {
		for n, data := range records {
			if after[shard][n] != data {
				t.Errorf("%s: record %s changed when new ones were put", shard, n)
			}
		}
	}
	h.close()
	report, err := Check(t.Context(), small(to, "saved"), nil)
	if err != nil || !report.Sound {
		t.Errorf("the saved directory after a run: %v, %+v", err, report)
	}
	return r, got
}

// compare holds what was saved against what there was: nothing else, under no
// other number, and what is missing is named among the losses.
func compare(t testing.TB, want, got map[string]map[string]string, r *Result) (missing int) {
	t.Helper()
	for shard, records := range got {
		for n, data := range records {
			if want[shard][n] != data {
				t.Errorf("%s: %.40q under %s, it was %.40q", shard, data, n, want[shard][n])
			}
		}
	}
	for shard, records := range want {
		for n := range records {
			if _, ok := got[shard][n]; ok {
				continue
			}
			missing++
			if !isNamed(r.Report.Lost, shard, n) {
				t.Errorf("%s: %s is missing and not listed as lost", shard, n)
			}
		}
	}
	if uint64(missing) > r.LostRecords && !r.Open || !r.AtMost && uint64(missing) != r.LostRecords {
		t.Errorf("%d records are missing, %d are said to be lost (at most: %v)", missing, r.LostRecords, r.AtMost)
	}
	return missing
}

// isNamed says whether a record is in one of the listed losses.
func isNamed(lost []Loss, shard, number string) bool {
	n, err := streams.ParseSequenceNumber(number)
	return err == nil && slices.ContainsFunc(lost, func(l Loss) bool {
		return l.Stream+" "+l.ShardId == shard && uint64(l.First) <= n.Counter() && (l.Open || n.Counter() <= uint64(l.Last))
	})
}

// spoil is a way to damage a file.
type spoil struct {
	name string
	do   func(t testing.TB, fs *vfs.Mem, path string)
}

func rewrite(change func(b []byte) []byte) func(testing.TB, *vfs.Mem, string) {
	return func(t testing.TB, fs *vfs.Mem, path string) {
		t.Helper()
		b, err := content(fs, path)
		if err != nil {
			t.Fatal(err)
		}
		b = change(b)
		f, err := fs.OpenReadWrite(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.Truncate(int64(len(b))); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(b, 0); err != nil && len(b) > 0 {
			t.Fatal(err)
		}
	}
}

func flipAt(where func(size int) int) func(testing.TB, *vfs.Mem, string) {
	return rewrite(func(b []byte) []byte { b[where(len(b))] ^= 4; return b })
}

var spoils = []spoil{
	{"flip at the start", flipAt(func(int) int { return 3 })},
	{"flip in the header", flipAt(func(size int) int { return min(20, size-1) })},
	{"flip early", flipAt(func(size int) int { return min(size/8, size-1) })},
	{"flip in the middle", flipAt(func(size int) int { return size / 2 })},
	{"flip in the last byte", flipAt(func(size int) int { return size - 1 })},
	{"cut in the middle", rewrite(func(b []byte) []byte { return b[:len(b)/2] })},
	{"cut to nothing", rewrite(func(b []byte) []byte { return nil })},
	{"zeroed", rewrite(func(b []byte) []byte { return make([]byte, len(b)) })},
	{"zeros in the middle", rewrite(func(b []byte) []byte { clear(b[len(b)/3 : len(b)/2]); return b })},
	{"missing", func(t testing.TB, fs *vfs.Mem, path string) {
		if err := fs.Remove(path); err != nil {
			t.Fatal(err)
		}
	}},
}

// TestEveryKindOfFileDamaged: a check names the file, and a salvage saves the
// rest under the same sequence numbers, from an original that it leaves alone.
func TestEveryKindOfFileDamaged(t *testing.T) {
	s := newStore(t)
	orders := s.segments(t, "orders")
	journals := s.journals(t)
	kinds := map[string][]string{
		"FORMAT":         {"data/FORMAT"},
		"first segment":  orders[:1],
		"last segment":   orders[len(orders)-1:],
		"last journal":   journals[len(journals)-1:],
		"middle journal": journals[len(journals)-2 : len(journals)-1],
		"checkpoint":     s.files(t, ".cat"),
	}
	for kind, paths := range kinds {
		for _, sp := range spoils {
			t.Run(kind+"/"+sp.name, func(t *testing.T) {
				image := s.image()
				path := paths[len(paths)-1]
				sp.do(t, image, path)
				report, err := Check(t.Context(), small(image, "data"), nil)
				if err != nil {
					t.Fatal(err)
				}
				named := slices.ContainsFunc(report.Damage, func(d Damage) bool { return d.File == path && !d.Harmless })
				opens := opens(image)
				switch {
				case report.Sound && !opens:
					t.Fatalf("the engine does not open what is called sound")
				case report.Sound && !strings.HasSuffix(kind, "journal"): // parts of a journal are of no more use
					t.Fatalf("no damage was found")
				case !report.Sound && !named && !strings.Contains(sp.name, "missing"):
					t.Errorf("the file is not named: %+v", report.Damage)
				}
				r, got := salvaged(t, image)
				if kind == "checkpoint" {
					compareRecovered(t, s.want, got, r)
					return
				}
				missing := compare(t, s.want, got, r)
				if kind == "FORMAT" && missing > 0 || missing > 160 {
					t.Errorf("%d records are lost", missing)
				}
				if report.Sound && missing > 0 && !r.Open {
					t.Errorf("%d records are lost from a sound directory", missing)
				}
				t.Logf("%d lost, %d saved, %d places", missing, r.Records, len(r.Report.Damage))
			})
		}
	}
}

// opens says whether a server would start.
func opens(image *vfs.Mem) bool {
	copied := clone(image)
	e, err := disk.Open(context.Background(), small(copied, "data"))
	if err != nil {
		return false
	}
	e.Close()
	return true
}

// compareRecovered: without the checkpoint the names may be gone. The records
// of a stream are all there, in order, under the same positions.
func compareRecovered(t testing.TB, want, got map[string]map[string]string, r *Result) {
	t.Helper()
	byData := map[string]string{}
	for _, records := range got {
		for n, data := range records {
			byData[data] = n
		}
	}
	for shard, records := range want {
		for n, data := range records {
			have, ok := byData[data]
			if !ok {
				t.Errorf("%s: %s is missing: %+v", shard, n, r.Report.Lost)
				return
			}
			a, _ := streams.ParseSequenceNumber(n)
			b, _ := streams.ParseSequenceNumber(have)
			if a.Counter() != b.Counter() || a.Shard() != b.Shard() {
				t.Errorf("%s: %s came back as %s", shard, n, have)
			}
		}
	}
}

func TestMetadataIsKept(t *testing.T) {
	s := newStore(t)
	image := s.image()
	spoils[3].do(t, image, s.segments(t, "orders")[0])
	to := vfs.NewMem()
	if _, err := Salvage(t.Context(), small(image, "data"), small(to, "saved"), nil); err != nil {
		t.Fatal(err)
	}
	old, saved := openHouse(t, small(s.image(), "data")), openHouse(t, small(to, "saved"))
	defer old.close()
	defer saved.close()
	for _, name := range []string{"orders", "other"} {
		a, err := old.Lookup(named(name))
		old.ok(err)
		b, err := saved.Lookup(named(name))
		saved.ok(err)
		if a.RetentionHours != b.RetentionHours || !maps.Equal(a.Tags, b.Tags) || len(a.Shards) != len(b.Shards) || a.UID != b.UID {
			t.Errorf("%s: %+v became %+v", name, a, b)
		}
		for i := range a.Shards {
			if *a.Shards[i] != *b.Shards[i] {
				t.Errorf("%s: shard %+v became %+v", name, a.Shards[i], b.Shards[i])
			}
		}
	}
	if _, err := saved.Lookup(named("gone")); err == nil {
		t.Error("a deleted stream came back")
	}
	if a, b := old.SealIterator(streams.Iterator{Name: named("orders"), IssuedMs: epoch.UnixMilli()}), saved; a != "" {
		if _, err := b.OpenIterator(a); err != nil {
			t.Errorf("an iterator of the original: %v", err)
		}
	}
}

// TestSwappedFiles: a file in the place of another is damage.
func TestSwappedFiles(t *testing.T) {
	s := newStore(t)
	orders := s.segments(t, "orders")
	image := s.image()
	a, _ := content(image, orders[0])
	b, _ := content(image, orders[1])
	rewrite(func([]byte) []byte { return b })(t, image, orders[0])
	rewrite(func([]byte) []byte { return a })(t, image, orders[1])
	report, err := Check(t.Context(), small(image, "data"), nil)
	if err != nil || report.Sound {
		t.Fatalf("%v, %+v", err, report)
	}
	r, got := salvaged(t, image)
	if missing := compare(t, s.want, got, r); missing == 0 {
		t.Error("nothing is missing")
	}
}

func TestRefusals(t *testing.T) {
	s := newStore(t)
	t.Run("server running", func(t *testing.T) {
		image := s.image()
		h := openHouse(t, small(image, "data"))
		defer h.close()
		if _, err := Check(t.Context(), small(image, "data"), nil); !errors.Is(err, ErrRunning) {
			t.Errorf("%v", err)
		}
	})
	t.Run("not empty", func(t *testing.T) {
		image := s.image()
		if _, err := Salvage(t.Context(), small(image, "data"), small(s.image(), "data/../saved"), nil); err != nil {
			t.Fatal(err)
		}
		other := newStore(t).mem
		if _, err := Salvage(t.Context(), small(other, "data"), small(image, "saved"), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := Salvage(t.Context(), small(other, "data"), small(image, "saved"), nil); !errors.Is(err, disk.ErrNotEmpty) {
			t.Errorf("%v", err)
		}
	})
	t.Run("inside the original", func(t *testing.T) {
		if _, err := Salvage(t.Context(), small(s.mem, "data"), small(s.mem, "data/saved"), nil); !errors.Is(err, ErrNotApart) {
			t.Errorf("%v", err)
		}
	})
	t.Run("no data directory", func(t *testing.T) {
		if _, err := Check(t.Context(), small(vfs.NewMem(), "nowhere"), nil); !errors.Is(err, disk.ErrNoDirectory) {
			t.Errorf("%v", err)
		}
	})
}

func TestRestore(t *testing.T) {
	s := newStore(t)
	to := vfs.NewMem()
	h := openHouse(t, small(s.image(), "data"))
	h.put("orders", 3, 10)
	want := h.contents()
	if _, err := h.engine.Backup(t.Context(), disk.BackupOptions{FS: to, Dir: "backup"}); err != nil {
		t.Fatal(err)
	}
	h.put("orders", 3, 10) // in no backup
	h.close()
	if _, err := Restore(t.Context(), small(to, "backup"), small(to, "data"), nil); err != nil {
		t.Fatal(err)
	}
	restored := openHouse(t, small(to, "data"))
	defer restored.close()
	if got := restored.contents(); !maps.EqualFunc(want, got, maps.Equal) {
		t.Error("the restored directory has something else")
	}
	spoils[3].do(t, to, "backup/snap/"+mustList(t, to, "backup/snap")[0])
	_, err := Restore(t.Context(), small(to, "backup"), small(to, "again"), nil)
	if _, ok := errors.AsType[*DamagedError](err); !ok {
		t.Errorf("a damaged backup: %v", err)
	}
	if names, _ := to.List("again"); len(names) > 0 {
		t.Errorf("a damaged backup was copied: %v", names)
	}
}

func mustList(t testing.TB, fs vfs.FS, dir string) []string {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil || len(names) == 0 {
		t.Fatal(dir, err)
	}
	return names
}

// TestRandomDamage damages two random places at a time: nothing that comes
// back is wrong, and nothing is missing that is not listed.
func TestRandomDamage(t *testing.T) {
	s := newStore(t)
	var paths []string
	for path := range tree(t, s.mem, "data") {
		if !strings.HasSuffix(path, ".cat") { // without it names are lost: see above
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	trials := 150
	if testing.Short() {
		trials = 40
	}
	r := rand.New(rand.NewPCG(7, 11))
	for i := range trials {
		image := s.image()
		var done []string
		for range 2 {
			path := paths[r.IntN(len(paths))]
			if b, err := content(image, path); err != nil || len(b) == 0 {
				continue
			}
			where, length := r.Float64(), r.IntN(3000)
			rewrite(func(b []byte) []byte {
				at := int(where * float64(len(b)))
				b[at] ^= 1 << r.IntN(8)
				if i%3 == 0 {
					clear(b[at:min(len(b), at+length)])
				}
				return b
			})(t, image, path)
			done = append(done, path)
		}
		result, got := salvaged(t, image)
		compare(t, s.want, got, result)
		if t.Failed() {
			t.Fatalf("trial %d: damaged %v, found %+v", i, done, result.Report.Damage)
		}
	}
}
