package hashkey

import (
	"crypto/md5"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

func bigOf(k Key) *big.Int {
	b := new(big.Int).SetUint64(k.Hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(k.Lo))
}

var modulus = new(big.Int).Lsh(big.NewInt(1), 128)

func TestOf(t *testing.T) {
	for _, key := range []string{"", "a", "partitionKey", strings.Repeat("é", 256)} {
		sum := md5.Sum([]byte(key))
		want := new(big.Int).SetBytes(sum[:])
		if got := Of(key); bigOf(got).Cmp(want) != 0 {
			t.Errorf("Of(%q) = %v, want %v", key, got, want)
		}
	}
}

func TestOfAllocatesNothing(t *testing.T) {
	key := strings.Repeat("k", 200)
	if n := testing.AllocsPerRun(100, func() { Of(key) }); n != 0 {
		t.Errorf("Of allocates %v times", n)
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, in string
		want     Key
		err      error
	}{
		{"zero", "0", Key{}, nil},
		{"one word", "18446744073709551615", Key{0, ^uint64(0)}, nil},
		{"two words", "18446744073709551616", Key{1, 0}, nil},
		{"max", "340282366920938463463374607431768211455", Max, nil},
		{"2^128", "340282366920938463463374607431768211456", Key{}, ErrRange},
		{"39 nines", strings.Repeat("9", 39), Key{}, ErrRange},
		{"200 nines", strings.Repeat("9", 200), Key{}, ErrRange},
		{"empty", "", Key{}, ErrSyntax},
		{"sign", "-1", Key{}, ErrSyntax},
		{"letter behind overflow", strings.Repeat("9", 50) + "x", Key{}, ErrSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Parse(%q) = %v, %v, want %v, %v", tt.in, got, err, tt.want, tt.err)
			}
		})
	}
}

// randomKey has few bits set at times, so that carries and short forms occur.
func randomKey(r *rand.Rand) Key {
	return Key{r.Uint64() >> (r.UintN(65)), r.Uint64() >> (r.UintN(65))}
}

func TestArithmeticAgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		a, b := randomKey(r), randomKey(r)
		x, y := bigOf(a), bigOf(b)
		check := func(op string, got Key, want *big.Int) {
			t.Helper()
			if bigOf(got).Cmp(want) != 0 {
				t.Fatalf("%s of %v and %v = %v, want %v", op, x, y, got, want)
			}
		}
		sum := new(big.Int).Add(x, y)
		check("Half", Half(a, b), new(big.Int).Rsh(sum, 1))
		check("Add", a.Add(b), new(big.Int).Mod(sum, modulus))
		check("Sub", a.Sub(b), new(big.Int).Mod(new(big.Int).Sub(x, y), modulus))
		n := r.UintN(128)
		check("Rsh", a.Rsh(n), new(big.Int).Rsh(x, n))
		if a.Cmp(b) != x.Cmp(y) || a.Less(b) != (x.Cmp(y) < 0) {
			t.Fatalf("order of %v and %v", x, y)
		}
		if a.String() != x.String() {
			t.Fatalf("String = %s, want %s", a, x)
		}
		if back, err := Parse(x.String()); err != nil || back != a {
			t.Fatalf("Parse(%s) = %v, %v", x, back, err)
		}
	}
}

func TestRanges(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 7, 64, 1000, 10000} {
		want := new(big.Int).Div(modulus, big.NewInt(int64(n)))
		ranges := Ranges(n)
		if len(ranges) != n || ranges[0].Start != (Key{}) || ranges[n-1].End != Max {
			t.Fatalf("Ranges(%d) does not cover the space: %v", n, ranges)
		}
		for i, r := range ranges {
			if i > 0 && !ranges[i-1].Adjacent(r) {
				t.Fatalf("Ranges(%d): hole before %d", n, i)
			}
			start := new(big.Int).Mul(want, big.NewInt(int64(i)))
			if bigOf(r.Start).Cmp(start) != 0 {
				t.Fatalf("Ranges(%d)[%d].Start = %v, want %v", n, i, r.Start, start)
			}
		}
	}
}

// The ends that DescribeStream shows for a new stream of three shards.
func TestRangesOfThree(t *testing.T) {
	want := []string{
		"113427455640312821154458202477256070484",
		"226854911280625642308916404954512140969",
		"340282366920938463463374607431768211455",
	}
	for i, r := range Ranges(3) {
		if r.End.String() != want[i] {
			t.Errorf("end %d = %s, want %s", i, r.End, want[i])
		}
	}
}

func TestRangeEdges(t *testing.T) {
	r := Range{Key{0, 5}, Key{0, 9}}
	for k, want := range map[uint64]bool{4: false, 5: true, 9: true, 10: false} {
		if r.Contains(Key{0, k}) != want {
			t.Errorf("Contains(%d) = %v", k, !want)
		}
	}
	if !r.Adjacent(Range{Key{0, 10}, Max}) || r.Adjacent(Range{Key{0, 11}, Max}) {
		t.Error("Adjacent is wrong at the border")
	}
	if Whole.Adjacent(Whole) {
		t.Error("the end of the space is adjacent to its start")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0", "1", "340282366920938463463374607431768211455", "x", "-1", "00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := Parse(s)
		want, ok := new(big.Int), s != ""
		for _, c := range []byte(s) {
			ok = ok && c >= '0' && c <= '9'
		}
		if ok {
			want.SetString(s, 10)
			ok = want.Cmp(modulus) < 0
		}
		if ok != (err == nil) || ok && bigOf(k).Cmp(want) != 0 {
			t.Fatalf("Parse(%q) = %v, %v", s, k, err)
		}
	})
}

func BenchmarkAppendDecimal(b *testing.B) {
	buf := make([]byte, 0, 64)
	k := Of("some key")
	b.ReportAllocs()
	for b.Loop() {
		buf = k.AppendDecimal(buf[:0])
	}
}
