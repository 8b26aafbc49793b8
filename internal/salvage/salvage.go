package salvage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"millrace/internal/engine"
	"millrace/internal/engine/disk"
	"millrace/internal/streams"
)

// Saved is what was saved of one shard.
type Saved struct {
	Stream  string
	ShardId string
	Records uint64
}

// Result is what a salvage came to.
type Result struct {
	// Report is what a check of the original finds: Damage says where, Lost
	// what could not be saved.
	Report    *Report
	To        string
	Saved     []Saved // by stream and shard
	Records   uint64  // of all
	Recovered []Recovered
	// LostRecords sums the losses; with AtMost that many at most.
	LostRecords uint64
	AtMost      bool
	// Open says that beyond those there may have been more (Range.Open).
	Open bool
}

// Salvage writes everything of a data directory that can be proven good to a
// new directory, which must not be there or be empty, and checks that. The
// original is not changed. Errors: those of Check, disk.ErrNotEmpty, and one
// that says that the new directory is not sound.
func Salvage(ctx context.Context, from, to disk.Options, progress func(bytes int64)) (*Result, error) {
	if err := Apart(from.Dir, to.Dir); err != nil {
		return nil, err
	}
	survey, k, report, err := check(ctx, from, progress)
	if err != nil {
		return nil, err
	}
	defer survey.Close()
	plan, recovered, err := k.plan(survey)
	if err != nil {
		return nil, err
	}
	built, err := survey.Rebuild(ctx, to, plan, progress)
	if err != nil {
		return nil, err
	}
	r := &Result{Report: report, To: to.Dir, Recovered: recovered, Records: built.Total}
	for _, d := range built.Damage {
		seen := k.damage(d)
		report.Damage = append(report.Damage, seen)
		report.Lost = append(report.Lost, Loss{Stream: seen.Stream, Account: seen.Account, Region: seen.Region, ShardId: seen.ShardId, Range: *seen.Positions})
		report.Sound = false
	}
	for _, l := range report.Lost {
		r.LostRecords += l.Records
		r.AtMost = r.AtMost || l.AtMost
		r.Open = r.Open || l.Open
	}
	renamed := map[engine.StreamUID]string{}
	for _, sh := range plan.Shards {
		if renamed[sh.Ref.Stream] == "" {
			renamed[sh.Ref.Stream] = k.nameIn(sh.Ref.Stream)
		}
		r.Saved = append(r.Saved, Saved{renamed[sh.Ref.Stream], streams.ShardID(sh.Ref.Shard), built.Records[sh.Ref]})
	}
	return r, verify(ctx, to, progress)
}

// nameIn is the name that a stream has in the new directory.
func (k *knowledge) nameIn(uid engine.StreamUID) string {
	if k.state.StreamByUID(uid) == nil {
		return "recovered-" + uid.String()
	}
	return k.name(uid)
}

// verify checks a directory that was just written.
func verify(ctx context.Context, dir disk.Options, progress func(int64)) error {
	report, err := Check(ctx, dir, progress)
	if err != nil {
		return fmt.Errorf("check of the new directory: %w", err)
	}
	if !report.Sound || len(report.Damage) > 0 {
		d := report.Damage[0]
		return fmt.Errorf("the new directory is not sound: %s at offset %d: %s", d.File, d.Offset, d.What)
	}
	return nil
}

// Apart refuses a new directory in the old one, or around it.
func Apart(from, to string) error {
	a, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	b, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		if rel, err := filepath.Rel(pair[0], pair[1]); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return fmt.Errorf("%s and %s are not apart from each other: %w", from, to, ErrNotApart)
		}
	}
	return nil
}

// ErrNotApart refuses to write into the directory that is read, or around it.
var ErrNotApart = errors.New("name a directory elsewhere")
