package catalog

import "fmt"

// KeyBytes is the length of the installation's key.
const KeyBytes = 32

// Install sets the key that seals shard iterators and tokens. The first one
// wins; later ones change nothing and are no error.
type Install struct {
	Key []byte `json:"key"` // KeyBytes random bytes
}

func (c *Install) kind() string { return "install" }

func (c *Install) check() error {
	if len(c.Key) != KeyBytes {
		return fmt.Errorf("key of %d bytes, want %d", len(c.Key), KeyBytes)
	}
	return nil
}

func (c *Install) apply(s *State) Outcome {
	if s.key == nil {
		s.key = c.Key
	}
	return Outcome{}
}
