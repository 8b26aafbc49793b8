package disk

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"millrace/internal/engine"
	"millrace/internal/vfs"
)

// benchmark has writers append runs of records of 1 KiB, each waiting for its
// own, to as many shards.
func benchmark(b *testing.B, opts Options, writers, perRun int) {
	e, err := Open(b.Context(), opts)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	var refs []engine.ShardRef
	for i := range writers {
		refs = append(refs, at(1, uint32(i)))
	}
	if err := e.CreateShard(b.Context(), refs...); err != nil {
		b.Fatal(err)
	}
	data := make([]byte, 1024)
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, r := range refs {
		wg.Go(func() {
			runs := []engine.Run{{Shard: r, Records: make([]engine.Record, perRun)}}
			for i := range runs[0].Records {
				runs[0].Records[i] = engine.Record{Key: []byte("partition key"), Data: data}
			}
			for left.Add(-int64(perRun)) > -int64(perRun) {
				if err := e.Append(b.Context(), runs); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	s := e.Stats()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(b.N)/float64(max(s.Groups, 1)), "records/group")
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name            string
		writers, perRun int
	}{{"single", 1, 1}, {"256 writers", 256, 1}, {"8 writers of 500", 8, 500}} {
		b.Run("disk/"+c.name, func(b *testing.B) {
			benchmark(b, Options{Dir: filepath.Join(b.TempDir(), "data")}, c.writers, c.perRun)
		})
		b.Run("memory/"+c.name, func(b *testing.B) {
			benchmark(b, Options{FS: vfs.NewMem(), Dir: "data", JournalBytes: 4 * mib}, c.writers, c.perRun)
		})
	}
}

func BenchmarkRead(b *testing.B) {
	e, err := Open(b.Context(), Options{FS: vfs.NewMem(), Dir: "data"})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	r := at(1, 0)
	if err := e.CreateShard(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	recs := make([]engine.Record, 10000)
	for i := range recs {
		recs[i] = engine.Record{Key: []byte("key"), Data: make([]byte, 1000)}
	}
	if err := e.Append(b.Context(), []engine.Run{{Shard: r, Records: recs}}); err != nil {
		b.Fatal(err)
	}
	for _, where := range []string{"tail", "segment"} {
		for _, n := range []int{1, 1000} {
			b.Run(fmt.Sprint(where, "/", n), func(b *testing.B) {
				b.ReportAllocs()
				var into []engine.Record
				for i := 0; b.Loop(); i++ {
					from := engine.Position(1 + i*n%9000)
					batch, err := e.Read(b.Context(), r, from, engine.Limits{MaxRecords: n, MaxBytes: 10 * mib}, into[:0])
					if err != nil || len(batch.Records) != n {
						b.Fatal(err)
					}
					into = batch.Records
				}
			})
		}
		if err := e.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
