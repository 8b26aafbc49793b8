package streams

import (
	"slices"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/hashkey"
)

func TestLifecycleTakesTheDelay(t *testing.T) {
	h := newHouse(t, 500*time.Millisecond)
	ctx := t.Context()
	want := func(status catalog.Status) *catalog.Stream {
		t.Helper()
		st := h.look("s")
		if st.Status != status {
			t.Fatalf("status %s, want %s", st.Status, status)
		}
		return st
	}
	h.ok(h.Create(ctx, CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 2}))
	if st := want(catalog.Creating); len(st.Shards) != 0 {
		t.Error("a CREATING stream shows shards")
	}
	h.clock.Advance(499 * time.Millisecond)
	want(catalog.Creating)
	h.clock.Advance(time.Millisecond)
	st := want(catalog.Active)
	if len(st.Open) != 2 || len(st.Shards) != 2 {
		t.Errorf("%d open of %d shards", len(st.Open), len(st.Shards))
	}

	h.ok(h.Split(ctx, named("s"), 0, st.Open[0].Range.Half(), 0))
	want(catalog.Updating)
	h.put("s", "key", "while updating")
	h.clock.Advance(500 * time.Millisecond)
	if st = want(catalog.Active); len(st.Open) != 3 {
		t.Errorf("%d open shards after a split", len(st.Open))
	}

	h.ok(h.SetRetention(ctx, named("s"), 48, true))
	want(catalog.Updating)
	h.clock.Advance(500 * time.Millisecond)
	if st = want(catalog.Active); st.RetentionHours != 48 {
		t.Errorf("retention %d", st.RetentionHours)
	}

	h.ok(h.Delete(ctx, named("s")))
	want(catalog.Deleting)
	wantError[*StateError](t, h.Delete(ctx, named("s")))
	wantError[*ExistsError](t, h.Create(ctx, CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 1}))
	h.clock.Advance(500 * time.Millisecond)
	_, err := h.Lookup(named("s"))
	wantError[*NotFoundError](t, err)
}

func TestNoDelayMeansDoneOnReturn(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 1)
	if st.Status != catalog.Active {
		t.Fatalf("status %s", st.Status)
	}
	h.ok(h.Split(t.Context(), named("s"), 0, st.Open[0].Range.Half(), 0))
	if st = h.look("s"); st.Status != catalog.Active || len(st.Open) != 2 {
		t.Fatalf("status %s, %d open", st.Status, len(st.Open))
	}
	h.ok(h.Delete(t.Context(), named("s")))
	if list, _ := h.List("000000000000", "us-east-1", "", 10); len(list) != 0 {
		t.Errorf("%d streams listed", len(list))
	}
	if h.stored(st.UID, 0) || h.stored(st.UID, 2) {
		t.Error("shards are left in the engine")
	}
}

func TestDeleteWhileCreating(t *testing.T) {
	h := newHouse(t, time.Second)
	h.ok(h.Create(t.Context(), CreateSpec{Name: named("s"), Mode: catalog.Provisioned, ShardCount: 1}))
	h.clock.Advance(600 * time.Millisecond)
	h.ok(h.Delete(t.Context(), named("s")))
	h.clock.Advance(600 * time.Millisecond)
	if st := h.look("s"); st.Status != catalog.Deleting {
		t.Fatalf("status %s", st.Status)
	}
	h.clock.Advance(400 * time.Millisecond)
	_, err := h.Lookup(named("s"))
	wantError[*NotFoundError](t, err)
}

func TestChangesSurviveARestart(t *testing.T) {
	h := newHouse(t, time.Second)
	a, b := h.create("split", 1), h.create("delete", 1)
	h.ok(h.Create(t.Context(), CreateSpec{Name: named("create"), Mode: catalog.Provisioned, ShardCount: 3}))
	h.ok(h.Split(t.Context(), a.Name, 0, hashkey.Whole.Half(), 0))
	h.ok(h.Delete(t.Context(), b.Name))
	h.reopen()
	if st := h.look("split"); st.Status != catalog.Updating {
		t.Errorf("status %s before the delay", st.Status)
	}
	h.clock.Advance(time.Second)
	check := func(when string) {
		t.Helper()
		if st := h.look("create"); st.Status != catalog.Active || len(st.Open) != 3 {
			t.Errorf("%s: create is %s", when, st.Status)
		}
		if st := h.look("split"); st.Status != catalog.Active || len(st.Open) != 2 {
			t.Errorf("%s: split is %s", when, st.Status)
		}
		_, err := h.Lookup(named("delete"))
		wantError[*NotFoundError](t, err)
	}
	check("by timer")

	_, err := h.Resize(t.Context(), ResizeSpec{Name: named("split"), Target: 3})
	h.ok(err)
	h.Service.Close()
	h.clock.Advance(time.Hour)
	h.open()
	if st := h.look("split"); st.Status != catalog.Active || len(st.Open) != 3 {
		t.Errorf("overdue: %s with %d shards", st.Status, len(st.Open))
	}
}

// TestShardsAreOlderThanTheirStream: the sequence numbers of a new stream's
// shards begin some seconds before it, and those of records do not.
func TestShardsAreOlderThanTheirStream(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 2)
	for _, sh := range st.Shards {
		if from := StartingSequence(sh); from.CreatedSec() != epoch.Unix()-2 || from.TimeSec() != epoch.Unix()-2 {
			t.Errorf("shard %d from %v", sh.Number, from)
		}
	}
	if n := h.put("s", "k", "data").Sequence; n.CreatedSec() != epoch.Unix()-2 || n.TimeSec() != epoch.Unix() {
		t.Errorf("record %v", n)
	}
}

func TestSplitAndMergeLineage(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("s", 1)
	at, _ := hashkey.Parse("1000")
	h.ok(h.Split(t.Context(), st.Name, 0, at, 0))
	st = h.look("s")
	parent, lower, upper := st.Shard(0), st.Shard(1), st.Shard(2)
	if !parent.Closed || parent.ClosedMs != epoch.UnixMilli() {
		t.Errorf("parent %+v", parent)
	}
	if lower.Range != (hashkey.Range{End: hashkey.Key{Lo: 999}}) || upper.Range != (hashkey.Range{Start: at, End: hashkey.Max}) {
		t.Errorf("children %v and %v", lower.Range, upper.Range)
	}
	for _, sh := range []*catalog.Shard{lower, upper} {
		if sh.Parent != 0 || sh.AdjacentParent != catalog.NoShard || sh.CreatedSec != epoch.Unix()+1 {
			t.Errorf("child %+v", sh)
		}
	}
	h.ok(h.Merge(t.Context(), st.Name, 1, 2))
	st = h.look("s")
	if sh := st.Shard(3); sh.Parent != 1 || sh.AdjacentParent != 2 || sh.Range != hashkey.Whole || sh.CreatedSec != epoch.Unix()+2 {
		t.Errorf("merged %+v", sh)
	}
	// Three generations in a second: what runs ahead is in the sequence
	// numbers alone, in order.
	h.clock.Advance(time.Millisecond)
	now := h.ListShards(st, ShardFilter{Type: "AT_TIMESTAMP", TimestampMs: epoch.UnixMilli() + 1, After: catalog.NoShard})
	if len(now) != 1 || now[0].Number != 3 {
		t.Errorf("open now: %v", now)
	}
	end, _ := EndingSequence(st.Shard(1))
	if from, to := StartingSequence(st.Shard(1)), StartingSequence(st.Shard(3)); end.Cmp(from) <= 0 || end.Cmp(to) >= 0 || end.TimeSec() != to.TimeSec()-1 {
		t.Errorf("shard 1 from %v to %v, shard 3 from %v", from, end, to)
	}
	if kids := st.Children(2); len(kids) != 1 || kids[0].Number != 3 {
		t.Errorf("children of 2: %v", kids)
	}
	// The clock stands still, and still every child lies above its parents.
	for _, sh := range st.Shards {
		end, closed := EndingSequence(sh)
		for _, child := range st.Children(sh.Number) {
			if !closed || StartingSequence(child).Cmp(end) <= 0 {
				t.Errorf("shard %d does not lie above %d", child.Number, sh.Number)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t, 0)
	ctx := t.Context()
	name := h.create("s", 3).Name
	mid := func(n uint32) hashkey.Key { return h.look("s").Shard(n).Range.Half() }
	h.ok(h.Split(ctx, name, 0, mid(0), 0)) // 0 closed; open 3 4 1 2
	start := h.look("s").Shard(1).Range.Start

	wantError[*NotFoundError](t, h.Split(ctx, named("none"), 0, mid(1), 0))
	wantError[*ShardNotFoundError](t, h.Split(ctx, name, 99, mid(1), 0))
	wantError[*ShardClosedError](t, h.Split(ctx, name, 0, mid(0), 0))
	if e := wantError[*LimitError](t, h.Split(ctx, name, 1, hashkey.Key{}, 4)); *e != (LimitError{Kind: LimitShards, Current: 4, Limit: 4, Additional: 1}) {
		t.Errorf("%+v", e)
	}
	wantError[*SplitKeyError](t, h.Split(ctx, name, 1, hashkey.Key{}, 5))
	wantError[*SplitKeyError](t, h.Split(ctx, name, 1, start.Inc(), 5))
	wantError[*SplitKeyError](t, h.Split(ctx, name, 1, h.look("s").Shard(1).Range.End, 5))
	wantError[*NotAdjacentError](t, h.Merge(ctx, name, 2, 1))
	wantError[*NotAdjacentError](t, h.Merge(ctx, name, 3, 1))
	wantError[*ShardNotFoundError](t, h.Merge(ctx, name, 0, 99))
	wantError[*ShardClosedError](t, h.Merge(ctx, name, 0, 1))

	resize := func(spec ResizeSpec) error {
		spec.Name = name
		_, err := h.Resize(ctx, spec)
		return err
	}
	wantError[*ResizeError](t, resize(ResizeSpec{Target: 9, HalfToDouble: true}))
	wantError[*ResizeError](t, resize(ResizeSpec{Target: 1, HalfToDouble: true}))
	wantError[*LimitError](t, resize(ResizeSpec{Target: 5, MaxShards: 4}))
	wantError[*LimitError](t, resize(ResizeSpec{Target: 5, MaxPerStream: 4}))
	h.ok(resize(ResizeSpec{Target: 4, MaxPerDay: 1}))
	h.ok(resize(ResizeSpec{Target: 5, MaxPerDay: 1, HalfToDouble: true}))
	if e := wantError[*LimitError](t, resize(ResizeSpec{Target: 6, MaxPerDay: 1})); e.Kind != LimitResizes {
		t.Errorf("%+v", e)
	}
	h.clock.Advance(24 * time.Hour)
	h.ok(resize(ResizeSpec{Target: 6, MaxPerDay: 1}))

	wantError[*RetentionError](t, h.SetRetention(ctx, name, 23, true))
	wantError[*RetentionError](t, h.SetRetention(ctx, name, 25, false))
	h.ok(h.SetRetention(ctx, name, 24, true))
	h.ok(h.SetRetention(ctx, name, 24, false))

	h.ok(h.Tag(ctx, name, map[string]string{"a": "1", "b": "2"}, 2))
	h.ok(h.Tag(ctx, name, map[string]string{"a": "3"}, 2))
	wantError[*LimitError](t, h.Tag(ctx, name, map[string]string{"c": "1"}, 2))
	h.ok(h.Untag(ctx, name, []string{"b", "not there"}))
	if tags := h.look("s").Tags; len(tags) != 1 || tags["a"] != "3" {
		t.Errorf("tags %v", tags)
	}
	wantError[*NotFoundError](t, h.Tag(ctx, named("none"), nil, 0))
}

func TestCreateLimits(t *testing.T) {
	h := newHouse(t, time.Second)
	create := func(stream string, mode catalog.Mode, shards int) error {
		return h.Create(t.Context(), CreateSpec{
			Name: named(stream), Mode: mode, ShardCount: shards, MaxCreating: 2, MaxShards: 10, MaxOnDemand: 1,
		})
	}
	h.ok(create("a", catalog.OnDemand, 4))
	if e := wantError[*LimitError](t, create("b", catalog.OnDemand, 4)); e.Kind != LimitOnDemand {
		t.Errorf("%+v", e)
	}
	if e := wantError[*LimitError](t, create("b", catalog.Provisioned, 7)); *e != (LimitError{Kind: LimitShards, Current: 4, Limit: 10, Additional: 7}) {
		t.Errorf("%+v", e)
	}
	h.ok(create("b", catalog.Provisioned, 6))
	if e := wantError[*LimitError](t, create("c", catalog.Provisioned, 1)); e.Kind != LimitCreating {
		t.Errorf("%+v", e)
	}
	if shards, onDemand := h.Usage("000000000000", "us-east-1"); shards != 10 || onDemand != 1 {
		t.Errorf("usage %d, %d", shards, onDemand)
	}
	if shards, _ := h.Usage("000000000000", "eu-west-1"); shards != 0 {
		t.Errorf("usage elsewhere %d", shards)
	}
	wantError[*StateError](t, h.Tag(t.Context(), named("a"), map[string]string{"k": "v"}, 0))
}

func TestListPages(t *testing.T) {
	h := newHouse(t, 0)
	for _, name := range []string{"b", "a", "d", "c", "B"} {
		h.create(name, 1)
	}
	var got []string
	for after, more := "", true; more; {
		var list []*catalog.Stream
		list, more = h.List("000000000000", "us-east-1", after, 2)
		for _, st := range list {
			got = append(got, st.Name.Stream)
			after = st.Name.Stream
		}
	}
	if !slices.Equal(got, []string{"B", "a", "b", "c", "d"}) {
		t.Errorf("listed %v", got)
	}
}
