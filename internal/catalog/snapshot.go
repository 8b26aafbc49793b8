package catalog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// snapshotVersion is the version of the snapshot's envelope.
const snapshotVersion = 1

// part is a piece of the state with its place in the snapshot. Its form is
// versioned by its name: a changed form gets a name of its own, and the old
// one can still be read.
type part struct {
	name string
	save func(*State) any
	load func(*State, json.RawMessage) error
}

var parts = []part{
	{"installation", saveInstallation, loadInstallation},
	{"streams", saveStreams, loadStreams},
	{"consumers", saveConsumers, loadConsumers}, // absent before there were any
}

type snapshotForm struct {
	Version int                        `json:"v"`
	Parts   map[string]json.RawMessage `json:"parts"`
}

// Snapshot gives the stored form of the state. Equal states give equal bytes.
func (s *State) Snapshot() []byte {
	f := snapshotForm{snapshotVersion, map[string]json.RawMessage{}}
	for _, p := range parts {
		f.Parts[p.name] = mustJSON(p.save(s))
	}
	return mustJSON(f)
}

// Restore is the inverse of Snapshot. The error is ErrFormat, wrapped.
func Restore(stored []byte) (*State, error) {
	var f snapshotForm
	if err := strictJSON(stored, &f); err != nil {
		return nil, err
	}
	if f.Version != snapshotVersion {
		return nil, fmt.Errorf("%w: snapshot version %d, want %d", ErrFormat, f.Version, snapshotVersion)
	}
	s := NewState()
	for _, p := range parts {
		if raw, ok := f.Parts[p.name]; ok {
			if err := p.load(s, raw); err != nil {
				return nil, fmt.Errorf("snapshot part %s: %w", p.name, err)
			}
			delete(f.Parts, p.name)
		}
	}
	for name := range f.Parts {
		return nil, fmt.Errorf("%w: snapshot part %q", ErrFormat, name)
	}
	return s, nil
}

func saveInstallation(s *State) any { return &Install{s.key} }

func loadInstallation(s *State, raw json.RawMessage) error {
	var i Install
	if err := strictJSON(raw, &i); err != nil {
		return err
	}
	if i.Key != nil {
		if err := i.check(); err != nil {
			return fmt.Errorf("%w: %w", ErrFormat, err)
		}
	}
	s.key = i.Key
	return nil
}

func saveStreams(s *State) any {
	forms := make([]*streamForm, 0, len(s.byUID))
	for _, st := range s.byUID {
		forms = append(forms, formOf(st))
	}
	slices.SortFunc(forms, func(a, b *streamForm) int {
		return cmp.Or(
			cmp.Compare(a.Name.Account, b.Name.Account),
			cmp.Compare(a.Name.Region, b.Name.Region),
			cmp.Compare(a.Name.Stream, b.Name.Stream))
	})
	return forms
}

func loadStreams(s *State, raw json.RawMessage) error {
	var forms []*streamForm
	if err := strictJSON(raw, &forms); err != nil {
		return err
	}
	for _, f := range forms {
		if f == nil {
			return fmt.Errorf("%w: no stream", ErrFormat)
		}
		st, err := f.stream()
		if err != nil {
			return fmt.Errorf("%w: stream %q: %w", ErrFormat, f.Name.Stream, err)
		}
		if s.byName[st.Name] != nil || s.byUID[st.UID] != nil {
			return fmt.Errorf("%w: stream %q twice", ErrFormat, f.Name.Stream)
		}
		s.put(st)
	}
	return nil
}
