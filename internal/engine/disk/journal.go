package disk

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"sync"
	"time"

	"millrace/internal/vfs"
)

// journalHeader is what stands at the start of a journal file.
type journalHeader struct {
	number uint64
	salt   [16]byte
	// run is random per opening of the engine: files of one run belong together.
	run     [16]byte
	relaxed bool // Durability was not Fsync
}

func (h journalHeader) encode() []byte {
	b := make([]byte, journalHeaderBytes)
	copy(b, journalMagic)
	le.PutUint64(b[8:], h.number)
	copy(b[16:], h.salt[:])
	copy(b[32:], h.run[:])
	if h.relaxed {
		b[48] = 1
	}
	le.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	return b
}

func parseJournalHeader(b []byte) (h journalHeader, err error) {
	switch {
	case len(b) < 64 || string(b[:7]) != journalMagic[:7]:
		return h, errors.New("not a journal header")
	case le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli):
		return h, errors.New("header checksum does not match")
	case b[7] != journalMagic[7]:
		return h, fmt.Errorf("journal version %d is not known", b[7])
	}
	h.number = le.Uint64(b[8:])
	copy(h.salt[:], b[16:])
	copy(h.run[:], b[32:])
	h.relaxed = b[48] == 1
	return h, nil
}

// seed starts the checksum of every frame of the file, so that neither a
// frame of the file's earlier life nor one of another file ever verifies.
func (h journalHeader) seed() uint32 {
	return crc32.Checksum(le.AppendUint64(h.salt[:len(h.salt):len(h.salt)], h.number), castagnoli)
}

// journalFile is a journal file that is ready for frames.
type journalFile struct {
	number uint64
	file   vfs.File
	path   string
	size   int64
	seed   uint32
}

// journalMaker makes journal files ahead of need, out of old ones where there
// are any. Its goroutine owns the making; mu guards the rest.
type journalMaker struct {
	opts Options
	run  [16]byte
	wake chan struct{}

	mu     sync.Mutex
	cond   *sync.Cond
	next   *journalFile
	wanted bool
	err    error // why the last attempt failed
	number uint64
	spares []uint64 // old files that may be re-used, under their old numbers
	closed bool
}

func newJournalMaker(opts Options, run [16]byte, lastNumber uint64, spares []uint64) *journalMaker {
	m := &journalMaker{opts: opts, run: run, number: lastNumber, spares: spares, wake: make(chan struct{}, 1)}
	m.cond = sync.NewCond(&m.mu)
	return m
}

// prepare asks for the next file to be made in the background.
func (m *journalMaker) prepare() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next != nil || m.wanted || m.closed {
		return
	}
	m.wanted = true
	poke(m.wake)
}

// poke wakes whoever waits on a channel with room for one signal.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take returns the next file, waiting while it is being made, with at least
// need bytes for frames. Where there is no space for one it returns the error
// at once and goes on trying in the background.
func (m *journalMaker) take(need int64) (*journalFile, error) {
	m.prepare()
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.next == nil && m.err == nil {
		m.cond.Wait()
	}
	if m.next == nil {
		return nil, m.err
	}
	f := m.next
	if f.size < need+journalHeaderBytes {
		// A frame larger than the usual file. Sync makes the new size durable
		// together with the frame.
		if err := f.file.Preallocate(need + journalHeaderBytes); err != nil {
			return nil, err
		}
		f.size = need + journalHeaderBytes
	}
	m.next = nil
	return f, nil
}

// loop makes files until close; it is the maker's goroutine.
func (m *journalMaker) loop() {
	for range m.wake {
		m.mu.Lock()
		if m.closed {
			if m.next != nil {
				m.next.file.Close()
			}
			m.mu.Unlock()
			return
		}
		want := m.wanted && m.next == nil
		m.mu.Unlock()
		if want {
			m.make()
		}
	}
}

func (m *journalMaker) make() {
	m.mu.Lock()
	number, spare := m.number+1, uint64(0)
	if len(m.spares) > 0 {
		spare = m.spares[0]
		m.spares = m.spares[1:]
	}
	m.mu.Unlock()
	f, err := createJournal(m.opts, m.run, number, spare, nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
	if err == nil {
		m.number, m.next, m.wanted = number, f, false
	} else if noSpace(err) {
		m.opts.Clock.AfterFunc(retryEvery, func() { poke(m.wake) })
	}
	m.cond.Broadcast()
}

// recycle gives files back that lie behind a durable checkpoint; those beyond
// the bound are removed, and all where space is short.
func (m *journalMaker) recycle(numbers []uint64) {
	m.mu.Lock()
	var remove []uint64
	for _, n := range numbers {
		if len(m.spares) < m.opts.Spares {
			m.spares = append(m.spares, n)
		} else {
			remove = append(remove, n)
		}
	}
	m.mu.Unlock()
	for _, n := range remove {
		if err := m.opts.FS.Remove(m.opts.journalPath(n)); err != nil {
			m.opts.Log.Warn("cannot remove an old journal file", "file", m.opts.journalPath(n), "error", err)
		}
	}
	poke(m.wake)
}

// close stops the loop and drops what was made ahead.
func (m *journalMaker) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	poke(m.wake)
}

// createJournal makes a journal file and gives it its name when it is whole:
// header, first frames where there are any, and size. spare is the number of
// an old file to make it from, 0 for none.
func createJournal(opts Options, runID [16]byte, number, spare uint64, frames []savedFrame) (*journalFile, error) {
	temp := opts.path(journalDir, numbered(number, tempSuffix))
	file, err := openBlank(opts, temp, spare)
	if err != nil {
		return nil, err
	}
	j, err := fillJournal(opts, file, runID, number, frames)
	if err == nil {
		err = opts.FS.Rename(temp, j.path)
	}
	if err == nil {
		err = syncDir(opts.FS, opts.path(journalDir))
	}
	if err != nil {
		file.Close()
		opts.FS.Remove(temp)
		return nil, err
	}
	return j, nil
}

// openBlank opens the file that becomes a journal file, under its temporary name.
func openBlank(opts Options, temp string, spare uint64) (vfs.File, error) {
	if spare != 0 {
		if err := opts.FS.Rename(opts.journalPath(spare), temp); err == nil {
			// Without this a crash might leave the file under its old name
			// and the one to come, and the old one be used again.
			if err := syncDir(opts.FS, opts.path(journalDir)); err != nil {
				return nil, err
			}
			return opts.FS.OpenReadWrite(temp)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err := opts.FS.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return opts.FS.Create(temp)
}

// savedFrame is a frame that a journal file is born with. As the file gets its
// name only when all of it is synced, each of them vouches for those before it.
type savedFrame struct {
	kind    byte
	at      lsn
	payload []byte
}

func fillJournal(opts Options, file vfs.File, runID [16]byte, number uint64, frames []savedFrame) (*journalFile, error) {
	h := journalHeader{number: number, run: runID, relaxed: opts.Durability.relaxed}
	if _, err := io.ReadFull(opts.Rand, h.salt[:]); err != nil {
		return nil, fmt.Errorf("salt for a journal file: %w", err)
	}
	j := &journalFile{number: number, file: file, path: opts.journalPath(number), seed: h.seed()}
	have, err := file.Size()
	if err != nil {
		return nil, err
	}
	j.size = journalHeaderBytes
	for _, f := range frames {
		j.size += frameSize(int64(len(f.payload)))
	}
	j.size = max(opts.JournalBytes, j.size)
	switch {
	case have > j.size:
		err = file.Truncate(j.size)
	case have < j.size:
		err = file.Preallocate(j.size)
	}
	if err != nil {
		return nil, err
	}
	if _, err := file.WriteAt(h.encode(), 0); err != nil {
		return nil, err
	}
	off := int64(journalHeaderBytes)
	for _, f := range frames {
		b := append(newFrame(int64(len(f.payload))), f.payload...)
		b = finishFrame(b, j.seed, f.kind, f.at, f.at)
		if _, err := file.WriteAt(b, off); err != nil {
			return nil, err
		}
		off += int64(len(b))
	}
	return j, syncFile(file, j.path)
}

// minSyncTimer keeps an interval of a few nanoseconds from spinning.
const minSyncTimer = time.Millisecond
