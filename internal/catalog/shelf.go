package catalog

import (
	"slices"
	"strings"
)

// place is where names are unique.
type place struct{ account, region string }

func placeOf(n Name) place { return place{n.Account, n.Region} }

// shelf holds the streams of one account and region in byte order of their
// names, with the totals that limits are about.
type shelf struct {
	streams  []*Stream
	creating int
	shards   int // open ones and those that accepted changes will add
	onDemand int
}

func (s *State) shelf(name Name) *shelf {
	at := placeOf(name)
	sh := s.shelves[at]
	if sh == nil {
		sh = &shelf{}
		s.shelves[at] = sh
	}
	return sh
}

// usage is the shelf of a name to read from, which may be empty.
func (s *State) usage(name Name) shelf {
	if sh := s.shelves[placeOf(name)]; sh != nil {
		return *sh
	}
	return shelf{}
}

func (sh *shelf) index(stream string) (int, bool) {
	return slices.BinarySearchFunc(sh.streams, stream, func(st *Stream, name string) int {
		return strings.Compare(st.Name.Stream, name)
	})
}

// put replaces old, nil for a new stream, by st.
func (sh *shelf) put(old, st *Stream) {
	i, found := sh.index(st.Name.Stream)
	if found {
		sh.streams[i] = st
		sh.count(old, -1)
	} else {
		sh.streams = slices.Insert(sh.streams, i, st)
	}
	sh.count(st, 1)
}

func (sh *shelf) remove(st *Stream) {
	i, _ := sh.index(st.Name.Stream)
	sh.streams = slices.Delete(sh.streams, i, i+1)
	sh.count(st, -1)
}

func (sh *shelf) count(st *Stream, sign int) {
	sh.shards += sign * st.shardsAhead()
	if st.Status == Creating {
		sh.creating += sign
	}
	if st.Mode == OnDemand {
		sh.onDemand += sign
	}
}

// List returns the streams of an account and region in byte order of their
// names, those after the given name only, at most limit.
func (s *State) List(account, region, after string, limit int) (list []*Stream, more bool) {
	sh := s.shelves[place{account, region}]
	if sh == nil {
		return nil, false
	}
	i, found := sh.index(after)
	if found {
		i++
	}
	rest := sh.streams[i:]
	if len(rest) > limit {
		return slices.Clone(rest[:limit]), true
	}
	return slices.Clone(rest), false
}

// Usage counts the open shards, those that accepted changes will add
// included, and the on-demand streams of an account and region.
func (s *State) Usage(account, region string) (shards, onDemand int) {
	u := s.usage(Name{Account: account, Region: region})
	return u.shards, u.onDemand
}

// shardLimit is the refusal if more open shards pass the account's limit; 0
// is no limit.
func (s *State) shardLimit(name Name, additional, limit int) error {
	now := s.usage(name).shards
	if limit > 0 && additional > 0 && now+additional > limit {
		return &LimitError{LimitShards, now, limit, additional}
	}
	return nil
}
