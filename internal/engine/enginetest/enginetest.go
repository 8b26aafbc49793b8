// Package enginetest is the contract of package engine as tests: every engine
// must pass Run. Tests of engines call it and nobody else.
//
// It promises to use nothing but the contract: positions may have gaps,
// other writers may exist, and durability is shown by what a reopened engine
// still knows.
package enginetest

import (
	"bytes"
	"fmt"
	"testing"

	"millrace/internal/engine"
)

// Subject is an engine under test.
type Subject struct {
	// Open makes an empty engine; the subject closes it when the test ends.
	Open func(t testing.TB) engine.Engine
	// Between, where it is not nil, is called between writing and reading. It
	// may flush or reopen: what the contract says holds before and after.
	Between func(t testing.TB, e engine.Engine) engine.Engine
	// Volume scales the tests with much data or many histories; 0 is 1.
	Volume int
}

// Run runs the whole suite.
func Run(t *testing.T, s Subject) {
	if s.Volume == 0 {
		s.Volume = 1
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *env)
	}{
		{"append and read", appendAndRead},
		{"several runs", severalRuns},
		{"refused runs", refusedRuns},
		{"arrival", arrival},
		{"limits", limits},
		{"mask", mask},
		{"find", find},
		{"large records", largeRecords},
		{"seal", seal},
		{"create and drop", createAndDrop},
		{"recreate", recreate},
		{"trim", trim},
		{"wait", wait},
		{"catalog log", catalogLog},
		{"catalog snapshot", catalogSnapshot},
		{"cancelled", cancelled},
		{"many shards", manyShards},
		{"volume", volume},
		{"concurrent", concurrent},
		{"linearizable", linearizable},
		{"closed", closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, &env{T: t, Subject: s, e: s.Open(t)})
		})
	}
}

// env is one test's engine with shorthands that fail the test.
type env struct {
	*testing.T
	Subject
	e engine.Engine
}

// between is the place where a subject may flush or reopen.
func (v *env) between() {
	v.Helper()
	if v.Subject.Between != nil {
		v.e = v.Subject.Between(v.T, v.e)
	}
}

func uid(n byte) engine.StreamUID { return engine.StreamUID{0: n, 15: 1} }

func ref(stream byte, shard uint32) engine.ShardRef {
	return engine.ShardRef{Stream: uid(stream), Shard: shard}
}

func (v *env) create(refs ...engine.ShardRef) {
	v.Helper()
	if err := v.e.CreateShard(v.Context(), refs...); err != nil {
		v.Fatalf("CreateShard: %v", err)
	}
}

// put appends records with the given data and returns them as stored.
func (v *env) put(r engine.ShardRef, arrival int64, data ...string) []engine.Record {
	v.Helper()
	run := engine.Run{Shard: r, Arrival: arrival}
	for i, d := range data {
		run.Records = append(run.Records, engine.Record{Attr: byte(i), Key: []byte("key of " + d), Data: []byte(d)})
	}
	runs := []engine.Run{run}
	if err := v.e.Append(v.Context(), runs); err != nil {
		v.Fatalf("Append: %v", err)
	}
	if runs[0].Err != nil {
		v.Fatalf("Append: run refused: %v", runs[0].Err)
	}
	return runs[0].Records
}

var unlimited = engine.Limits{MaxRecords: 1 << 30, MaxBytes: 1 << 30}

func (v *env) read(r engine.ShardRef, from engine.Position, l engine.Limits) engine.Batch {
	v.Helper()
	b, err := v.e.Read(v.Context(), r, from, l, nil)
	if err != nil {
		v.Fatalf("Read %v from %d: %v", r, from, err)
	}
	return b
}

func (v *env) find(r engine.ShardRef, target engine.Target) engine.Position {
	v.Helper()
	p, err := v.e.Find(v.Context(), r, target)
	if err != nil {
		v.Fatalf("Find %v: %v", r, err)
	}
	return p
}

// same fails unless two lists of records are equal in everything.
func (v *env) same(got, want []engine.Record) {
	v.Helper()
	if len(got) != len(want) {
		v.Fatalf("%d records, want %d: got %s, want %s", len(got), len(want), show(got), show(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.Position != w.Position || g.Arrival != w.Arrival || g.Attr != w.Attr || !bytes.Equal(g.Key, w.Key) || !bytes.Equal(g.Data, w.Data) {
			v.Fatalf("record %d is %s, want %s", i, show(got[i:i+1]), show(want[i:i+1]))
		}
	}
}

func show(records []engine.Record) string {
	var b bytes.Buffer
	for i, r := range records {
		if i == 10 {
			return b.String() + "…"
		}
		fmt.Fprintf(&b, "[%d @%d attr %d %.20q %.20q]", r.Position, r.Arrival, r.Attr, r.Key, r.Data)
	}
	return b.String()
}
