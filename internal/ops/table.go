package ops

import "slices"

// table lists every operation that is built. docs/compat.md is compared with
// it by a test.
var table = map[string]Operation{}

func init() {
	for _, op := range []Operation{
		obeys("AddTagsToStream", (*Service).addTagsToStream),
		obeys("CreateStream", (*Service).createStream),
		obeys("DecreaseStreamRetentionPeriod", (*Service).decreaseStreamRetentionPeriod),
		obeys("DeleteStream", (*Service).deleteStream),
		obeys("DeregisterStreamConsumer", (*Service).deregisterStreamConsumer),
		answers("DescribeLimits", (*Service).describeLimits),
		answers("DescribeStream", (*Service).describeStream),
		answers("DescribeStreamConsumer", (*Service).describeStreamConsumer),
		answers("DescribeStreamSummary", (*Service).describeStreamSummary),
		answers("GetRecords", (*Service).getRecords),
		answers("GetShardIterator", (*Service).getShardIterator),
		obeys("IncreaseStreamRetentionPeriod", (*Service).increaseStreamRetentionPeriod),
		answers("ListShards", (*Service).listShards),
		answers("ListStreamConsumers", (*Service).listStreamConsumers),
		answers("ListStreams", (*Service).listStreams),
		answers("ListTagsForResource", (*Service).listTagsForResource),
		answers("ListTagsForStream", (*Service).listTagsForStream),
		obeys("MergeShards", (*Service).mergeShards),
		answers("PutRecord", (*Service).putRecord),
		answers("PutRecords", (*Service).putRecords),
		answers("RegisterStreamConsumer", (*Service).registerStreamConsumer),
		obeys("RemoveTagsFromStream", (*Service).removeTagsFromStream),
		obeys("SplitShard", (*Service).splitShard),
		answers("SubscribeToShard", (*Service).subscribeToShard),
		obeys("TagResource", (*Service).tagResource),
		obeys("UntagResource", (*Service).untagResource),
		answers("UpdateShardCount", (*Service).updateShardCount),
	} {
		table[op.Name] = op
	}
}

// Lookup finds an operation that is built. ok is false for an unknown name
// and for an operation of the model that is not built yet.
func Lookup(name string) (op Operation, ok bool) {
	op, ok = table[name]
	return op, ok
}

// Names lists the operations that are built, sorted.
func Names() []string {
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
