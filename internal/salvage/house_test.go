package salvage

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/clock"
	"millrace/internal/engine/disk"
	"millrace/internal/hashkey"
	"millrace/internal/streams"
	"millrace/internal/vfs"
)

var epoch = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// house is the streams over the real engine.
type house struct {
	testing.TB
	*streams.Service
	engine *disk.Engine
	clock  *clock.Manual
	n      int
}

// small options make files turn over after a few records.
func small(fs vfs.FS, dir string) disk.Options {
	return disk.Options{
		FS: fs, Dir: dir, Clock: clock.NewManual(epoch), JournalBytes: 32 << 10, FlushBytes: 1 << 30, ReplayBytes: 1 << 30,
		SegmentBytes: 24 << 10, BlockBytes: 2 << 10, BallastBytes: -1, Spares: 1,
	}
}

func openHouse(t testing.TB, o disk.Options) *house {
	t.Helper()
	e, err := disk.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{TB: t, engine: e, clock: o.Clock.(*clock.Manual)}
	if h.Service, err = streams.Open(t.Context(), streams.Config{Engine: e, Clock: h.clock}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) close() {
	h.Helper()
	h.ok(h.Service.Close())
	h.ok(h.engine.Close())
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func named(stream string) catalog.Name {
	return catalog.Name{Account: "000000000000", Region: "us-east-1", Stream: stream}
}

func (h *house) create(stream string, shards int) {
	h.Helper()
	h.ok(h.Create(h.Context(), streams.CreateSpec{Name: named(stream), Mode: catalog.Provisioned, ShardCount: shards, Tags: map[string]string{"of": stream}}))
}

// put writes n records of a size with keys all over the stream.
func (h *house) put(stream string, n, size int) {
	h.Helper()
	st, err := h.Lookup(named(stream))
	h.ok(err)
	for range n {
		h.n++
		key := fmt.Sprint("key-", h.n)
		puts := []streams.Put{{Hash: hashkey.Of(key), PartitionKey: key, Data: fmt.Appendf(nil, "%s %d %*d", stream, h.n, size, h.n)}}
		streams.Route(st, puts)
		h.ok(h.Append(h.Context(), st, puts))
		h.ok(puts[0].Err)
		h.clock.Advance(time.Second / 4)
	}
}

// contents reads everything: data by sequence number, by stream and shard.
func (h *house) contents() map[string]map[string]string {
	h.Helper()
	out := map[string]map[string]string{}
	list, _ := h.List("000000000000", "us-east-1", "", 100)
	for _, st := range list {
		for _, sh := range st.Shards {
			out[st.Name.Stream+" "+streams.ShardID(sh.Number)] = h.drain(st, sh.Number)
		}
	}
	return out
}

func (h *house) drain(st *catalog.Stream, shard uint32) map[string]string {
	h.Helper()
	out := map[string]string{}
	it, err := h.Open(h.Context(), st, shard, streams.Start{Type: streams.TrimHorizon})
	h.ok(err)
	for {
		p, err := h.Read(h.Context(), it, 1000, 1<<20)
		h.ok(err)
		for _, r := range p.Records {
			out[r.Sequence.String()] = string(r.PartitionKey) + "=" + string(r.Data)
		}
		if p.Next == nil || p.MillisBehindLatest == 0 {
			return out
		}
		it = *p.Next
	}
}

// store is a directory with every kind of file in it, closed in order, and
// what a reader finds in it.
type store struct {
	mem  *vfs.Mem
	want map[string]map[string]string
}

// newStore has an old checkpoint's records in segments, newer ones in the
// journal, a split shard, a deleted stream.
func newStore(t testing.TB) *store {
	t.Helper()
	mem := vfs.NewCrashable()
	h := openHouse(t, small(mem, "data"))
	h.create("orders", 2)
	h.create("gone", 1)
	h.create("other", 1)
	h.ok(h.SetRetention(t.Context(), named("orders"), 48, true))
	for range 3 {
		h.put("orders", 40, 300)
		h.put("gone", 5, 100)
		h.put("other", 10, 200)
		h.ok(h.engine.Flush(t.Context()))
	}
	h.ok(h.Delete(t.Context(), named("gone")))
	h.put("orders", 20, 300)
	h.ok(h.Split(t.Context(), named("orders"), 0, hashkey.Key{Hi: 1 << 62}, 0))
	h.put("orders", 30, 300)
	h.ok(h.engine.Flush(t.Context()))
	h.ok(h.Tag(t.Context(), named("orders"), map[string]string{"late": "yes"}, 50))
	h.put("orders", 60, 300)
	h.put("other", 30, 200)
	s := &store{mem: mem, want: h.contents()}
	h.close()
	return s
}

// image is a copy of the store to spoil.
func (s *store) image() *vfs.Mem { return clone(s.mem) }

func clone(mem *vfs.Mem) *vfs.Mem { return mem.Crash(rand.New(rand.NewPCG(1, 1)), vfs.Kept) }

// tree is every file under a folder with its content's hash.
func tree(t testing.TB, fs vfs.FS, dir string) map[string][32]byte {
	t.Helper()
	out := map[string][32]byte{}
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if name == "LOCK" {
			continue // has no content
		}
		if b, err := content(fs, path); err == nil {
			out[path] = sha256.Sum256(b)
		} else {
			maps.Copy(out, tree(t, fs, path))
		}
	}
	return out
}

func content(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	if size > 0 {
		_, err = f.ReadAt(b, 0)
	}
	return b, err
}

// files are those with an extension, in order.
func (s *store) files(t testing.TB, ext string) []string {
	t.Helper()
	var out []string
	for path := range tree(t, s.mem, "data") {
		if filepath.Ext(path) == ext {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// segments are the segment files of a stream.
func (s *store) segments(t testing.TB, stream string) []string {
	t.Helper()
	h := openHouse(t, small(s.image(), "data"))
	defer h.close()
	st, err := h.Lookup(named(stream))
	h.ok(err)
	return slices.DeleteFunc(s.files(t, ".seg"), func(path string) bool { return !strings.Contains(path, st.UID.String()) })
}

// journals are the journal files with frames in them, not those made ahead.
func (s *store) journals(t testing.TB) []string {
	t.Helper()
	return slices.DeleteFunc(s.files(t, ".j"), func(path string) bool {
		b, err := content(s.mem, path)
		return err != nil || len(bytes.Trim(b[4096:], "\x00")) == 0
	})
}
