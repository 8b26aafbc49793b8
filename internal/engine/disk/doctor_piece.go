package disk

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"slices"

	"millrace/internal/engine"
)

// piece is records of one shard that verified, and where they lie: a block of
// a segment or a run in the journal.
type piece struct {
	path        string
	off         int64
	bytes       int
	first, last engine.Position
	count       uint64
	arrival     int64 // of the first record
	lastArrival int64
	segment     uint64 // 0 for the journal
	seed        uint32
	crc         uint32 // of a run's bytes
	spans       []span // of a block with gaps in its positions
}

// span is the positions from first to last.
type span struct{ first, last engine.Position }

func (s span) count() uint64 { return uint64(s.last-s.first) + 1 }

// filler is a piece of before the checkpoint from a journal file that was not
// used again yet. A segment should have its records too.
type filler struct {
	ref engine.ShardRef
	piece
}

func runPiece(path string, r run, off int64) piece {
	return piece{
		path: path, off: off, bytes: len(r.buf), first: r.first, last: r.end() - 1, count: uint64(r.count),
		arrival: r.arrival, lastArrival: r.arrival, crc: crc32.Checksum(r.buf, castagnoli),
	}
}

// covers lists the positions that a piece holds.
func (p *piece) covers() []span {
	if p.spans != nil {
		return p.spans
	}
	return []span{{p.first, p.last}}
}

// load reads a piece again.
func (s *Survey) load(p *piece) ([]run, error) {
	f, err := s.opts.FS.Open(p.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, p.bytes)
	if err := readFull(f, b, p.off); err != nil {
		return nil, fmt.Errorf("%w", corrupt(p.path, p.off, "%v", err))
	}
	if p.segment != 0 {
		if _, runs, ok := parseBlock(b, p.seed); ok {
			return runs, nil
		}
		return nil, corrupt(p.path, p.off, "the block verified before and does not now")
	}
	if crc32.Checksum(b, castagnoli) != p.crc {
		return nil, corrupt(p.path, p.off, "the records verified before and do not now")
	}
	return []run{{first: p.first, arrival: p.arrival, buf: b, count: uint32(p.count)}}, nil
}

func (d *doctor) collectFillers(p part, f scannedFrame) {
	d.entries(p, f, func(e entry, off int64) {
		if e.kind == entryAppend {
			d.fillers = append(d.fillers, filler{e.ref, runPiece(p.path, e.run, off)})
		}
	})
}

// attachFillers gives the shards what old journal files hold of them.
func (d *doctor) attachFillers() {
	for _, f := range d.fillers {
		if st := d.streams[f.ref.Stream]; st != nil && st.shards[f.ref.Shard] != nil {
			st.shards[f.ref.Shard].add(f.piece)
		}
	}
	d.fillers = nil
}

// add takes a piece in that belongs to the shard as it is now.
func (s *ShardFound) add(p piece) {
	if p.first >= s.Start && p.last < s.Tip && p.lastArrival >= s.Trim {
		s.pieces = append(s.pieces, p)
	}
}

// sortPieces orders them and drops those that others hold already.
func (s *ShardFound) sortPieces() {
	slices.SortStableFunc(s.pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(b.count, a.count))
	})
	kept := s.pieces[:0]
	var end engine.Position
	for _, p := range s.pieces {
		if p.last < end && !s.fills(kept, p) {
			continue
		}
		kept = append(kept, p)
		end = max(end, p.last+1)
	}
	s.pieces = kept
	if len(kept) > 0 {
		s.First, s.Oldest = kept[0].first, kept[0].arrival
	}
}

// fills says whether a piece lies in a gap of the last block that was kept.
func (s *ShardFound) fills(kept []piece, p piece) bool {
	for _, k := range slices.Backward(kept) {
		if k.last < p.first {
			break
		}
		for _, c := range k.covers() {
			if c.first <= p.first && p.last <= c.last {
				return false
			}
		}
	}
	return true
}
