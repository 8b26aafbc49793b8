package disk

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"millrace/internal/engine"
)

// TestLarge writes MILLRACE_LARGE MiB (default 96) through settings for a
// fraction of that, reopens, and reads all of it back.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("writes to the disk")
	}
	total := 96
	if v, err := strconv.Atoi(os.Getenv("MILLRACE_LARGE")); err == nil {
		total = v
	}
	opts := Options{Dir: filepath.Join(t.TempDir(), "data"), JournalBytes: 8 * mib, FlushBytes: 4 * mib, SegmentBytes: 16 * mib, CacheBytes: mib}
	if total > 1000 {
		opts = Options{Dir: opts.Dir}
	}
	e := mustOpen(t, opts)
	const shards, perRun, size = 16, 250, 1024
	var refs []engine.ShardRef
	for i := range shards {
		refs = append(refs, at(byte(i%4), uint32(i)))
	}
	if err := e.CreateShard(t.Context(), refs...); err != nil {
		t.Fatal(err)
	}
	rounds := total * mib / (shards * perRun * size)
	start, most := time.Now(), int64(0)
	errs := make(chan error)
	for s, r := range refs {
		go func() {
			runs := []engine.Run{{Shard: r, Records: make([]engine.Record, perRun)}}
			data := make([]byte, perRun*size)
			for round := range rounds {
				for i := range runs[0].Records {
					d := data[i*size : (i+1)*size]
					binary.LittleEndian.PutUint64(d, uint64(s)<<32|uint64(round*perRun+i))
					runs[0].Records[i] = engine.Record{Data: d}
				}
				runs[0].Arrival = time.Now().UnixMilli()
				if err := e.Append(t.Context(), runs); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range refs {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
		most = max(most, e.Stats().TailBytes)
	}
	t.Logf("%d MiB written in %v, tail at most %d MiB, RSS %d MiB, %+v", total, time.Since(start), most/mib, rss(), e.Stats())
	if limit := 2*e.opts.FlushBytes + e.opts.QueueBytes; most > limit {
		t.Errorf("the tail grew to %d bytes, the bound is %d", most, limit)
	}
	start = time.Now()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	closed := time.Since(start)
	start = time.Now()
	e = mustOpen(t, opts)
	t.Logf("closed in %v, opened in %v", closed, time.Since(start))
	start = time.Now()
	var into []engine.Record
	for s, r := range refs {
		n, from := 0, engine.Position(0)
		for {
			b, err := e.Read(t.Context(), r, from, engine.Limits{MaxRecords: 10000, MaxBytes: 10 * mib}, into[:0])
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range b.Records {
				if got := binary.LittleEndian.Uint64(rec.Data); got != uint64(s)<<32|uint64(n) {
					t.Fatalf("shard %d: record %d is %x", s, n, got)
				}
				n++
			}
			into, from = b.Records, b.Next
			if b.AtTip {
				break
			}
		}
		if n != rounds*perRun {
			t.Fatalf("shard %d: %d records of %d", s, n, rounds*perRun)
		}
	}
	runtime.KeepAlive(into)
	t.Logf("read in %v, RSS %d MiB", time.Since(start), rss())
}

// rss is the resident memory of the process in MiB, 0 where it is not known.
func rss() int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int
	for i, field := 0, 0; i < len(b) && field < 2; i++ {
		if b[i] == ' ' {
			field++
		} else if v := int(b[i] - '0'); field == 0 {
			size = size*10 + v
		} else {
			resident = resident*10 + v
		}
	}
	return resident * os.Getpagesize() / mib
}
