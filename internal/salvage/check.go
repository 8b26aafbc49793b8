package salvage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"millrace/internal/engine"
	"millrace/internal/engine/disk"
	"millrace/internal/streams"
	"millrace/internal/vfs"
)

// Damage is a place in the directory whose bytes are not those that were
// written. Members that are not known are empty.
type Damage struct {
	File      string
	Offset    int64
	What      string
	Stream    string `json:",omitempty"` // its name, or its uid where the catalog does not have it
	Account   string `json:",omitempty"`
	Region    string `json:",omitempty"`
	ShardId   string `json:",omitempty"`
	Harmless  bool   `json:",omitempty"` // a server starts all the same, and nothing is missing
	Positions *Range `json:",omitempty"`
}

// Range is records of a shard.
type Range struct {
	First, Last engine.Position
	// The sequence numbers of First and Last; where the record is lost, their
	// last digits, which tell its second of arrival, are those of a neighbour.
	FirstSequenceNumber, LastSequenceNumber string `json:",omitempty"`
	Records                                 uint64
	// AtMost says that Records is what the positions allow, not what is known.
	AtMost bool `json:",omitempty"`
	// Open says that there may have been records from First on, and nothing
	// tells whether and how many.
	Open bool `json:",omitempty"`
}

// Loss is records that nothing in the directory holds undamaged.
type Loss struct {
	Stream  string
	Account string `json:",omitempty"`
	Region  string `json:",omitempty"`
	ShardId string
	Range
}

// Report is what a check found.
type Report struct {
	Dir     string
	Damage  []Damage
	Lost    []Loss
	Files   int
	Bytes   int64
	Records uint64
	// Sound says that a server opens the directory and serves every record
	// that was acknowledged.
	Sound bool
}

// ErrRunning says that a server has the directory.
var ErrRunning = errors.New("a server is running on it")

// Check verifies a data directory and changes nothing. Errors: ErrRunning,
// disk.ErrNoDirectory, an unknown format version, a disk that cannot be read.
// progress, if not nil, is told of bytes as they are read.
func Check(ctx context.Context, dir disk.Options, progress func(bytes int64)) (*Report, error) {
	survey, _, report, err := check(ctx, dir, progress)
	if err != nil {
		return nil, err
	}
	return report, survey.Close()
}

func check(ctx context.Context, dir disk.Options, progress func(int64)) (*disk.Survey, *knowledge, *Report, error) {
	survey, err := disk.Inspect(ctx, dir, progress)
	if errors.Is(err, vfs.ErrLocked) {
		err = fmt.Errorf("data directory %s: %w", dir.Dir, ErrRunning)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	k := learn(survey.Catalog)
	return survey, k, k.report(dir.Dir, survey), nil
}

func (k *knowledge) report(dir string, s *disk.Survey) *Report {
	r := &Report{Dir: dir, Files: s.Files, Bytes: s.Bytes, Records: s.Records, Sound: s.Sound() && len(k.problems) == 0}
	for _, d := range s.Damage {
		r.Damage = append(r.Damage, k.damage(d))
	}
	for _, text := range k.problems {
		r.Damage = append(r.Damage, Damage{File: dir, What: text})
	}
	for _, l := range k.ends(s) {
		if k.deleted(l.Shard) {
			continue
		}
		loss := Loss{Stream: k.name(l.Shard.Stream), ShardId: streams.ShardID(l.Shard.Shard)}
		loss.Account, loss.Region = k.place(l.Shard.Stream)
		loss.Range = k.lines(l.Shard, Range{First: l.First, Last: l.Last, Records: l.Records, AtMost: l.AtMost, Open: l.Open}, l.FirstArrival, l.LastArrival)
		r.Lost = append(r.Lost, loss)
	}
	return r
}

func (k *knowledge) damage(d disk.Damage) Damage {
	out := Damage{File: d.File, Offset: d.Offset, What: d.What, Stream: k.name(d.Stream), Harmless: d.Harmless}
	out.Account, out.Region = k.place(d.Stream)
	if d.HasShard {
		ref := engine.ShardRef{Stream: d.Stream, Shard: d.Shard}
		out.ShardId = streams.ShardID(d.Shard)
		out.Positions = new(k.lines(ref, Range{First: d.First, Last: d.Last, Records: d.Records}, d.FirstArrival, d.LastArrival))
	}
	return out
}

func (k *knowledge) place(uid engine.StreamUID) (account, region string) {
	if st := k.state.StreamByUID(uid); st != nil {
		return st.Name.Account, st.Name.Region
	}
	return "", ""
}

// lines fills the sequence numbers in, where the catalog knows the shard.
func (k *knowledge) lines(ref engine.ShardRef, r Range, firstArrival, lastArrival int64) Range {
	if sh := k.shard(ref); sh != nil {
		r.FirstSequenceNumber = streams.SequenceAt(sh, r.First, firstArrival).String()
		if r.Open {
			return r
		}
		r.LastSequenceNumber = streams.SequenceAt(sh, r.Last, lastArrival).String()
	}
	return r
}

// deleted says that a shard's records were on their way out anyway.
func (k *knowledge) deleted(ref engine.ShardRef) bool {
	if !k.complete {
		return false
	}
	st := k.state.StreamByUID(ref.Stream)
	return st == nil || st.Shard(ref.Shard) == nil && ref.Shard < st.NextShard
}

// ends adds to the survey's losses what the catalog knows of the ends of
// shards, and the shards that it lists and of which nothing was found.
func (k *knowledge) ends(s *disk.Survey) []disk.Lost {
	lost := slices.Clone(s.Lost)
	if s.Sound() {
		return lost
	}
	found := map[engine.ShardRef]*disk.ShardFound{}
	for _, f := range s.Shards {
		found[f.Ref] = f
	}
	for st := range k.state.Streams {
		for _, sh := range st.Shards {
			ref := engine.ShardRef{Stream: st.UID, Shard: sh.Number}
			f := found[ref]
			switch {
			case f == nil && !sh.Closed:
				lost = append(lost, disk.Lost{Shard: ref, First: 1, AtMost: true, Open: true, FirstArrival: sh.OpenedMs})
			case sh.Closed && (f == nil || f.Next < sh.End):
				lost = slices.DeleteFunc(lost, func(l disk.Lost) bool { return l.Shard == ref && l.Open })
				l := disk.Lost{Shard: ref, First: 1, Last: sh.End - 1, AtMost: true, FirstArrival: sh.OpenedMs, LastArrival: sh.ClosedMs}
				if f != nil {
					l.First, l.FirstArrival = f.Tip, f.Arrival
				}
				l.Records = uint64(l.Last-l.First) + 1
				if l.First <= l.Last {
					lost = append(lost, l)
				}
			}
		}
	}
	slices.SortStableFunc(lost, func(a, b disk.Lost) int {
		return cmp.Or(slices.Compare(a.Shard.Stream[:], b.Shard.Stream[:]), cmp.Compare(a.Shard.Shard, b.Shard.Shard), cmp.Compare(a.First, b.First))
	})
	return lost
}
