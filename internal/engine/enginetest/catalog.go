package enginetest

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"millrace/internal/engine"
)

func (v *env) command(c string) engine.Index {
	v.Helper()
	at, err := v.e.Catalog().Append(v.Context(), []byte(c))
	if err != nil {
		v.Fatal(err)
	}
	return at
}

func catalogLog(t *testing.T, v *env) {
	if at, err := v.e.Catalog().Barrier(t.Context()); at != 0 || err != nil {
		t.Fatalf("barrier of an empty log: %d, %v", at, err)
	}
	for i := range 20 {
		if at := v.command(fmt.Sprint("command ", i+1)); at != engine.Index(i+1) {
			t.Fatalf("command %d got index %d", i+1, at)
		}
		if i == 10 {
			v.between()
		}
	}
	v.between()
	if at, err := v.e.Catalog().Barrier(t.Context()); at != 20 || err != nil {
		t.Fatalf("barrier: %d, %v", at, err)
	}
	var got [][]byte
	for from := engine.Index(1); ; from = engine.Index(len(got) + 1) {
		part, err := v.e.Catalog().Read(t.Context(), from, 6)
		if err != nil || len(part) > 6 {
			t.Fatalf("read from %d: %d commands, %v", from, len(part), err)
		}
		if len(part) == 0 {
			break
		}
		got = append(got, part...)
	}
	if len(got) != 20 {
		t.Fatalf("%d commands", len(got))
	}
	for i, c := range got {
		if string(c) != fmt.Sprint("command ", i+1) {
			t.Errorf("command %d is %q", i+1, c)
		}
	}
	concurrentCommands(t, v)
}

// concurrentCommands: every caller's index is where its command stands.
func concurrentCommands(t *testing.T, v *env) {
	var wg sync.WaitGroup
	at := make([]engine.Index, 50)
	for i := range at {
		wg.Go(func() { at[i] = v.command(fmt.Sprint("racing ", i)) })
	}
	wg.Wait()
	v.between()
	for i, index := range at {
		got, err := v.e.Catalog().Read(t.Context(), index, 1)
		if err != nil || len(got) != 1 || string(got[0]) != fmt.Sprint("racing ", i) {
			t.Errorf("index %d holds %q, %v", index, got, err)
		}
	}
}

func catalogSnapshot(t *testing.T, v *env) {
	log := func() engine.Log { return v.e.Catalog() }
	for i := range 10 {
		v.command(fmt.Sprint(i + 1))
	}
	if state, at, err := log().Snapshot(t.Context()); state != nil || at != 0 || err != nil {
		t.Fatalf("there is no snapshot yet: %q, %d, %v", state, at, err)
	}
	if err := log().SaveSnapshot(t.Context(), []byte("seven"), 7); err != nil {
		t.Fatal(err)
	}
	v.command("11")
	v.between()
	// The snapshot may have been lost, but then the commands are there.
	state, at, err := log().Snapshot(t.Context())
	if err != nil || at != 0 && (at != 7 || !bytes.Equal(state, []byte("seven"))) {
		t.Fatalf("snapshot: %q, %d, %v", state, at, err)
	}
	got, err := log().Read(t.Context(), at+1, 100)
	if err != nil || len(got) != int(11-at) || string(got[0]) != fmt.Sprint(at+1) {
		t.Fatalf("commands behind the snapshot at %d: %q, %v", at, got, err)
	}
	if at, err := log().Barrier(t.Context()); at != 11 || err != nil {
		t.Errorf("barrier: %d, %v", at, err)
	}
	if index := v.command("12"); index != 12 {
		t.Errorf("index after a snapshot: %d", index)
	}
}
