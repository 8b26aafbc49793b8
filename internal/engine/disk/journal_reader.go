package disk

import (
	"fmt"

	"millrace/internal/vfs"
)

// journalReader reads the frames of one journal file through a window.
type journalReader struct {
	header journalHeader
	path   string
	file   vfs.File
	size   int64
	seed   uint32
	first  frame // the first frame; size 0 where there is none

	window []byte
	start  int64 // of window in the file
}

const windowBytes = mib

// openJournal opens a file and checks its header, which was durable before
// the file had its name: a bad one is damage.
func openJournal(opts Options, number uint64) (*journalReader, error) {
	path := opts.journalPath(number)
	f, err := opts.FS.Open(path)
	if err != nil {
		return nil, err
	}
	r := &journalReader{path: path, file: f}
	if r.size, err = f.Size(); err == nil {
		err = r.readHeader(number)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r.seed = r.header.seed()
	r.first, _ = r.frame(journalHeaderBytes, 0, false)
	return r, nil
}

func (r *journalReader) readHeader(number uint64) (err error) {
	b := make([]byte, journalHeaderBytes)
	if err := readFull(r.file, b, 0); err != nil {
		return corrupt(r.path, 0, "journal header: %v", err)
	}
	if r.header, err = parseJournalHeader(b); err != nil {
		return corrupt(r.path, 0, "%v", err)
	}
	if r.header.number != number {
		return corrupt(r.path, 8, "this is journal file %d under the name of %d", r.header.number, number)
	}
	return nil
}

// peek returns n bytes at off, fewer at the end of the file. They are valid
// until the next call.
func (r *journalReader) peek(off int64, n int) []byte {
	n = int(min(int64(n), max(0, r.size-off)))
	if off < r.start || off+int64(n) > r.start+int64(len(r.window)) {
		want := int(min(int64(max(n, windowBytes)), r.size-off))
		if cap(r.window) < want {
			r.window = make([]byte, want)
		}
		r.window = r.window[:want]
		got, _ := r.file.ReadAt(r.window, off)
		r.window, r.start = r.window[:got], off
	}
	from := int(off - r.start)
	return r.window[min(from, len(r.window)):min(from+n, len(r.window))]
}

// frame decodes the frame at off, if there is a whole one; with exact it must
// stand at that lsn. The payload is a copy.
func (r *journalReader) frame(off int64, at lsn, exact bool) (frame, bool) {
	head := r.peek(off, frameHeaderBytes)
	size, ok := frameLength(head)
	if !ok || int64(size) > r.size-off || exact && lsn(le.Uint64(head[16:])) != at {
		return frame{}, false
	}
	b := make([]byte, size)
	copy(b, r.peek(off, size))
	return parseFrame(b, r.seed)
}

// vouches looks for a frame from off on that says that the byte at p had been
// synced when it was written.
func (r *journalReader) vouches(off int64, p lsn) (where int64, found bool) {
	for off = (off + 7) &^ 7; off+frameHeaderBytes <= r.size; {
		b := r.peek(off, windowBytes)
		if len(b) < frameHeaderBytes {
			return 0, false
		}
		i := 0
		for ; i+frameHeaderBytes <= len(b); i += 8 {
			at, durable := lsn(le.Uint64(b[i+16:])), lsn(le.Uint64(b[i+24:]))
			if at < p || durable <= p || durable > at {
				continue
			}
			if _, ok := r.frame(off+int64(i), at, true); ok {
				return off + int64(i), true
			}
			b = r.peek(off, windowBytes)
		}
		off += int64(i)
	}
	return 0, false
}

func (r *journalReader) close() {
	r.file.Close()
	r.window = nil
}

// link is a journal file's part in the log: the frames from off on, up to
// where a later file takes over.
type link struct {
	*journalReader
	off int64
	at  lsn
	end lsn // openEnd: as far as there are frames
}

const openEnd = ^lsn(0)

// chain says which part of the log each file has, replay starting at lsn at,
// which is at off in the first file. A file written by a recovery may repeat
// the end of an older one, which then no longer counts.
func chain(files []*journalReader, at lsn, off int64) []link {
	var out []link
	cut := openEnd
	for i := len(files) - 1; i >= 0; i-- {
		l := link{journalReader: files[i], off: journalHeaderBytes, at: files[i].first.at, end: cut}
		if i == 0 {
			l.off, l.at = off, at
		} else if files[i].first.size == 0 {
			continue // made ahead and not used yet, or torn
		}
		if l.at < cut {
			out = append([]link{l}, out...)
			cut = l.at
		}
	}
	return out
}

// tornOrDamaged judges a place where a frame should be and none verifies: nil
// where nothing later was written with the knowledge that it was durable.
func tornOrDamaged(files []*journalReader, at link, off int64, p lsn) error {
	for _, f := range files {
		from := int64(journalHeaderBytes)
		switch {
		case f.header.number < at.header.number:
			continue
		case f == at.journalReader:
			from = off
		}
		if where, found := f.vouches(from, p); found {
			return fmt.Errorf("%w; the frame in %s at offset %d says that it had been synced",
				corrupt(at.path, off, "no valid frame"), f.path, where)
		}
	}
	return nil
}
