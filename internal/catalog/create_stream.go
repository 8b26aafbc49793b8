package catalog

import (
	"fmt"
	"maps"

	"millrace/internal/engine"
)

// MaxShards bounds the shards of one stream, whatever the limits say.
const MaxShards = 1_000_000

// defaultRetentionHours is what a new stream has (API reference, CreateStream).
const defaultRetentionHours = 24

// CreateStream makes a stream in CREATING. Refusals: *ExistsError, *LimitError.
type CreateStream struct {
	Ms         int64             `json:"ms"` // Unix milliseconds
	Name       Name              `json:"name"`
	UID        UID               `json:"uid"` // random
	Mode       Mode              `json:"mode"`
	ShardCount int               `json:"shard_count"`
	Tags       map[string]string `json:"tags,omitempty"`
	// The limits that hold for the account and region; 0 is no limit.
	MaxCreating int `json:"max_creating,omitempty"`
	MaxShards   int `json:"max_shards,omitempty"`
	MaxOnDemand int `json:"max_on_demand,omitempty"`
}

func (c *CreateStream) kind() string { return "create_stream" }

func (c *CreateStream) check() error {
	if err := c.Name.check(); err != nil {
		return err
	}
	if c.Mode != Provisioned && c.Mode != OnDemand {
		return fmt.Errorf("mode %q", c.Mode)
	}
	return checkShardCount(c.ShardCount)
}

func (n Name) check() error {
	if n.Stream == "" || len(n.Stream) > 128 || len(n.Account) > 32 || len(n.Region) > 64 {
		return fmt.Errorf("name %q", n)
	}
	return nil
}

func checkShardCount(n int) error {
	if n < 1 || n > MaxShards {
		return fmt.Errorf("%d shards", n)
	}
	return nil
}

func (c *CreateStream) apply(s *State) Outcome {
	if err := c.judge(s); err != nil {
		return refuse(err)
	}
	return s.put(&Stream{
		Name:           c.Name,
		UID:            engine.StreamUID(c.UID),
		Status:         Creating,
		Mode:           c.Mode,
		CreatedMs:      c.Ms,
		RetentionHours: defaultRetentionHours,
		Tags:           maps.Clone(c.Tags),
		Pending:        &Change{Kind: ChangeCreate, AcceptedMs: c.Ms, ShardCount: c.ShardCount},
	})
}

func (c *CreateStream) judge(s *State) error {
	if s.byName[c.Name] != nil || s.byUID[engine.StreamUID(c.UID)] != nil {
		return &ExistsError{c.Name}
	}
	u := s.usage(c.Name)
	if c.MaxCreating > 0 && u.creating >= c.MaxCreating {
		return &LimitError{LimitCreating, u.creating, c.MaxCreating, 1}
	}
	if c.Mode == OnDemand && c.MaxOnDemand > 0 && u.onDemand >= c.MaxOnDemand {
		return &LimitError{LimitOnDemand, u.onDemand, c.MaxOnDemand, 1}
	}
	return s.shardLimit(c.Name, c.ShardCount, c.MaxShards)
}
