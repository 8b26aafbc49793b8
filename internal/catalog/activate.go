package catalog

import (
	"cmp"
	"fmt"

	"millrace/internal/hashkey"
)

// Activate ends CREATING: the stream has its shards and is ACTIVE. The engine
// must have made them before. Refusal: ErrStale.
type Activate struct {
	UID UID `json:"uid"`
	// CreatedSec is the creation time of the shards in Unix seconds; 0 is the
	// second in which the stream was created.
	CreatedSec int64 `json:"created_sec,omitempty"`
}

func (c *Activate) kind() string { return "activate" }

func (c *Activate) check() error {
	if c.CreatedSec < 0 {
		return fmt.Errorf("created at %d", c.CreatedSec)
	}
	return nil
}

func (c *Activate) apply(s *State) Outcome {
	old, err := s.pending(c.UID, ChangeCreate)
	if err != nil {
		return refuse(err)
	}
	st := old.clone()
	for i, r := range hashkey.Ranges(old.Pending.ShardCount) {
		st.Shards = append(st.Shards, &Shard{
			Number:         uint32(i),
			Range:          r,
			Parent:         NoShard,
			AdjacentParent: NoShard,
			CreatedSec:     cmp.Or(c.CreatedSec, floorSec(st.CreatedMs)),
			OpenedMs:       st.CreatedMs,
		})
	}
	st.Open = append([]*Shard(nil), st.Shards...)
	st.NextShard = uint32(len(st.Shards))
	st.Status, st.Pending = Active, nil
	return s.put(st)
}

func floorSec(ms int64) int64 {
	if ms < 0 {
		return 0
	}
	return ms / 1000
}
