package catalog

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"millrace/internal/hashkey"
)

var update = flag.Bool("update", false, "write the golden files anew")

func name(stream string) Name {
	return Name{Account: "123456789012", Region: "eu-west-1", Stream: stream}
}

func uidOf(b byte) UID { return UID{b, 0xab, 15: 0xff} }

const t0 = 1_793_534_400_123 // 2026-11-01

// history has every kind of command, in an order in which each is accepted.
func history() []Command {
	uid := uidOf(1)
	return []Command{
		&Install{Key: bytes.Repeat([]byte{7}, KeyBytes)},
		&CreateStream{Ms: t0, Name: name("orders"), UID: uid, Mode: Provisioned, ShardCount: 2,
			Tags: map[string]string{"b": "<2>", "a": "1"}, MaxCreating: 5, MaxShards: 100, MaxOnDemand: 50},
		&Activate{UID: uid},
		&BeginSplit{Ms: t0 + 1000, Name: name("orders"), Shard: 0, At: hashkey.Key{Hi: 1}, MaxShards: 100},
		&CommitReshard{Ms: t0 + 1500, UID: uid, FirstChild: 2, Ends: []ShardEnd{{0, 12}}},
		&BeginMerge{Ms: t0 + 2000, Name: name("orders"), Lower: 3, Upper: 1},
		&CommitReshard{Ms: t0 + 2500, UID: uid, FirstChild: 4, Ends: []ShardEnd{{3, 1}, {1, 44}}},
		&Tag{Name: name("orders"), Tags: map[string]string{"c": "é"}, MaxTags: 50},
		&Untag{Name: name("orders"), Keys: []string{"a"}},
		&BeginRetention{Ms: t0 + 3000, Name: name("orders"), Hours: 48, Increase: true},
		&CommitRetention{UID: uid},
		&ExpireShards{Ms: t0 + 1500 + 48*hourMs, UID: uid, Shards: []uint32{0}},
		&CreateStream{Ms: t0, Name: name("doomed"), UID: uidOf(2), Mode: OnDemand, ShardCount: 4},
		&DeleteStream{Ms: t0, Name: name("doomed")},
		&Purge{UID: uidOf(2)},
		&CreateStream{Ms: t0, Name: name("new"), UID: uidOf(3), Mode: OnDemand, ShardCount: 4},
		&RegisterConsumer{Ms: t0 + 3900, Name: name("orders"), Consumer: "billing", Tags: map[string]string{"a": "1"}, MaxConsumers: 20, MaxCreating: 5},
		&ActivateConsumer{UID: uid, Consumer: "billing", CreatedSec: (t0 + 3900) / 1000},
		&TagConsumer{Name: name("orders"), Consumer: "billing", CreatedSec: (t0 + 3900) / 1000, Tags: map[string]string{"b": "2"}, MaxTags: 50},
		&UntagConsumer{Name: name("orders"), Consumer: "billing", CreatedSec: (t0 + 3900) / 1000, Keys: []string{"a"}},
		&RegisterConsumer{Ms: t0 + 3950, Name: name("orders"), Consumer: "audit"},
		&DeregisterConsumer{Ms: t0 + 3960, Name: name("orders"), Consumer: "audit", CreatedSec: (t0 + 3950) / 1000},
		&PurgeConsumer{UID: uid, Consumer: "audit", CreatedSec: (t0 + 3950) / 1000},
		&CreateStream{Ms: t0, Name: name("unused"), UID: uidOf(4), Mode: OnDemand, ShardCount: 4},
		&DeleteUnusedStream{Ms: t0, Name: name("unused")},
		&BeginResize{Ms: t0 + 4000, Name: name("orders"), Target: 3, MaxShards: 100, MaxPerDay: 10, MaxPerStream: 10000, HalfToDouble: true},
	}
}

func play(t testing.TB, commands []Command) *State {
	t.Helper()
	s := NewState()
	for i, c := range commands {
		if out := s.Apply(c); out.Err != nil {
			t.Fatalf("command %d, %s: %v", i, c.kind(), out.Err)
		}
	}
	return s
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s", path, got)
	}
}

// What is on disk stays readable: a change of these files is a new form, and
// the old one must go on being read.
func TestGoldenForms(t *testing.T) {
	var log []byte
	seen := map[string]bool{}
	for _, c := range history() {
		log = append(append(log, Encode(c)...), '\n')
		seen[c.kind()] = true
	}
	for kind := range kinds {
		if !seen[kind] {
			t.Errorf("no golden form of %s", kind)
		}
	}
	golden(t, "commands.jsonl", log)
	golden(t, "snapshot.json", append(play(t, history()).Snapshot(), '\n'))
}

// The log alone gives the state: read from its stored form, and from a
// snapshot taken at any command on.
func TestReplayFromAnywhere(t *testing.T) {
	commands := history()
	want := play(t, commands).Hash()
	for at := range len(commands) + 1 {
		s, err := Restore(play(t, commands[:at]).Snapshot())
		if err != nil {
			t.Fatalf("snapshot at %d: %v", at, err)
		}
		for _, c := range commands[at:] {
			read, err := Decode(Encode(c))
			if err != nil {
				t.Fatal(err)
			}
			if out := s.Apply(read); out.Err != nil {
				t.Fatalf("from %d: %s: %v", at, c.kind(), out.Err)
			}
		}
		if s.Hash() != want {
			t.Errorf("from a snapshot at %d the state differs:\n%s", at, s.Snapshot())
		}
	}
}

func TestForeignFormsAreRefused(t *testing.T) {
	for _, stored := range []string{
		``, `{}`, `null`, `{"v":2,"kind":"activate","body":{}}`, `{"v":1,"kind":"unheard_of","body":{}}`,
		`{"v":1,"kind":"activate","body":{"uid":"01ab","more":1}}`, `{"v":1,"kind":"activate","body":{}}{}`,
		`{"v":1,"kind":"install","body":{"key":"AA=="}}`, `{"v":1,"kind":"activate"}`,
	} {
		if c, err := Decode([]byte(stored)); err == nil {
			t.Errorf("%s reads as %+v", stored, c)
		}
	}
	for _, stored := range []string{``, `{}`, `{"v":1,"parts":{"unheard_of":{}}}`, `{"v":2,"parts":{}}`, `{"v":1,"parts":{"streams":[null]}}`} {
		if _, err := Restore([]byte(stored)); err == nil {
			t.Errorf("%s reads as a snapshot", stored)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range history() {
		f.Add(Encode(c))
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		c, err := Decode(stored)
		if err != nil {
			return
		}
		again, err := Decode(Encode(c))
		if err != nil || !bytes.Equal(Encode(again), Encode(c)) {
			t.Fatalf("%s does not survive being written: %v", stored, err)
		}
		if big, ok := c.(*CreateStream); ok && big.ShardCount > 1000 {
			return
		}
		// A command nobody meant may be refused or accepted, never more.
		s := play(t, history())
		s.Apply(c)
		if _, err := Restore(s.Snapshot()); err != nil {
			t.Fatalf("%s leaves a state that cannot be read: %v", stored, err)
		}
	})
}

func FuzzRestore(f *testing.F) {
	for at := range history() {
		f.Add(play(f, history()[:at]).Snapshot())
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		s, err := Restore(stored)
		if err != nil {
			return
		}
		again, err := Restore(s.Snapshot())
		if err != nil || again.Hash() != s.Hash() {
			t.Fatalf("%s does not survive being written: %v", stored, err)
		}
		for st := range s.Streams {
			if st.Pending == nil || st.Pending.Kind != ChangeResize {
				s.Apply(&CommitReshard{UID: UID(st.UID), FirstChild: st.NextShard, Ends: []ShardEnd{{Shard: 0}}})
				s.Apply(&BeginSplit{Name: st.Name, At: hashkey.Key{Hi: 1}})
			}
		}
	})
}
