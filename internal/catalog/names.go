package catalog

import (
	"encoding/hex"
	"fmt"

	"millrace/internal/engine"
)

// names are the words that stand for small numbers in what is stored, so that
// a constant may be renumbered without changing what is on disk.
type names[T ~uint8] map[T]string

func (n names[T]) name(v T) string {
	if s, ok := n[v]; ok {
		return s
	}
	return fmt.Sprintf("unknown(%d)", v)
}

func (n names[T]) value(s string) (T, error) {
	for v, name := range n {
		if name == s {
			return v, nil
		}
	}
	return 0, fmt.Errorf("unknown word %q", s)
}

// UID is a stream uid in the form it has in commands and snapshots, 32 lower-case hexadecimal digits.
type UID engine.StreamUID

// MarshalText gives the digits.
func (u UID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, u[:]), nil }

// UnmarshalText reads them.
func (u *UID) UnmarshalText(text []byte) error {
	if len(text) != 2*len(u) {
		return fmt.Errorf("uid has %d digits, want %d", len(text), 2*len(u))
	}
	_, err := hex.Decode(u[:], text)
	return err
}
