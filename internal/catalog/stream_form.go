package catalog

import (
	"errors"
	"fmt"
	"slices"

	"millrace/internal/engine"
	"millrace/internal/hashkey"
)

// streamForm is a stream in a snapshot.
type streamForm struct {
	Name           Name              `json:"name"`
	UID            UID               `json:"uid"`
	Status         Status            `json:"status"`
	Mode           Mode              `json:"mode"`
	CreatedMs      int64             `json:"created_ms"`
	RetentionHours int32             `json:"retention_hours"`
	TrimmedMs      int64             `json:"trimmed_ms,omitempty"`
	Tags           map[string]string `json:"tags,omitempty"`
	Shards         []shardForm       `json:"shards,omitempty"`
	NextShard      uint32            `json:"next_shard"`
	Condemned      []uint32          `json:"condemned,omitempty"`
	Resizes        []int64           `json:"resizes,omitempty"`
	Pending        *changeForm       `json:"pending,omitempty"`
}

// shardForm is a shard in a snapshot. ClosedMs and End are there if it is closed.
type shardForm struct {
	Number         uint32           `json:"n"`
	Start          hashkey.Key      `json:"from"`
	End            hashkey.Key      `json:"to"`
	Parent         *uint32          `json:"parent,omitempty"`
	AdjacentParent *uint32          `json:"adjacent,omitempty"`
	CreatedSec     int64            `json:"created_sec"`
	OpenedMs       int64            `json:"opened_ms"`
	ClosedMs       *int64           `json:"closed_ms,omitempty"`
	EndPosition    *engine.Position `json:"end,omitempty"`
}

// changeForm is a change under way in a snapshot.
type changeForm struct {
	Kind           string      `json:"kind"`
	AcceptedMs     int64       `json:"accepted_ms"`
	ShardCount     int         `json:"shard_count,omitempty"`
	Layout         string      `json:"layout,omitempty"`
	FirstShard     uint32      `json:"first_shard,omitempty"`
	Shard          uint32      `json:"shard,omitempty"`
	Adjacent       uint32      `json:"adjacent,omitempty"`
	At             hashkey.Key `json:"at,omitzero"`
	RetentionHours int32       `json:"retention_hours,omitempty"`
}

func formOf(st *Stream) *streamForm {
	f := &streamForm{
		Name: st.Name, UID: UID(st.UID), Status: st.Status, Mode: st.Mode,
		CreatedMs: st.CreatedMs, RetentionHours: st.RetentionHours, TrimmedMs: st.TrimmedMs,
		Tags: st.Tags, NextShard: st.NextShard, Condemned: st.Condemned, Resizes: st.Resizes,
	}
	for _, sh := range st.Shards {
		f.Shards = append(f.Shards, formOfShard(sh))
	}
	if c := st.Pending; c != nil {
		f.Pending = &changeForm{
			Kind: c.Kind.String(), AcceptedMs: c.AcceptedMs, ShardCount: c.ShardCount,
			FirstShard: c.FirstShard, Shard: c.Shard, Adjacent: c.Adjacent, At: c.At,
			RetentionHours: c.RetentionHours,
		}
		if c.Layout != 0 {
			f.Pending.Layout = c.Layout.String()
		}
	}
	return f
}

func formOfShard(sh *Shard) shardForm {
	f := shardForm{
		Number: sh.Number, Start: sh.Range.Start, End: sh.Range.End,
		Parent: formOfParent(sh.Parent), AdjacentParent: formOfParent(sh.AdjacentParent),
		CreatedSec: sh.CreatedSec, OpenedMs: sh.OpenedMs,
	}
	if sh.Closed {
		f.ClosedMs, f.EndPosition = &sh.ClosedMs, &sh.End
	}
	return f
}

func formOfParent(n int64) *uint32 {
	if n == NoShard {
		return nil
	}
	return new(uint32(n))
}

func parentOf(n *uint32) int64 {
	if n == nil {
		return NoShard
	}
	return int64(*n)
}

func (f *streamForm) stream() (*Stream, error) {
	st := &Stream{
		Name: f.Name, UID: engine.StreamUID(f.UID), Status: f.Status, Mode: f.Mode,
		CreatedMs: f.CreatedMs, RetentionHours: f.RetentionHours, TrimmedMs: f.TrimmedMs,
		Tags: f.Tags, NextShard: f.NextShard, Condemned: f.Condemned, Resizes: f.Resizes,
	}
	for i := range f.Shards {
		sh := f.Shards[i].shard()
		st.Shards = append(st.Shards, sh)
		if !sh.Closed {
			st.Open = append(st.Open, sh)
		}
	}
	slices.SortFunc(st.Open, func(a, b *Shard) int { return a.Range.Start.Cmp(b.Range.Start) })
	if f.Pending != nil {
		c, err := f.Pending.change()
		if err != nil {
			return nil, err
		}
		st.Pending = c
	}
	return st, st.check()
}

func (f *shardForm) shard() *Shard {
	sh := &Shard{
		Number: f.Number, Range: hashkey.Range{Start: f.Start, End: f.End},
		Parent: parentOf(f.Parent), AdjacentParent: parentOf(f.AdjacentParent),
		CreatedSec: f.CreatedSec, OpenedMs: f.OpenedMs,
	}
	if f.ClosedMs != nil {
		sh.Closed, sh.ClosedMs = true, *f.ClosedMs
		if f.EndPosition != nil {
			sh.End = *f.EndPosition
		}
	}
	return sh
}

func (f *changeForm) change() (*Change, error) {
	kind, err := changeNames.value(f.Kind)
	if err != nil {
		return nil, err
	}
	var layout Layout
	if f.Layout != "" {
		if layout, err = layoutNames.value(f.Layout); err != nil {
			return nil, err
		}
	}
	if f.ShardCount < 0 || f.ShardCount > MaxShards {
		return nil, fmt.Errorf("change to %d shards", f.ShardCount)
	}
	return &Change{
		Kind: kind, AcceptedMs: f.AcceptedMs, ShardCount: f.ShardCount, Layout: layout,
		FirstShard: f.FirstShard, Shard: f.Shard, Adjacent: f.Adjacent, At: f.At,
		RetentionHours: f.RetentionHours,
	}, nil
}

// check holds a stream that was read against what every stream satisfies.
func (s *Stream) check() error {
	if err := s.Name.check(); err != nil {
		return err
	}
	if err := s.checkChange(); err != nil {
		return err
	}
	for i, sh := range s.Shards {
		if sh.Number >= s.NextShard || i > 0 && s.Shards[i-1].Number >= sh.Number {
			return fmt.Errorf("shard number %d", sh.Number)
		}
	}
	if len(s.Open) == 0 {
		if s.Status == Active || s.Status == Updating {
			return errors.New("no open shard")
		}
		return nil
	}
	if s.Open[0].Range.Start != (hashkey.Key{}) || s.Open[len(s.Open)-1].Range.End != hashkey.Max {
		return errors.New("open shards do not cover the hash key space")
	}
	for i, sh := range s.Open {
		if sh.Range.End.Less(sh.Range.Start) || i > 0 && !s.Open[i-1].Range.Adjacent(sh.Range) {
			return fmt.Errorf("range of shard %d", sh.Number)
		}
	}
	return nil
}

// checkChange says whether status and change under way belong together.
func (s *Stream) checkChange() error {
	var ok bool
	c := s.Pending
	switch s.Status {
	case Active:
		ok = c == nil
	case Creating:
		ok = c != nil && c.Kind == ChangeCreate && c.ShardCount > 0 && len(s.Shards) == 0
	case Deleting:
		ok = c != nil && c.Kind == ChangeDelete
	case Updating:
		ok = c != nil && c.Kind >= ChangeSplit && (c.Kind != ChangeResize || c.ShardCount > 0 && c.Layout != 0)
	}
	if !ok {
		return fmt.Errorf("status %q does not fit the change under way", s.Status)
	}
	return nil
}
