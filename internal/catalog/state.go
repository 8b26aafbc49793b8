package catalog

import (
	"crypto/sha256"
	"errors"

	"millrace/internal/engine"
)

// ErrStale refuses a command that carries out a change which is not, or no
// longer, the one under way. Its submitter has nothing left to do.
var ErrStale = errors.New("the change is no longer under way")

// State is the catalog as of some command. The zero value is not usable; see
// NewState. It must be guarded by the caller.
type State struct {
	key     []byte // the installation's key, nil before Install
	byName  map[Name]*Stream
	byUID   map[engine.StreamUID]*Stream
	shelves map[place]*shelf
}

// NewState returns the state before the first command.
func NewState() *State {
	return &State{
		byName:  map[Name]*Stream{},
		byUID:   map[engine.StreamUID]*Stream{},
		shelves: map[place]*shelf{},
	}
}

// Outcome is what a command came to.
type Outcome struct {
	// Err is why the command was refused; nil if it was accepted. It is one of
	// the types of this package, or ErrStale.
	Err error
	// Stream is the stream as an accepted command left it; nil where the
	// command is about none, or removed it.
	Stream *Stream
	// Changed is the uid of the stream that the command changed or removed,
	// zero if it changed none.
	Changed engine.StreamUID
}

// Apply carries out one command.
func (s *State) Apply(c Command) Outcome { return c.apply(s) }

// Key is the installation's key, 32 bytes; nil before Install.
func (s *State) Key() []byte { return s.key }

// Stream returns the stream with a name, nil where there is none.
func (s *State) Stream(name Name) *Stream { return s.byName[name] }

// StreamByUID returns the stream with a uid, nil where there is none.
func (s *State) StreamByUID(uid engine.StreamUID) *Stream { return s.byUID[uid] }

// Streams calls yield with every stream, in no particular order.
func (s *State) Streams(yield func(*Stream) bool) {
	for _, st := range s.byUID {
		if !yield(st) {
			return
		}
	}
}

// Hash is a digest of the whole state: readers that applied the same commands
// have the same.
func (s *State) Hash() [sha256.Size]byte { return sha256.Sum256(s.Snapshot()) }

// put makes st the current version of its stream.
func (s *State) put(st *Stream) Outcome {
	shelf := s.shelf(st.Name)
	shelf.put(s.byUID[st.UID], st)
	s.byName[st.Name] = st
	s.byUID[st.UID] = st
	return Outcome{Stream: st, Changed: st.UID}
}

// remove forgets a stream.
func (s *State) remove(st *Stream) Outcome {
	at := placeOf(st.Name)
	s.shelves[at].remove(st)
	if len(s.shelves[at].streams) == 0 {
		delete(s.shelves, at)
	}
	delete(s.byName, st.Name)
	delete(s.byUID, st.UID)
	return Outcome{Changed: st.UID}
}

func refuse(err error) Outcome { return Outcome{Err: err} }

// active returns the stream with a name, or the refusal if it is not ACTIVE.
func (s *State) active(name Name) (*Stream, error) {
	st := s.byName[name]
	if st == nil {
		return nil, &NotFoundError{name}
	}
	if st.Status != Active {
		return nil, &StateError{name, st.Status}
	}
	return st, nil
}

// pending returns the stream whose change of the given kind is under way.
func (s *State) pending(uid UID, kinds ...ChangeKind) (*Stream, error) {
	st := s.byUID[engine.StreamUID(uid)]
	if st == nil || st.Pending == nil {
		return nil, ErrStale
	}
	for _, k := range kinds {
		if st.Pending.Kind == k {
			return st, nil
		}
	}
	return nil, ErrStale
}
