package streams

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync/atomic"
)

// A sealed token is the standard base64 of
//
//	 8 bytes  version of the format, 1 (real shard iterators start alike)
//	 4 bytes  window: issue time in units of 10 minutes, big-endian
//	12 bytes  nonce, random
//	 n bytes  AES-256-GCM of the payload, its 16-byte tag at the end
//
// The key of a window is HMAC-SHA256(installation key, "millrace token " and
// the window). Keys of their own for the windows keep the random nonces of one
// key far below 2^32, however long the installation lives. The additional
// data are version, window, and what the token is for.
const (
	tokenVersion   = 1
	tokenHeader    = 8 + 4
	tokenNonce     = 12
	tokenOverhead  = tokenHeader + tokenNonce + 16 // what a token is longer than its payload
	tokenWindowMs  = 600_000
	tokenLifeMs    = 300_000
	maxTokenChars  = 1 << 20 // NextToken (API reference, ListShards)
	maxIteratorLen = 512     // ShardIterator (API reference, GetRecords)
)

var tokenEncoding = base64.StdEncoding.Strict()

// sealer seals and opens tokens. It is safe for concurrent use.
type sealer struct {
	key []byte
	// recent are the keys of an even and an odd window.
	recent [2]atomic.Pointer[windowKey]
}

type windowKey struct {
	window uint32
	aead   cipher.AEAD
}

func newSealer(key []byte) *sealer { return &sealer{key: key} }

// windowKey returns the key of a window, without keeping it: a window that
// came from outside must not push out one that is in use.
func (z *sealer) windowKey(window uint32) *windowKey {
	if k := z.recent[window&1].Load(); k != nil && k.window == window {
		return k
	}
	mac := hmac.New(sha256.New, z.key)
	mac.Write(binary.BigEndian.AppendUint32([]byte("millrace token "), window))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // the key has the right length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &windowKey{window, aead}
}

func (z *sealer) keep(k *windowKey) { z.recent[k.window&1].Store(k) }

// seal makes the token of a payload for one purpose, issued at nowMs. fill
// draws the nonce.
func (z *sealer) seal(purpose string, payload []byte, nowMs int64, fill func([]byte)) string {
	window := uint32(nowMs / tokenWindowMs)
	k := z.windowKey(window)
	z.keep(k)
	raw := make([]byte, tokenHeader+tokenNonce, tokenHeader+tokenNonce+len(payload)+k.aead.Overhead())
	raw[7] = tokenVersion
	binary.BigEndian.PutUint32(raw[8:], window)
	nonce := raw[tokenHeader:]
	fill(nonce)
	raw = k.aead.Seal(raw, nonce, payload, additional(raw, purpose))
	return tokenEncoding.EncodeToString(raw)
}

// open is the inverse of seal.
func (z *sealer) open(purpose, token string, maxChars int) (payload []byte, ok bool) {
	if len(token) > maxChars || strings.ContainsAny(token, "\r\n") {
		return nil, false // the decoder would pass line ends over
	}
	raw, err := tokenEncoding.DecodeString(token)
	if err != nil || len(raw) < tokenHeader+tokenNonce || binary.BigEndian.Uint64(raw) != tokenVersion {
		return nil, false
	}
	k := z.windowKey(binary.BigEndian.Uint32(raw[8:]))
	nonce, sealed := raw[tokenHeader:tokenHeader+tokenNonce], raw[tokenHeader+tokenNonce:]
	payload, err = k.aead.Open(sealed[:0], nonce, sealed, additional(raw, purpose))
	if err != nil {
		return nil, false
	}
	z.keep(k)
	return payload, true
}

func additional(raw []byte, purpose string) []byte {
	return append(append(make([]byte, 0, 64), raw[:tokenHeader]...), purpose...)
}

// SealToken seals the state of a paged listing for one operation and account, issued now.
func (s *Service) SealToken(operation, account string, state []byte) string {
	now := s.nowMs()
	payload := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(state)), uint64(now))
	return s.sealer.seal(purpose(operation, account), append(payload, state...), now, s.fill)
}

// OpenToken is the inverse of SealToken. Errors: ErrTokenInvalid, *TokenExpiredError.
func (s *Service) OpenToken(operation, account, token string) ([]byte, error) {
	payload, ok := s.sealer.open(purpose(operation, account), token, maxTokenChars)
	if !ok || len(payload) < 8 {
		return nil, ErrTokenInvalid
	}
	issued, now := int64(binary.BigEndian.Uint64(payload)), s.nowMs()
	if now-issued > tokenLifeMs {
		return nil, &TokenExpiredError{IssuedMs: issued, NowMs: now}
	}
	return payload[8:], nil
}

// purpose ties a token to an operation and an account; the zero byte keeps
// the two apart.
func purpose(operation, account string) string { return operation + "\x00" + account }
