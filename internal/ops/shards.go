package ops

import (
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/hashkey"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// parseShard reads a shard id as leniently as the service does: what follows
// the last hyphen counts (observed for GetShardIterator).
func parseShard(n catalog.Name, id string) (uint32, error) {
	number, err := streams.ParseShardID(id)
	if err != nil {
		return 0, noSuchShard(n, id)
	}
	return number, nil
}

func noSuchShard(n catalog.Name, id string) error {
	return notFound(fmt.Sprintf("Could not find shard %s in stream %s under account %s.", id, n.Stream, n.Account))
}

// encodedShard is the id of the shard that a sequence number encodes, as a
// signed number: one that is not ours may have its top bit set (observed).
func encodedShard(n streams.SequenceNumber) string {
	return fmt.Sprintf("shardId-%012d", int32(n.Shard()))
}

// wireShard is the Shard shape of a shard (API reference, Shard).
func wireShard(sh *catalog.Shard) types.Shard {
	out := types.Shard{
		ShardId:      new(streams.ShardID(sh.Number)),
		HashKeyRange: wireRange(sh.Range),
		SequenceNumberRange: &types.SequenceNumberRange{
			StartingSequenceNumber: new(streams.StartingSequence(sh).String()),
		},
	}
	if sh.Parent != catalog.NoShard {
		out.ParentShardId = new(streams.ShardID(uint32(sh.Parent)))
	}
	if sh.AdjacentParent != catalog.NoShard {
		out.AdjacentParentShardId = new(streams.ShardID(uint32(sh.AdjacentParent)))
	}
	if end, closed := streams.EndingSequence(sh); closed {
		out.SequenceNumberRange.EndingSequenceNumber = new(end.String())
	}
	return out
}

func wireRange(r hashkey.Range) *types.HashKeyRange {
	return &types.HashKeyRange{StartingHashKey: new(r.Start.String()), EndingHashKey: new(r.End.String())}
}

// wireChild is the ChildShard shape: what follows a drained shard (API
// reference, ChildShard).
func wireChild(sh *catalog.Shard) types.ChildShard {
	parents := []string{streams.ShardID(uint32(sh.Parent))}
	if sh.AdjacentParent != catalog.NoShard {
		parents = append(parents, streams.ShardID(uint32(sh.AdjacentParent)))
	}
	return types.ChildShard{
		ShardId:      new(streams.ShardID(sh.Number)),
		ParentShards: parents,
		HashKeyRange: wireRange(sh.Range),
	}
}
