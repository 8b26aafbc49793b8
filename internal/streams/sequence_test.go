package streams

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

func unix(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}

// Numbers that AWS itself has printed.
func TestSequenceNumbersSeen(t *testing.T) {
	tests := []struct {
		name, number  string
		shard         uint32
		created, time string
		counter       uint64
	}{
		{"start of shard 0", "49600871682957036442365024926191073437251060580128653314",
			0, "2019-10-28T21:12:45Z", "2019-10-28T21:12:45Z", 0},
		{"record of shard 9", "49600902273357540915989931256902715169698037101720764562",
			9, "2019-10-29T21:01:37Z", "2019-10-29T21:10:27Z", 161},
		{"record of shard 3076", "49674026002850188218576229259473476449429298564223254594",
			3076, "2026-04-27T19:47:17Z", "2026-04-27T20:00:18Z", 21689507110},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := ParseSequenceNumber(tt.number)
			if err != nil {
				t.Fatal(err)
			}
			if n.Version() != 2 || n.Shard() != tt.shard || n.Counter() != tt.counter {
				t.Errorf("version %d, shard %d, counter %d", n.Version(), n.Shard(), n.Counter())
			}
			if created, at := unix(t, tt.created), unix(t, tt.time); n.CreatedSec() != created || n.TimeSec() != at {
				t.Errorf("created %d, time %d, want %d, %d", n.CreatedSec(), n.TimeSec(), created, at)
			}
			if n.String() != tt.number {
				t.Errorf("String = %s", n)
			}
			made := sequenceOf(&catalog.Shard{Number: tt.shard, CreatedSec: n.CreatedSec()}, engine.Position(tt.counter), n.TimeSec())
			if made != n {
				t.Errorf("made %v, want %v", made, n)
			}
		})
	}
}

func TestSequenceOfTheOtherVersions(t *testing.T) {
	fromHex := func(s string) string {
		n, ok := new(big.Int).SetString(s, 16)
		if !ok {
			t.Fatalf("hex %q", s)
		}
		return n.String()
	}
	tests := []struct {
		name, number string
		version      int
		shard        uint32
		created, at  int64
		counter      uint64
		refused      bool
	}{
		{name: "tiny", number: "5", shard: 5},
		{name: "zero", number: "0"},
		{name: "version 0", number: fromHex("1" + "00056abcd" + "00" + "0000000000000102" + "0007"),
			shard: 7, created: 0x56abcd, at: 0x56abcd, counter: 0x102},
		{name: "version 0 with another first digit", number: fromHex("f" + "3bb2cc3d7" + "ff" + "7fffffffffffffff" + "0000"),
			created: 16025174999, at: 16025174999, counter: 1<<63 - 1},
		{name: "version 0 created too late", number: fromHex("1" + "3bb2cc3d8" + strings.Repeat("0", 22)), refused: true},
		{name: "behind version 0", number: fromHex("1" + strings.Repeat("0", 32)), refused: true},
		{name: "version 1", number: fromHex("2" + "00056abcd" + "7" + "00" + "00056abce" + "0123456789abcd" + "ef" + "00000017" + "1"),
			version: 1, shard: 0x17, created: 0x56abcd, at: 0x56abce, counter: 0xef},
		{name: "version 3", number: fromHex("2" + strings.Repeat("0", 45) + "3"), refused: true},
		{name: "counter too high", number: fromHex("2" + "00056abcd" + "0" + "8000000000000000" + "00" + "00056abcd" + "00000000" + "2"), refused: true},
		{name: "highest counter", number: fromHex("2" + "00056abcd" + "0" + "7fffffffffffffff" + "00" + "00056abcd" + "00000000" + "2"),
			version: 2, created: 0x56abcd, at: 0x56abcd, counter: 1<<63 - 1},
		{name: "created too late", number: fromHex("2" + "3bb2ced78" + strings.Repeat("0", 36) + "2"), refused: true},
		{name: "other constant", number: fromHex("3" + strings.Repeat("0", 45) + "2"), refused: true},
		{name: "two words over", number: strings.Repeat("9", 58), refused: true},
		{name: "129 digits", number: strings.Repeat("9", 129), refused: true},
		{name: "empty", refused: true},
		{name: "letters", number: "49x", refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := ParseSequenceNumber(tt.number)
			if (err != nil) != tt.refused {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			if n.Version() != tt.version || n.Shard() != tt.shard || n.CreatedSec() != tt.created || n.TimeSec() != tt.at || n.Counter() != tt.counter {
				t.Errorf("version %d, shard %d, created %d, time %d, counter %d",
					n.Version(), n.Shard(), n.CreatedSec(), n.TimeSec(), n.Counter())
			}
			if n.String() != tt.number {
				t.Errorf("String = %s, want %s", n, tt.number)
			}
		})
	}
}

func TestSequenceEndsOfAShard(t *testing.T) {
	sh := &catalog.Shard{Number: 3, CreatedSec: 1_700_000_000}
	if _, ok := EndingSequence(sh); ok {
		t.Error("an open shard has an end")
	}
	start := StartingSequence(sh)
	first := sequenceOf(sh, 1, sh.CreatedSec)
	last := sequenceOf(sh, 1<<40, sh.CreatedSec+100)
	sh.Closed, sh.ClosedMs = true, (sh.CreatedSec+100)*1000+999
	end, ok := EndingSequence(sh)
	child := StartingSequence(&catalog.Shard{Number: 1, CreatedSec: sh.ClosedMs/1000 + 1})
	for i, n := range []SequenceNumber{start, first, last, end} {
		if next := []SequenceNumber{first, last, end, child}[i]; !ok || n.Cmp(next) >= 0 {
			t.Errorf("%v is not below %v", n, next)
		}
		if len(n.String()) != 56 {
			t.Errorf("%v has %d digits", n, len(n.String()))
		}
	}
	if end.Counter() != 1<<63-1 || end.TimeSec() != sh.CreatedSec+100 {
		t.Errorf("end has counter %x and time %d", end.Counter(), end.TimeSec())
	}
}

func bigOf(n SequenceNumber) *big.Int {
	b := new(big.Int)
	for _, w := range []uint64{n.hi, n.mid, n.lo} {
		b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(w))
	}
	return b
}

func TestSequenceDecimalAgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		n := SequenceNumber{r.Uint64() >> r.UintN(65), r.Uint64() >> r.UintN(65), r.Uint64() >> r.UintN(65)}
		o := SequenceNumber{n.hi, r.Uint64(), r.Uint64()}
		if n.String() != bigOf(n).String() {
			t.Fatalf("String = %s, want %s", n, bigOf(n))
		}
		if back, ok := parseDecimal(n.String()); !ok || back != n {
			t.Fatalf("parse %s = %v", n, back)
		}
		if n.Cmp(o) != bigOf(n).Cmp(bigOf(o)) {
			t.Fatalf("order of %v and %v", n, o)
		}
	}
}

func FuzzParseSequenceNumber(f *testing.F) {
	for _, s := range []string{"0", "5", "49600871682957036442365024926191073437251060580128653314", "-1", strings.Repeat("9", 129)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseSequenceNumber(s)
		if err != nil {
			return
		}
		if v := n.Version(); v < 0 || v > 2 {
			t.Fatalf("version %d", v)
		}
		if want := strings.TrimLeft(s, "0"); n.String() != want && !(want == "" && n.String() == "0") {
			t.Fatalf("%q reads as %v", s, n)
		}
	})
}

func TestShardIDs(t *testing.T) {
	tests := []struct {
		in   string
		want uint32
		ok   bool
	}{
		{"shardId-000000000007", 7, true},
		{"shardId-0", 0, true},
		{"anything-12", 12, true},
		{"3", 3, true},
		{"shardId-002147483647", 2147483647, true},
		{"shardId-002147483648", 0, false},
		{"shardId-", 0, false},
		{"shardId-x", 0, false},
		{"shardId--1", 1, true},
		{"shardId-+1", 0, false},
		{"", 0, false},
	}
	for _, tt := range tests {
		got, err := ParseShardID(tt.in)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("ParseShardID(%q) = %d, %v", tt.in, got, err)
		}
	}
	for _, n := range []uint32{0, 7, 1234567890, 1<<32 - 1} {
		if id := ShardID(n); len(id) != 20 || !strings.HasPrefix(id, "shardId-0") {
			t.Errorf("ShardID(%d) = %q", n, id)
		}
	}
}

func BenchmarkSequenceAppendDecimal(b *testing.B) {
	n := sequenceOf(&catalog.Shard{Number: 9, CreatedSec: 1_700_000_000}, 123456, 1_700_000_100)
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		buf = n.AppendDecimal(buf[:0])
	}
}
