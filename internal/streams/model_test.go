package streams

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/hashkey"
)

// model is Kinesis in memory, as simple as it can be: no delay, no disk.
type model struct {
	now     time.Time
	streams map[string]*modelStream
}

type modelStream struct {
	shards    []*modelShard
	retention time.Duration
	floor     time.Time // records not after it are gone for good
	tags      map[string]string
}

type modelShard struct {
	rng     hashkey.Range
	parents []int
	closed  *time.Time
	records []modelRecord
}

type modelRecord struct {
	data string
	at   time.Time
}

func (m *model) horizon(st *modelStream) time.Time {
	if h := m.now.Add(-st.retention); h.After(st.floor) {
		return h
	}
	return st.floor
}

func (m *model) create(name string, n int) bool {
	if m.streams[name] != nil {
		return false
	}
	st := &modelStream{retention: 24 * time.Hour, tags: map[string]string{}}
	for _, r := range hashkey.Ranges(n) {
		st.shards = append(st.shards, &modelShard{rng: r})
	}
	m.streams[name] = st
	return true
}

func (st *modelStream) open() (open []int) {
	for i, sh := range st.shards {
		if sh.closed == nil {
			open = append(open, i)
		}
	}
	slices.SortFunc(open, func(a, b int) int { return st.shards[a].rng.Start.Cmp(st.shards[b].rng.Start) })
	return open
}

func (m *model) reshard(st *modelStream, parents []int, ranges ...hashkey.Range) {
	for _, p := range parents {
		st.shards[p].closed = new(m.now)
	}
	for _, r := range ranges {
		st.shards = append(st.shards, &modelShard{rng: r, parents: parents})
	}
}

func (m *model) split(st *modelStream, n int, at hashkey.Key) bool {
	if n >= len(st.shards) || st.shards[n].closed != nil {
		return false
	}
	r := st.shards[n].rng
	if at.Cmp(r.Start.Inc()) <= 0 || at.Cmp(r.End) >= 0 {
		return false
	}
	m.reshard(st, []int{n}, hashkey.Range{Start: r.Start, End: at.Dec()}, hashkey.Range{Start: at, End: r.End})
	return true
}

func (m *model) merge(st *modelStream, a, b int) bool {
	if a >= len(st.shards) || b >= len(st.shards) {
		return false
	}
	lower, upper := st.shards[a], st.shards[b]
	if lower.closed != nil || upper.closed != nil || !lower.rng.Adjacent(upper.rng) {
		return false
	}
	m.reshard(st, []int{a, b}, hashkey.Range{Start: lower.rng.Start, End: upper.rng.End})
	return true
}

func (m *model) put(st *modelStream, k hashkey.Key, data string) int {
	for _, i := range st.open() {
		if sh := st.shards[i]; sh.rng.Contains(k) {
			sh.records = append(sh.records, modelRecord{data, m.now})
			return i
		}
	}
	panic("no shard")
}

func (m *model) setRetention(st *modelStream, d time.Duration, increase bool) bool {
	if increase && d < st.retention || !increase && d > st.retention {
		return false
	}
	if d != st.retention {
		if gone := m.now.Add(-min(d, st.retention)); gone.After(st.floor) {
			st.floor = gone
		}
		st.retention = d
	}
	return true
}

// read gives what is readable from the first record on that arrived at or
// after a time.
func (m *model) read(st *modelStream, n int, from time.Time) (data []string) {
	for _, r := range st.shards[n].records {
		if r.at.After(m.horizon(st)) && !r.at.Before(from) {
			data = append(data, r.data)
		}
	}
	return data
}

func (m *model) listed(st *modelStream) (list []int) {
	for i, sh := range st.shards {
		if sh.closed == nil || sh.closed.After(m.horizon(st)) {
			list = append(list, i)
		}
	}
	return list
}

// match plays one random operation on both and compares.
type match struct {
	*house
	model *model
	r     *rand.Rand
	puts  int
}

func (m *match) step() {
	name := []string{"a", "b", "c"}[m.r.IntN(3)]
	st := m.model.streams[name]
	op := m.r.IntN(100)
	if st == nil || op < 2 {
		n := 1 + m.r.IntN(4)
		err := m.Create(m.Context(), CreateSpec{Name: named(name), Mode: catalog.Provisioned, ShardCount: n})
		m.same(fmt.Sprint("create ", name), err, m.model.create(name, n))
		return
	}
	some := func() int { return m.r.IntN(len(st.shards) + 1) }
	switch {
	case op < 4:
		m.same("delete", m.Delete(m.Context(), named(name)), true)
		delete(m.model.streams, name)
	case op < 14:
		n := some()
		at := hashkey.Key{Hi: m.r.Uint64()}
		if n < len(st.shards) && m.r.IntN(3) > 0 {
			at = st.shards[n].rng.Half()
		}
		m.same("split", m.Split(m.Context(), named(name), uint32(n), at, 0), m.model.split(st, n, at))
	case op < 24:
		a, b := some(), some()
		if open := st.open(); len(open) > 1 && m.r.IntN(3) > 0 {
			i := m.r.IntN(len(open) - 1)
			a, b = open[i], open[i+1]
		}
		m.same("merge", m.Merge(m.Context(), named(name), uint32(a), uint32(b)), m.model.merge(st, a, b))
	case op < 27:
		hours := 24 + m.r.IntN(48)
		increase := m.r.IntN(2) == 0
		err := m.SetRetention(m.Context(), named(name), int32(hours), increase)
		m.same("retention", err, m.model.setRetention(st, time.Duration(hours)*time.Hour, increase))
	case op < 40:
		m.advance()
	case op < 42:
		m.reopen()
	case op < 70:
		m.putSome(name, st)
	default:
		m.compare(name, st)
	}
}

func (m *match) same(what string, err error, accepted bool) {
	m.Helper()
	if (err == nil) != accepted {
		m.Fatalf("%s: %v, model accepts: %t", what, err, accepted)
	}
}

func (m *match) advance() {
	d := time.Duration(m.r.Int64N(int64(time.Second)))
	if m.r.IntN(4) == 0 {
		d = time.Duration(m.r.Int64N(int64(12 * time.Hour)))
	}
	d = d.Truncate(time.Millisecond)
	m.house.clock.Advance(d)
	m.model.now = m.model.now.Add(d)
}

func (m *match) putSome(name string, st *modelStream) {
	view := m.look(name)
	puts := make([]Put, 1+m.r.IntN(10))
	want := make([]int, len(puts))
	for i := range puts {
		m.puts++
		puts[i] = Put{Hash: hashkey.Key{Hi: m.r.Uint64()}, Data: []byte(fmt.Sprint(m.puts))}
		want[i] = m.model.put(st, puts[i].Hash, fmt.Sprint(m.puts))
	}
	Route(view, puts)
	m.ok(m.Append(m.Context(), view, puts))
	for i, p := range puts {
		if p.Err != nil || p.Shard != uint32(want[i]) {
			m.Fatalf("put to shard %d: %v, want shard %d", p.Shard, p.Err, want[i])
		}
	}
}

// compare reads a shard from a random place and the list of shards.
func (m *match) compare(name string, st *modelStream) {
	view := m.look(name)
	var got []int
	for _, sh := range m.ListShards(view, ShardFilter{After: catalog.NoShard}) {
		got = append(got, int(sh.Number))
		mine := st.shards[sh.Number]
		if sh.Range != mine.rng || sh.Closed != (mine.closed != nil) {
			m.Fatalf("shard %d is %+v, want %+v", sh.Number, sh, mine)
		}
	}
	if want := m.model.listed(st); !slices.Equal(got, want) {
		m.Fatalf("shards %v, want %v", got, want)
	}
	n := got[m.r.IntN(len(got))]
	from, start := time.Time{}, Start{Type: TrimHorizon}
	if m.r.IntN(2) == 0 {
		from = m.model.now.Add(-time.Duration(m.r.Int64N(int64(30 * time.Hour)))).Truncate(time.Millisecond)
		start = Start{Type: AtTimestamp, TimestampMs: from.UnixMilli()}
	}
	it, err := m.Open(m.Context(), view, uint32(n), start)
	m.ok(err)
	var data []string
	for {
		token := m.SealIterator(it)
		it, err = m.OpenIterator(token)
		m.ok(err)
		p, err := m.Read(m.Context(), it, 1+m.r.IntN(20), 1<<20)
		m.ok(err)
		data = append(data, dataOf(p)...)
		if p.Next == nil {
			m.children(st, n, p)
			break
		}
		if p.MillisBehindLatest == 0 && st.shards[n].closed == nil {
			break
		}
		it = *p.Next
	}
	if want := m.model.read(st, n, from); !slices.Equal(data, want) {
		m.Fatalf("shard %d of %s from %v holds %v, want %v", n, name, from, data, want)
	}
}

func (m *match) children(st *modelStream, n int, p Page) {
	var got, want []int
	for _, sh := range p.ChildShards {
		got = append(got, int(sh.Number))
	}
	for i, sh := range st.shards {
		if slices.Contains(sh.parents, n) {
			want = append(want, i)
		}
	}
	if !slices.Equal(got, want) || len(want) == 0 {
		m.Fatalf("children of %d are %v, want %v", n, got, want)
	}
}

func TestAgainstTheModel(t *testing.T) {
	rounds, steps := 8, 600
	if testing.Short() {
		rounds = 3
	}
	r := seededRand(t)
	for range rounds {
		m := &match{house: newHouse(t, 0), model: &model{now: epoch, streams: map[string]*modelStream{}}, r: r}
		for range steps {
			m.step()
		}
		m.Service.Close()
	}
}
