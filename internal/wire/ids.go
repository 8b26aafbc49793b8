package wire

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
)

// ids makes the identifiers of requests. They must be unlike each other, not
// unguessable, so a fast generator with a random seed is enough.
type ids struct {
	mu  sync.Mutex // guards rng
	rng *rand.ChaCha8
}

func newIDs(seed io.Reader) (*ids, error) {
	var s [32]byte
	if _, err := io.ReadFull(seed, s[:]); err != nil {
		return nil, fmt.Errorf("seed of request ids: %w", err)
	}
	return &ids{rng: rand.NewChaCha8(s)}, nil
}

func (g *ids) fill(b []byte) {
	g.mu.Lock()
	_, _ = g.rng.Read(b) // never fails
	g.mu.Unlock()
}

// requestID is a random UUID (RFC 9562, version 4) in lower case.
func (g *ids) requestID() string {
	var u [16]byte
	g.fill(u[:])
	u[6] = u[6]&0x0F | 0x40
	u[8] = u[8]&0x3F | 0x80
	var t [36]byte
	hex.Encode(t[0:8], u[0:4])
	hex.Encode(t[9:13], u[4:6])
	hex.Encode(t[14:18], u[6:8])
	hex.Encode(t[19:23], u[8:10])
	hex.Encode(t[24:36], u[10:16])
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
	return string(t[:])
}

// extendedID is x-amz-id-2: 64 to 80 random bytes in base64.
func (g *ids) extendedID() string {
	var b [81]byte
	g.fill(b[:])
	return base64.StdEncoding.EncodeToString(b[1 : 65+b[0]%17])
}
