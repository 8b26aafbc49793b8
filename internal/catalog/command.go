package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Command is one entry of the catalog's log. The kinds are the exported types
// of this package with an apply method.
type Command interface {
	// kind is the word that stands for the type in the log.
	kind() string
	// check says what is out of bounds in a command that was read, so that
	// apply may trust it.
	check() error
	// apply carries the command out. It must depend on nothing but the state
	// and the command, and must leave the state alone where it refuses.
	apply(*State) Outcome
}

// kinds makes the empty command for each word. A word stands for one form of
// the command forever: a changed form gets a word of its own.
var kinds = map[string]func() Command{
	"install":          func() Command { return new(Install) },
	"create_stream":    func() Command { return new(CreateStream) },
	"activate":         func() Command { return new(Activate) },
	"delete_stream":    func() Command { return new(DeleteStream) },
	"purge":            func() Command { return new(Purge) },
	"begin_split":      func() Command { return new(BeginSplit) },
	"begin_merge":      func() Command { return new(BeginMerge) },
	"begin_resize":     func() Command { return new(BeginResize) },
	"begin_retention":  func() Command { return new(BeginRetention) },
	"commit_reshard":   func() Command { return new(CommitReshard) },
	"commit_retention": func() Command { return new(CommitRetention) },
	"tag":              func() Command { return new(Tag) },
	"untag":            func() Command { return new(Untag) },
	"expire_shards":    func() Command { return new(ExpireShards) },

	"register_consumer":    func() Command { return new(RegisterConsumer) },
	"activate_consumer":    func() Command { return new(ActivateConsumer) },
	"deregister_consumer":  func() Command { return new(DeregisterConsumer) },
	"purge_consumer":       func() Command { return new(PurgeConsumer) },
	"tag_consumer":         func() Command { return new(TagConsumer) },
	"untag_consumer":       func() Command { return new(UntagConsumer) },
	"delete_unused_stream": func() Command { return new(DeleteUnusedStream) },
}

// commandVersion is the version of the envelope.
const commandVersion = 1

// maxCommandBytes bounds a command; the largest are commits of a reshard.
const maxCommandBytes = 1 << 20

// ErrFormat says that stored bytes are no command or snapshot of a version
// that this program knows.
var ErrFormat = errors.New("catalog: unknown format")

type envelope struct {
	Version int             `json:"v"`
	Kind    string          `json:"kind"`
	Body    json.RawMessage `json:"body"`
}

// Encode gives the stored form of a command.
func Encode(c Command) []byte {
	return mustJSON(envelope{commandVersion, c.kind(), mustJSON(c)})
}

// Decode is the inverse of Encode. A command it cannot read in full is an
// error (ErrFormat): skipping what others applied would part the states.
func Decode(stored []byte) (Command, error) {
	if len(stored) > maxCommandBytes {
		return nil, fmt.Errorf("%w: command of %d bytes", ErrFormat, len(stored))
	}
	var e envelope
	if err := strictJSON(stored, &e); err != nil {
		return nil, err
	}
	if e.Version != commandVersion {
		return nil, fmt.Errorf("%w: command version %d, want %d", ErrFormat, e.Version, commandVersion)
	}
	empty := kinds[e.Kind]
	if empty == nil {
		return nil, fmt.Errorf("%w: command kind %q", ErrFormat, e.Kind)
	}
	c := empty()
	if err := strictJSON(e.Body, c); err != nil {
		return nil, fmt.Errorf("%s: %w", e.Kind, err)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, e.Kind, err)
	}
	return c, nil
}

func strictJSON(stored []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(stored))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more than one value", ErrFormat)
	}
	return nil
}

// mustJSON encodes types of this package, which cannot fail.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
