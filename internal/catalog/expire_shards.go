package catalog

import (
	"slices"

	"millrace/internal/engine"
)

// ExpireShards takes those of the named shards from the list that are closed
// and hold nothing but records past retention. They become the stream's
// Condemned, whose data the submitter then drops; those condemned before must
// have been dropped by then. Refusal: ErrStale (nothing to expire).
type ExpireShards struct {
	Ms     int64    `json:"ms"`
	UID    UID      `json:"uid"`
	Shards []uint32 `json:"shards"`
}

func (c *ExpireShards) kind() string { return "expire_shards" }
func (c *ExpireShards) check() error { return nil }

func (c *ExpireShards) apply(s *State) Outcome {
	old := s.byUID[engine.StreamUID(c.UID)]
	if old == nil || old.Status == Deleting {
		return refuse(ErrStale)
	}
	var gone []uint32
	kept := slices.DeleteFunc(slices.Clone(old.Shards), func(sh *Shard) bool {
		expired := old.Expired(sh, c.Ms) && slices.Contains(c.Shards, sh.Number)
		if expired {
			gone = append(gone, sh.Number)
		}
		return expired
	})
	if len(gone) == 0 {
		return refuse(ErrStale)
	}
	st := old.clone()
	st.Shards, st.Condemned = kept, gone
	return s.put(st)
}

// Expired says whether a shard is closed and all that it holds is past
// retention at nowMs, Unix milliseconds.
func (s *Stream) Expired(sh *Shard, nowMs int64) bool {
	return sh.Closed && sh.ClosedMs <= s.HorizonMs(nowMs)
}
