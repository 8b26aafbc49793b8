package salvage

import (
	"cmp"
	"fmt"
	"slices"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/engine/disk"
)

// Where recovered streams go whose account and region are not known: those of
// a server without any other word.
const (
	recoveredAccount = "000000000000"
	recoveredRegion  = "us-east-1"
	// recoveredHours is the longest retention period, so that a stream whose
	// period is not known loses nothing before somebody has looked at it.
	recoveredHours = 8760
)

// Recovered is a stream, or shards of one, that the catalog does not have.
type Recovered struct {
	Stream   string
	ShardIds []string
	// Whole says that the stream was rebuilt under a new name; otherwise the
	// shards were added to it, closed.
	Whole bool
}

// planner decides what a salvaged directory holds.
type planner struct {
	*knowledge
	found  map[engine.StreamUID]map[uint32]*disk.ShardFound
	shards []disk.ShardPlan
	edit   *edit
	out    []Recovered
}

func (k *knowledge) plan(s *disk.Survey) (disk.Plan, []Recovered, error) {
	p := &planner{knowledge: k, found: map[engine.StreamUID]map[uint32]*disk.ShardFound{}}
	var err error
	if p.edit, err = openEdit(k.state.Snapshot()); err != nil {
		return disk.Plan{}, nil, err
	}
	for _, sh := range s.Shards {
		if p.found[sh.Ref.Stream] == nil {
			p.found[sh.Ref.Stream] = map[uint32]*disk.ShardFound{}
		}
		p.found[sh.Ref.Stream][sh.Ref.Shard] = sh
	}
	for st := range k.state.Streams {
		p.listed(st)
	}
	for uid, shards := range p.found {
		if k.state.StreamByUID(uid) == nil && !k.complete {
			p.unlisted(uid, shards)
		}
	}
	slices.SortFunc(p.shards, func(a, b disk.ShardPlan) int {
		return cmp.Or(slices.Compare(a.Ref.Stream[:], b.Ref.Stream[:]), cmp.Compare(a.Ref.Shard, b.Ref.Shard))
	})
	slices.SortFunc(p.out, func(a, b Recovered) int { return cmp.Compare(a.Stream, b.Stream) })
	snapshot, err := p.edit.close()
	if err != nil {
		return disk.Plan{}, nil, fmt.Errorf("the catalog of the new directory: %w", err)
	}
	return disk.Plan{Catalog: snapshot, At: k.at, Shards: p.shards}, p.out, nil
}

// listed plans the shards of a stream that the catalog has. Each shard that it
// lists must be there, if only empty.
func (p *planner) listed(st *catalog.Stream) {
	if st.Status == catalog.Deleting {
		return
	}
	var grafts []*disk.ShardFound
	for number, f := range p.found[st.UID] {
		switch {
		case st.Shard(number) != nil:
		case st.Status != catalog.Active && number >= st.NextShard:
			// Made by a change that the next start carries on with.
			p.shards = append(p.shards, disk.ShardPlan{Ref: f.Ref, Found: f, Sealed: f.Sealed, End: f.Next})
		case !p.complete && f.First != 0 && !slices.Contains(st.Condemned, number):
			grafts = append(grafts, f)
		}
	}
	for _, sh := range st.Shards {
		f := p.found[st.UID][sh.Number]
		plan := disk.ShardPlan{Ref: engine.ShardRef{Stream: st.UID, Shard: sh.Number}, Found: f, Sealed: sh.Closed, End: sh.End}
		if !sh.Closed && st.Status == catalog.Updating && f != nil {
			plan.Sealed, plan.End = f.Sealed, f.Next // the change under way has sealed it
		}
		p.shards = append(p.shards, plan)
	}
	if len(grafts) > 0 {
		p.graft(st, grafts)
	}
}

// graft adds closed shards to a stream that the catalog knows nothing of any
// more but their records: they can be read, and nothing is written to them.
func (p *planner) graft(st *catalog.Stream, grafts []*disk.ShardFound) {
	slices.SortFunc(grafts, byNumber)
	p.edit.addShards(st, grafts)
	p.note(st.Name.Stream, grafts, false)
	for _, f := range grafts {
		p.shards = append(p.shards, disk.ShardPlan{Ref: f.Ref, Found: f, Sealed: true, End: f.Next})
	}
}

// unlisted makes a stream of shards that no stream of the catalog has.
func (p *planner) unlisted(uid engine.StreamUID, shards map[uint32]*disk.ShardFound) {
	var all []*disk.ShardFound
	any := false
	for _, f := range shards {
		all = append(all, f)
		any = any || f.First != 0
	}
	if !any {
		return
	}
	slices.SortFunc(all, byNumber)
	name := "recovered-" + uid.String()
	open := p.edit.addStream(name, uid, all)
	p.note(name, all, true)
	for _, f := range all {
		p.shards = append(p.shards, disk.ShardPlan{Ref: f.Ref, Found: f, Sealed: f.Sealed, End: f.Next})
	}
	if open != nil {
		p.shards = append(p.shards, disk.ShardPlan{Ref: engine.ShardRef{Stream: uid, Shard: *open}})
	}
}

func byNumber(a, b *disk.ShardFound) int { return cmp.Compare(a.Ref.Shard, b.Ref.Shard) }

func (p *planner) note(stream string, shards []*disk.ShardFound, whole bool) {
	r := Recovered{Stream: stream, Whole: whole}
	for _, f := range shards {
		r.ShardIds = append(r.ShardIds, shardID(f))
	}
	p.out = append(p.out, r)
}
