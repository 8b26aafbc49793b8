package streams

import (
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"millrace/internal/catalog"
)

// TestEveryBitOfATokenCounts flips each bit of many tokens, iterators and
// tokens of listings alike, and wants none of the results accepted.
func TestEveryBitOfATokenCounts(t *testing.T) {
	h := newHouse(t, 0)
	tokens := 1000
	if testing.Short() {
		tokens = 100
	}
	flips := 0
	for n := range tokens {
		stream := named(fmt.Sprintf("s%0*d", 1+n%100, n))
		iterator := h.SealIterator(Iterator{Name: stream, Shard: uint32(n), IssuedMs: h.nowMs()})
		listing := h.SealToken("ListShards", stream.Account, fmt.Appendf(nil, "state %d", n))
		flips += h.flip(iterator, func(s string) error { _, err := h.OpenIterator(s); return err }, ErrIteratorInvalid)
		flips += h.flip(listing, func(s string) error { _, err := h.OpenToken("ListShards", stream.Account, s); return err }, ErrTokenInvalid)
		h.clock.Advance(time.Second)
	}
	t.Logf("S3: %d tokens, %d flipped bits, none accepted", 2*tokens, flips)
}

// flip opens a token with each of its bits flipped.
func (h *house) flip(token string, open func(string) error, want error) (flips int) {
	h.Helper()
	raw, err := base64.StdEncoding.DecodeString(token)
	h.ok(err)
	h.ok(open(token))
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		if err := open(base64.StdEncoding.EncodeToString(raw)); !errors.Is(err, want) {
			h.Errorf("bit %d of %d flipped: %v, want %v", i, len(raw)*8, err, want)
		}
		raw[i/8] ^= 1 << (i % 8)
	}
	return len(raw) * 8
}

// TestTokensServeOnePurpose tries tokens where they do not belong.
func TestTokensServeOnePurpose(t *testing.T) {
	h := newHouse(t, 0)
	operations := []string{"ListShards", "ListStreams", "ListStreamConsumers", "ListTagsForStream", iteratorPurpose, ""}
	accounts := []string{"000000000000", "000000000001", "100000000000", ""}
	for _, operation := range operations {
		for _, account := range accounts {
			token := h.SealToken(operation, account, []byte("state"))
			for _, otherOperation := range operations {
				for _, otherAccount := range accounts {
					_, err := h.OpenToken(otherOperation, otherAccount, token)
					own := operation == otherOperation && account == otherAccount
					if own != (err == nil) || !own && !errors.Is(err, ErrTokenInvalid) {
						t.Errorf("a token of %s for %q opens as %s for %q: %v", operation, account, otherOperation, otherAccount, err)
					}
				}
			}
			if _, err := h.OpenIterator(token); !errors.Is(err, ErrIteratorInvalid) {
				t.Errorf("a token of %s is taken for an iterator: %v", operation, err)
			}
		}
	}
}

// TestIteratorOfAnEarlierStream reads with iterators of a stream that was
// deleted and made again, and of another that has the same shards.
func TestIteratorOfAnEarlierStream(t *testing.T) {
	h := newHouse(t, 0)
	st := h.create("again", 2)
	h.put("again", "k", "of the first life")
	var old []Iterator
	for shard := range uint32(2) {
		it, err := h.Open(t.Context(), st, shard, Start{Type: TrimHorizon})
		h.ok(err)
		old = append(old, it)
	}
	h.ok(h.Delete(t.Context(), named("again")))
	h.clock.Advance(time.Second)
	h.create("again", 2)
	h.put("again", "k", "of the second life")
	for _, it := range old {
		opened, err := h.OpenIterator(h.SealIterator(it))
		h.ok(err)
		page, err := h.Read(t.Context(), opened, 10, 1<<20)
		if err == nil || len(page.Records) > 0 {
			t.Errorf("shard %d: an iterator of the first life reads %d records, %v", it.Shard, len(page.Records), err)
		}
	}
	// Nobody but the server can make one, but if: the name does not help a
	// uid of another account's stream.
	st = h.look("again")
	stolen := Iterator{Name: catalog.Name{Account: "999999999999", Region: "us-east-1", Stream: "again"}, UID: old[0].UID, IssuedMs: h.nowMs()}
	if page, err := h.Read(t.Context(), stolen, 10, 1<<20); err == nil {
		t.Errorf("read %d records with a uid that is gone", len(page.Records))
	}
}
