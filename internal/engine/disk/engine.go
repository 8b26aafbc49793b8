package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"millrace/internal/engine"
)

// Engine is engine.Engine on one data directory. See Open.
type Engine struct {
	opts    Options
	lock    io.Closer
	node    [16]byte
	table   *table
	catalog *catalogLog
	queue   *queue
	maker   *journalMaker
	commit  *committer
	flusher *flusher
	cache   *blockCache
	files   *segmentFiles

	failed   atomic.Pointer[error]
	closing  chan struct{}  // closed by Close, for those in Wait
	workers  sync.WaitGroup // committer and flusher
	making   sync.WaitGroup // journal maker
	closeErr func() error

	mu       sync.Mutex // guards journals
	journals []uint64   // journal files behind the last checkpoint, the current one last
}

var _ engine.Engine = (*Engine)(nil)

// NodeID is random and belongs to the data directory.
func (e *Engine) NodeID() [16]byte { return e.node }

// fail stops all writing for good: see engine.ErrUnknownOutcome.
func (e *Engine) fail(cause error) {
	err := fmt.Errorf("%w: %w", engine.ErrUnknownOutcome, cause)
	if e.failed.CompareAndSwap(nil, &err) {
		e.opts.Log.Error("writing has stopped until the next start", "error", cause)
	}
	e.queue.shut(*e.failed.Load())
}

// failure is why writing has stopped, nil while it has not.
func (e *Engine) failure() error {
	if p := e.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// finished gives a request back if its error came from the committer, which is
// when nobody else has it any more.
func (e *Engine) finished(r *request, err error) error {
	if r.err != nil {
		r.release()
	}
	return err
}

func (e *Engine) addJournal(n uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.journals = append(e.journals, n)
}

func (e *Engine) journalCount() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.journals)
}

// recycleJournals gives up the files before the one where replay starts.
func (e *Engine) recycleJournals(first uint64) {
	e.mu.Lock()
	n := 0
	for n < len(e.journals) && e.journals[n] < first {
		n++
	}
	old := e.journals[:n:n]
	e.journals = cutFront(e.journals, n)
	e.mu.Unlock()
	if n > 0 {
		e.maker.recycle(old)
	}
}

// syncJournals makes everything durable that relaxed durability left to the
// system, in all files but the current one.
func (e *Engine) syncJournals(current uint64) error {
	e.mu.Lock()
	numbers := append([]uint64(nil), e.journals...)
	e.mu.Unlock()
	for _, n := range numbers {
		if n == current {
			continue
		}
		f, err := e.opts.FS.OpenReadWrite(e.opts.journalPath(n))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// CreateShard implements engine.Engine.
func (e *Engine) CreateShard(ctx context.Context, refs ...engine.ShardRef) error {
	return e.control(ctx, entryCreate, refs...)
}

// DropStream implements engine.Engine.
func (e *Engine) DropStream(ctx context.Context, stream engine.StreamUID) error {
	return e.control(ctx, entryDropStream, engine.ShardRef{Stream: stream})
}

// DropShard implements engine.Engine.
func (e *Engine) DropShard(ctx context.Context, ref engine.ShardRef) error {
	return e.control(ctx, entryDropShard, ref)
}

func (e *Engine) control(ctx context.Context, kind byte, refs ...engine.ShardRef) error {
	if len(refs) == 0 {
		return nil
	}
	r := e.queue.newRequest(kind)
	r.refs, r.bytes = refs, int64(len(refs)*shardEntryBytes)
	err := e.queue.do(ctx, r)
	if err != nil {
		return e.finished(r, err)
	}
	r.release()
	return nil
}

// Seal implements engine.Engine.
func (e *Engine) Seal(ctx context.Context, ref engine.ShardRef) (engine.Position, error) {
	r := e.queue.newRequest(entrySeal)
	r.refs, r.bytes = []engine.ShardRef{ref}, shardEntryBytes
	if err := e.queue.do(ctx, r); err != nil {
		return 0, e.finished(r, err)
	}
	end := r.end
	r.release()
	return end, nil
}

// Append implements engine.Engine.
func (e *Engine) Append(ctx context.Context, runs []engine.Run) error {
	r := e.queue.newRequest(entryAppend)
	r.runs = runs
	for i := range runs {
		r.bytes += appendEntryBytes
		r.cost += runOverhead
		for j := range runs[i].Records {
			n := int64(recordBytes(&runs[i].Records[j]))
			r.bytes += n
			r.cost += n
		}
	}
	if r.bytes > maxAppendBytes {
		size := r.bytes
		r.release()
		return fmt.Errorf("append of %d bytes, the most is %d", size, maxAppendBytes)
	}
	if err := e.queue.do(ctx, r); err != nil {
		return e.finished(r, err)
	}
	r.release()
	return nil
}

// Trim implements engine.Engine.
func (e *Engine) Trim(_ context.Context, ref engine.ShardRef, beforeArrival int64) error {
	sh, err := e.find(ref)
	if err != nil {
		return err
	}
	lost, died := sh.trimTo(beforeArrival)
	if lost > 0 {
		e.queue.shrink(lost)
	}
	if died {
		e.flusher.tidy()
	}
	return nil
}

// Catalog implements engine.Engine.
func (e *Engine) Catalog() engine.Log { return e.catalog }

// Close implements engine.Engine.
func (e *Engine) Close() error { return e.closeErr() }

func (e *Engine) close() error {
	e.queue.shut(fmt.Errorf("disk engine: %w", engine.ErrClosed))
	close(e.closing)
	e.flusher.close()
	e.workers.Wait()
	// Until here the committer may still need a next file.
	e.maker.close()
	e.making.Wait()
	err := e.commit.close()
	e.files.close()
	if lerr := e.lock.Close(); err == nil {
		err = lerr
	}
	return err
}
