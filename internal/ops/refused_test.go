package ops

import (
	"strings"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/kinesis/types"
)

const (
	arnOfS = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
	under  = " under account 000000000000"
)

// TestRefused makes one wrong call after the other on a house with the
// stream s of two shards, whose shard 0 was split into 2 and 3.
func TestRefused(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 2)
	must[types.SplitShardOutput](t, h, "SplitShard", &types.SplitShardInput{
		StreamName: new("s"), ShardToSplit: new("shardId-000000000000"), NewStartingHashKey: new("1000")})
	big := strings.Repeat("9", 39)
	at := func(number string) *types.GetShardIteratorInput {
		return &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("0"), ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: &number}
	}
	tests := []struct {
		name, operation string
		in              any
		code, part      string
	}{
		{"no stream named", "DescribeStream", &types.DescribeStreamInput{},
			"InvalidArgumentException", "Either StreamName or StreamARN"},
		{"name and ARN differ", "DescribeStream", &types.DescribeStreamInput{StreamName: new("t"), StreamARN: new(arnOfS)},
			"InvalidArgumentException", "do not name the same stream"},
		{"ARN of a consumer", "DescribeStream", &types.DescribeStreamInput{StreamARN: new(arnOfS + "/consumer/c:1")},
			"InvalidArgumentException", "not the ARN of a stream"},
		{"no such stream", "DescribeStream", &types.DescribeStreamInput{StreamName: new("t")},
			"ResourceNotFoundException", "Stream t" + under + " not found."},
		{"no such stream by ARN", "DescribeStreamSummary", &types.DescribeStreamSummaryInput{StreamARN: new("arn:aws:kinesis:us-east-1:000000000000:stream/t")},
			"ResourceNotFoundException", "Stream t" + under + " not found."},
		{"name with a slash", "DescribeStream", &types.DescribeStreamInput{StreamName: new("a/b")},
			"ValidationException", "1 validation error detected: Value 'a/b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"name taken", "CreateStream", &types.CreateStreamInput{StreamName: new("s"), ShardCount: new(int32(1))},
			"ResourceInUseException", "Stream s" + under + " already exists."},
		{"on-demand with shards", "CreateStream", &types.CreateStreamInput{StreamName: new("t"), ShardCount: new(int32(1)), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}},
			"InvalidArgumentException", "ShardCount is not expected"},
		{"provisioned without shards", "CreateStream", &types.CreateStreamInput{StreamName: new("t"), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeProvisioned}},
			"InvalidArgumentException", "ShardCount is required"},
		{"no shards", "CreateStream", &types.CreateStreamInput{StreamName: new("t"), ShardCount: new(int32(0))},
			"ValidationException", "at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"too many shards", "CreateStream", &types.CreateStreamInput{StreamName: new("t"), ShardCount: new(int32(100_001))},
			"ValidationException", "less than or equal to 100000"},
		{"tag with a comma", "AddTagsToStream", &types.AddTagsToStreamInput{StreamName: new("s"), Tags: map[string]string{"a,b": ""}},
			"InvalidArgumentException", "Some tags contain invalid characters."},
		{"tag with a percent sign", "AddTagsToStream", &types.AddTagsToStreamInput{StreamName: new("s"), Tags: map[string]string{"a": "100%"}},
			"InvalidArgumentException", "Failed to add tags to stream s" + under + " because some tags contained illegal characters."},
		{"bad tag for no stream", "AddTagsToStream", &types.AddTagsToStreamInput{StreamName: new("t"), Tags: map[string]string{"a,b": ""}},
			"ResourceNotFoundException", "Stream t" + under + " not found."},
		{"remove a bad tag from no stream", "RemoveTagsFromStream", &types.RemoveTagsFromStreamInput{StreamName: new("t"), TagKeys: []string{"a,b"}},
			"ResourceNotFoundException", "Stream t" + under + " not found."},
		{"remove a tag with a percent sign", "RemoveTagsFromStream", &types.RemoveTagsFromStreamInput{StreamName: new("s"), TagKeys: []string{"a%"}},
			"InvalidArgumentException", "Failed to remove tags from stream s" + under + " because some tags contained illegal characters."},
		{"tag value with a tab", "AddTagsToStream", &types.AddTagsToStreamInput{StreamName: new("s"), Tags: map[string]string{"a": "\t"}},
			"InvalidArgumentException", "Some tags contain invalid characters."},
		{"tag key of AWS", "AddTagsToStream", &types.AddTagsToStreamInput{StreamName: new("s"), Tags: map[string]string{"aws:a": ""}},
			"InvalidArgumentException", "aws:"},
		{"no partition key", "PutRecord", &types.PutRecordInput{StreamName: new("s"), Data: []byte("x")},
			"ValidationException", "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null"},
		{"record too large", "PutRecord", &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: make([]byte, 1<<20+1)},
			"ValidationException", "Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"},
		{"record too large by its key", "PutRecord", &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: make([]byte, 1<<20)},
			"ValidationException", "less than or equal to 1048575"},
		{"explicit hash key too large", "PutRecord", &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: []byte("x"), ExplicitHashKey: &big},
			"InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was " + big},
		{"ordering by nonsense", "PutRecord", &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: []byte("x"), SequenceNumberForOrdering: &big},
			"InvalidArgumentException", "ExclusiveMinimumSequenceNumber " + big + " used in PutRecord on stream s" + under + " is invalid."},
		{"second record without a key", "PutRecords", &types.PutRecordsInput{StreamName: new("s"), Records: []types.PutRecordsRequestEntry{{PartitionKey: new("k"), Data: []byte{}}, {Data: []byte{}}}},
			"ValidationException", "Value null at 'records.2.member.partitionKey'"},
		{"hash key of one record", "PutRecords", &types.PutRecordsInput{StreamName: new("s"), Records: []types.PutRecordsRequestEntry{{PartitionKey: new("k"), Data: []byte{}}, {PartitionKey: new("k"), ExplicitHashKey: &big, Data: []byte{}}}},
			"InvalidArgumentException", "Invalid ExplicitHashKey."},
		{"put to no stream", "PutRecord", &types.PutRecordInput{StreamName: new("t"), PartitionKey: new("k"), Data: []byte("x")},
			"ResourceNotFoundException", "Stream t" + under + " not found."},
		{"iterator on no stream", "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("t"), ShardId: new("0"), ShardIteratorType: types.ShardIteratorTypeLatest},
			"ResourceNotFoundException", "Shard shardId-000000000000 in stream t" + under + " does not exist"},
		{"iterator on no shard", "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("shardId-9"), ShardIteratorType: types.ShardIteratorTypeLatest},
			"ResourceNotFoundException", "Shard shardId-000000000009 in stream s" + under + " does not exist"},
		{"iterator on nonsense", "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("shardId-x"), ShardIteratorType: types.ShardIteratorTypeLatest},
			"ResourceNotFoundException", "Could not find shard shardId-x in stream s" + under + "."},
		{"no sequence number", "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("0"), ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber},
			"InvalidArgumentException", "Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."},
		{"sequence number with LATEST", "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("0"), ShardIteratorType: types.ShardIteratorTypeLatest, StartingSequenceNumber: new("0")},
			"InvalidArgumentException", "Request specified LATEST and also a StartingSequenceNumber."},
		{"number of the first layout", "GetShardIterator", at("0"),
			"InternalFailure", ""},
		{"number of the first layout and another shard", "GetShardIterator", at("5"),
			"InvalidArgumentException", "Invalid StartingSequenceNumber. It encodes shardId-000000000005, while it was used in a call to a shard with shardId-000000000000"},
		{"number of the first layout too late", "GetShardIterator", at("26227199374822427428162556223570313216"),
			"InvalidArgumentException", "StartingSequenceNumber 26227199374822427428162556223570313216 used in GetShardIterator on shard shardId-000000000000 in stream s" + under + " is invalid."},
		{"number of a negative shard", "GetShardIterator", at("49039857307708443467467104868809893875799651944235008002"),
			"InvalidArgumentException", "It encodes shardId--02147483648, while it was used in a call to a shard with shardId-000000000000"},
		{"number of the second layout", "GetShardIterator", at("49039857307708443467467104868809893875799651909875269633"),
			"InvalidArgumentException", " is invalid because it did not come from this stream."},
		{"no timestamp", "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("0"), ShardIteratorType: types.ShardIteratorTypeAtTimestamp},
			"InvalidArgumentException", "Must specify timestampInMillis parameter"},
		{"timestamp to come", "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("0"), ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: new(epoch.Add(time.Second))},
			"InvalidArgumentException", "timestampInMillis: 1795867201000, currentTimestampInMillis: 1795867200000"},
		{"unknown type", "GetShardIterator", &types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("0"), ShardIteratorType: "NEWEST"},
			"ValidationException", "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"},
		{"no iterator", "GetRecords", &types.GetRecordsInput{ShardIterator: new("AAAA")},
			"InvalidArgumentException", "Invalid ShardIterator."},
		{"too many records", "GetRecords", &types.GetRecordsInput{ShardIterator: new("AAAA"), Limit: new(int32(10001))},
			"ValidationException", "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"split a closed shard", "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new("shardId-000000000000"), NewStartingHashKey: new("500")},
			"InvalidArgumentException", "Shard shardId-000000000000 in stream s" + under + " has already been merged or split"},
		{"split no shard", "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new("shardId-7"), NewStartingHashKey: new("500")},
			"ResourceNotFoundException", "Could not find shard shardId-000000000007 in stream s" + under + "."},
		{"split at the start", "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new("shardId-000000000003"), NewStartingHashKey: new("1001")},
			"InvalidArgumentException", "NewStartingHashKey 1001 used in SplitShard() on shard shardId-000000000003 in stream s" + under + " is not both greater than one plus the shard's StartingHashKey 1000 and less than the shard's EndingHashKey 170141183460469231731687303715884105727."},
		{"split beyond all", "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new("shardId-000000000003"), NewStartingHashKey: &big},
			"InvalidArgumentException", "NewStartingHashKey " + big + " used in SplitShard() on shard shardId-000000000003 in stream s" + under + " is not both greater than one plus the shard's StartingHashKey 1000"},
		{"merge no shard", "MergeShards", &types.MergeShardsInput{StreamName: new("s"), ShardToMerge: new("0"), AdjacentShardToMerge: new("x-9")},
			"ResourceNotFoundException", "Could not find shard shardId-000000000009 in stream s" + under + "."},
		{"merge the upper first", "MergeShards", &types.MergeShardsInput{StreamName: new("s"), ShardToMerge: new("shardId-000000000003"), AdjacentShardToMerge: new("shardId-000000000002")},
			"InvalidArgumentException", "Shards shardId-000000000003 and shardId-000000000002 in stream s" + under + " are not an adjacent pair of shards eligible for merging"},
		{"merge strangers", "MergeShards", &types.MergeShardsInput{StreamName: new("s"), ShardToMerge: new("shardId-000000000002"), AdjacentShardToMerge: new("shardId-000000000001")},
			"InvalidArgumentException", "are not an adjacent pair"},
		{"merge a closed shard", "MergeShards", &types.MergeShardsInput{StreamName: new("s"), ShardToMerge: new("shardId-000000000000"), AdjacentShardToMerge: new("shardId-000000000001")},
			"InvalidArgumentException", "has already been merged or split"},
		{"retention too short", "DecreaseStreamRetentionPeriod", &types.DecreaseStreamRetentionPeriodInput{StreamName: new("s"), RetentionPeriodHours: new(int32(23))},
			"InvalidArgumentException", "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short."},
		{"retention too long", "IncreaseStreamRetentionPeriod", &types.IncreaseStreamRetentionPeriodInput{StreamName: new("s"), RetentionPeriodHours: new(int32(8761))},
			"InvalidArgumentException", "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long."},
		{"decrease upwards", "DecreaseStreamRetentionPeriod", &types.DecreaseStreamRetentionPeriodInput{StreamName: new("s"), RetentionPeriodHours: new(int32(25))},
			"InvalidArgumentException", "Requested retention period (25 hours) for stream s can not be longer than existing retention period (24 hours). Use IncreaseRetentionPeriod API."},
		{"shards by nothing", "ListShards", &types.ListShardsInput{},
			"InvalidArgumentException", "Either NextToken or StreamName should be provided."},
		{"shards by both", "ListShards", &types.ListShardsInput{StreamName: new("s"), NextToken: new("x")},
			"InvalidArgumentException", "NextToken and StreamName cannot be provided together."},
		{"bad token", "ListShards", &types.ListShardsInput{NextToken: new("x")},
			"InvalidArgumentException", "Invalid NextToken."},
		{"shard filter without its time", "ListShards", &types.ListShardsInput{StreamName: new("s"), ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp}},
			"InvalidArgumentException", "Timestamp must be provided"},
		{"shards of another incarnation", "ListShards", &types.ListShardsInput{StreamName: new("s"), StreamCreationTimestamp: new(epoch.Add(-time.Hour))},
			"ResourceNotFoundException", "not found"},
		{"dry run", "PutRecord", &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: []byte("x"), DryRun: new(true)},
			"DryRunOperationException", "Request would have succeeded, but DryRun flag is set."},
		{"dry run of a wrong call", "PutRecord", &types.PutRecordInput{StreamName: new("t"), PartitionKey: new("k"), Data: []byte("x"), DryRun: new(true)},
			"ResourceNotFoundException", "not found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := try[struct{}](t, h, tt.operation, tt.in)
			refused(t, err, tt.code, tt.part)
		})
	}
	out := must[types.ListShardsOutput](t, h, "ListShards", &types.ListShardsInput{StreamName: new("s")})
	if len(out.Shards) != 4 {
		t.Errorf("refused calls changed the stream: %d shards, want 4", len(out.Shards))
	}
	for _, sh := range out.Shards {
		got := must[types.GetRecordsOutput](t, h, "GetRecords", &types.GetRecordsInput{ShardIterator: h.trimHorizon(t, "s", *sh.ShardId)})
		if len(got.Records) != 0 {
			t.Errorf("refused calls left %d records on %s", len(got.Records), *sh.ShardId)
		}
	}
}
