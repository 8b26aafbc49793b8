package streams

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

func TestIteratorSealing(t *testing.T) {
	h := newHouse(t, 0)
	it := Iterator{
		Name:     catalog.Name{Account: "123456789012", Region: "ap-southeast-2", Stream: strings.Repeat("s", 128)},
		UID:      engine.StreamUID{1, 2, 3},
		Shard:    1<<31 - 1,
		From:     1<<63 - 1,
		IssuedMs: h.nowMs(),
	}
	token := h.SealIterator(it)
	if len(token) > 512 {
		t.Errorf("%d characters", len(token))
	}
	if again := h.SealIterator(it); again == token {
		t.Error("two calls gave the same string")
	}
	for _, form := range []string{token, `"` + token + `"`} {
		if got, err := h.OpenIterator(form); err != nil || got != it {
			t.Errorf("opened %+v, %v", got, err)
		}
	}
	h.reopen()
	if got, err := h.OpenIterator(token); err != nil || got != it {
		t.Errorf("after a restart %+v, %v", got, err)
	}
	h.clock.Advance(300 * time.Second)
	if _, err := h.OpenIterator(token); err != nil {
		t.Errorf("after 300 s: %v", err)
	}
	h.clock.Advance(time.Millisecond)
	_, err := h.OpenIterator(token)
	if e := wantError[*IteratorExpiredError](t, err); e.NowMs-e.IssuedMs != 300_001 {
		t.Errorf("%+v", e)
	}
	h.clock.Advance(10 * 24 * time.Hour)
	_, err = h.OpenIterator(token)
	wantError[*IteratorExpiredError](t, err)
}

// TestIteratorLength: iterators are as long as those of the service, whose
// length tells of the name's alone.
func TestIteratorLength(t *testing.T) {
	h := newHouse(t, 0)
	for length, want := range map[int]int{1: 152, 13: 152, 14: 168, 29: 168, 30: 184, 128: 280} {
		for _, region := range []string{"us-east-1", "us-isob-northeast-12"} {
			it := Iterator{Name: catalog.Name{Account: "123456789012", Region: region, Stream: strings.Repeat("s", length)}, IssuedMs: h.nowMs()}
			token := h.SealIterator(it)
			raw, err := base64.StdEncoding.DecodeString(token)
			if err != nil || len(raw) != want {
				t.Errorf("name of %d in %s: %d bytes, %v, want %d", length, region, len(raw), err, want)
			}
			if got, err := h.OpenIterator(token); err != nil || got != it {
				t.Errorf("opened %+v, %v", got, err)
			}
		}
	}
}

func TestDamagedIteratorsAreRefused(t *testing.T) {
	h := newHouse(t, 0)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n\" "
	var token string
	// The last character stands for 6, 4 or 2 bits, by the length of the name.
	for _, name := range []string{"s", "ss", "sss"} {
		token = h.SealIterator(Iterator{Name: named(name), IssuedMs: h.nowMs()})
		for i := range token {
			for _, c := range []byte(alphabet) {
				bad := []byte(token)
				bad[i] = c
				if _, err := h.OpenIterator(string(bad)); c != token[i] && !errors.Is(err, ErrIteratorInvalid) {
					t.Fatalf("character %d of %d changed from %q to %q: %v", i, len(token), token[i], c, err)
				}
			}
		}
	}
	for name, bad := range map[string]string{
		"empty":      "",
		"quote":      `"`,
		"cut":        token[:len(token)-4],
		"longer":     token + "AAAA",
		"line break": token[:8] + "\n" + token[8:],
		"too long":   strings.Repeat("A", 1000),
		"listing":    h.SealToken(iteratorPurpose, "", []byte("x")),
		"header":     token[:16],
	} {
		if _, err := h.OpenIterator(bad); !errors.Is(err, ErrIteratorInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := newHouse(t, 0)
	if _, err := other.OpenIterator(token); !errors.Is(err, ErrIteratorInvalid) {
		t.Errorf("another installation: %v", err)
	}
}

func TestTokens(t *testing.T) {
	h := newHouse(t, 0)
	token := h.SealToken("ListShards", "123456789012", []byte("state"))
	if state, err := h.OpenToken("ListShards", "123456789012", token); err != nil || string(state) != "state" {
		t.Errorf("opened %q, %v", state, err)
	}
	for _, use := range [][2]string{{"ListStreams", "123456789012"}, {"ListShards", "123456789013"}, {"ListShards1", "23456789012"}} {
		if _, err := h.OpenToken(use[0], use[1], token); !errors.Is(err, ErrTokenInvalid) {
			t.Errorf("%v: %v", use, err)
		}
	}
	h.clock.Advance(300_001 * time.Millisecond)
	_, err := h.OpenToken("ListShards", "123456789012", token)
	wantError[*TokenExpiredError](t, err)
}

func FuzzOpenIterator(f *testing.F) {
	h := newHouse(f, 0)
	token := h.SealIterator(Iterator{Name: named("s"), IssuedMs: h.nowMs()})
	f.Add(token)
	f.Add("AAAAAAAAAAE=")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := h.OpenIterator(s); err == nil && s != token && s != `"`+token+`"` {
			t.Fatalf("%q was accepted", s)
		}
	})
}

// The seal keeps strangers out; the decoder behind it still must not panic.
func FuzzDecodeIterator(f *testing.F) {
	f.Add([]byte{iteratorVersion})
	f.Add(append(make([]byte, iteratorFixed), 1, 'a', 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) { decodeIterator(b) })
}

func BenchmarkSealIterator(b *testing.B) {
	h := newHouse(b, 0)
	it := Iterator{Name: named("some-stream"), IssuedMs: h.nowMs()}
	b.ReportAllocs()
	for b.Loop() {
		h.SealIterator(it)
	}
}
