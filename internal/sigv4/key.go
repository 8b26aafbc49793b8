package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"sync"
)

// maxCachedKeys bounds the cache of signing keys. A client uses one key a day
// for each region, so this is plenty; past it, some other key makes room.
const maxCachedKeys = 512

// stringToSign is step 3 of the recipe; canonical is the hash of step 2.
func (s scope) stringToSign(stamp, canonical string) []byte {
	b := make([]byte, 0, 192)
	b = append(b, Algorithm+"\n"...)
	b = append(b, stamp...)
	b = append(b, '\n')
	for _, part := range [...]string{s.date, s.region, s.service} {
		b = append(b, part...)
		b = append(b, '/')
	}
	b = append(b, s.term...)
	b = append(b, '\n')
	return append(b, canonical...)
}

// signingKey is a derived key, valid for one day, region and service.
type signingKey [sha256.Size]byte

// sign gives the signature in lower-case hexadecimal.
func sign(key signingKey, text []byte) []byte {
	sum := hmacSum(key[:], text)
	return hex.AppendEncode(nil, sum[:])
}

// derive is the chain of hashes from a secret to a signing key.
func derive(secret Secret, s scope) signingKey {
	key := hmacSum([]byte("AWS4"+secret.Reveal()), []byte(s.date))
	key = hmacSum(key[:], []byte(s.region))
	key = hmacSum(key[:], []byte(s.service))
	return hmacSum(key[:], []byte(s.term))
}

func hmacSum(key, text []byte) (sum signingKey) {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	h.Sum(sum[:0])
	return sum
}

// keyCache remembers derived keys. The zero value is empty and ready.
type keyCache struct {
	mu   sync.RWMutex // guards keys; never held while deriving
	keys map[scope]cachedKey
}

type cachedKey struct {
	secret Secret // what key was derived from: a rotated secret misses
	key    signingKey
}

// get returns the signing key for a scope. id stands for the access key; the
// keys of unknown clients share one id, and so cost what those of known
// clients cost.
func (c *keyCache) get(id string, secret Secret, s scope) signingKey {
	s.accessKey = id
	if len(s.region)+len(s.service)+len(id) > 256 {
		return derive(secret, s) // nothing that long is worth remembering
	}
	c.mu.RLock()
	cached, ok := c.keys[s]
	c.mu.RUnlock()
	if ok && subtle.ConstantTimeCompare([]byte(cached.secret.Reveal()), []byte(secret.Reveal())) == 1 {
		return cached.key
	}
	key := derive(secret, s)
	c.put(s, cachedKey{secret, key})
	return key
}

func (c *keyCache) put(s scope, k cachedKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = make(map[scope]cachedKey)
	}
	for other := range c.keys {
		if len(c.keys) < maxCachedKeys {
			break
		}
		delete(c.keys, other)
	}
	c.keys[s] = k
}
