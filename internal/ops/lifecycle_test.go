package ops

import (
	"fmt"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/kinesis/types"
)

const delay = 500 * time.Millisecond

func TestCreateAndDelete(t *testing.T) {
	h := newHouse(t, limits.AWS(), delay)
	h.create(t, "s", 2)
	if got := h.status(t, "s"); got != types.StreamStatusCreating {
		t.Fatalf("status %s, want CREATING", got)
	}
	out := must[types.DescribeStreamOutput](t, h, "DescribeStream", &types.DescribeStreamInput{StreamName: new("s")})
	if n := len(out.StreamDescription.Shards); n != 0 {
		t.Errorf("%d shards while CREATING, want none", n)
	}
	_, err := try[types.PutRecordOutput](t, h, "PutRecord", &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: []byte("x")})
	refused(t, err, "ResourceNotFoundException", "Stream s under account 000000000000 not found.")
	_, err = try[types.ListShardsOutput](t, h, "ListShards", &types.ListShardsInput{StreamName: new("s")})
	refused(t, err, "ResourceInUseException", "Stream s under account 000000000000 not ACTIVE, instead in state CREATING")
	_, err = try[types.SplitShardOutput](t, h, "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new("0"), NewStartingHashKey: new("5")})
	refused(t, err, "ResourceInUseException", "instead in state CREATING")

	h.clock.Advance(delay)
	if got := h.status(t, "s"); got != types.StreamStatusActive {
		t.Fatalf("status %s, want ACTIVE", got)
	}
	h.put(t, "s", "k", "x")

	must[types.DeleteStreamOutput](t, h, "DeleteStream", &types.DeleteStreamInput{StreamName: new("s")})
	if got := h.status(t, "s"); got != types.StreamStatusDeleting {
		t.Fatalf("status %s, want DELETING", got)
	}
	_, err = try[struct{}](t, h, "CreateStream", &types.CreateStreamInput{StreamName: new("s"), ShardCount: new(int32(1))})
	refused(t, err, "ResourceInUseException", "already exists")
	h.clock.Advance(delay)
	_, err = try[types.DescribeStreamSummaryOutput](t, h, "DescribeStreamSummary", &types.DescribeStreamSummaryInput{StreamName: new("s")})
	refused(t, err, "ResourceNotFoundException", "not found")
}

func TestOnDemandByDefault(t *testing.T) {
	h := newHouse(t, limits.AWS(), 0)
	must[types.CreateStreamOutput](t, h, "CreateStream", &types.CreateStreamInput{StreamName: new("s")})
	out := must[types.DescribeStreamSummaryOutput](t, h, "DescribeStreamSummary", &types.DescribeStreamSummaryInput{StreamName: new("s")})
	d := out.StreamDescriptionSummary
	if d.StreamModeDetails.StreamMode != types.StreamModeOnDemand || *d.OpenShardCount != 4 || d.StreamId != nil {
		t.Errorf("got %s with %d shards and StreamId %v", d.StreamModeDetails.StreamMode, *d.OpenShardCount, d.StreamId)
	}
	_, err := try[struct{}](t, h, "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new("0"), NewStartingHashKey: new("5")})
	refused(t, err, "ValidationException", "Request is invalid. Stream s under account 000000000000 is in On-Demand mode.")
}

func TestAccountQuotas(t *testing.T) {
	h := newHouse(t, limits.AWS(), delay)
	for i := range 5 {
		h.create(t, fmt.Sprint("s", i), 1)
	}
	h.clock.Advance(time.Millisecond * 400) // the rate of CreateStream has two calls again
	_, err := try[struct{}](t, h, "CreateStream", &types.CreateStreamInput{StreamName: new("t"), ShardCount: new(int32(1))})
	refused(t, err, "LimitExceededException", "CREATING")
	h.clock.Advance(time.Second)
	_, err = try[struct{}](t, h, "CreateStream", &types.CreateStreamInput{StreamName: new("t"), ShardCount: new(int32(19_996))})
	refused(t, err, "LimitExceededException", "This request would exceed the shard limit for the account 000000000000 in us-east-1. Current shard count for the account: 5. Limit: 20000. Number of additional shards that would have resulted from this request: 19996.")
	h.create(t, "t", 1)
}

func TestClassic(t *testing.T) {
	h := newHouse(t, limits.Classic(), 0)
	h.create(t, "s", 9)
	_, err := try[struct{}](t, h, "CreateStream", &types.CreateStreamInput{StreamName: new("t"), ShardCount: new(int32(2))})
	refused(t, err, "LimitExceededException", "Limit: 10.")
	h.put(t, "s", "key", string(make([]byte, 50<<10)))
	_, err = try[types.PutRecordOutput](t, h, "PutRecord", &types.PutRecordInput{StreamName: new("s"), PartitionKey: new("k"), Data: make([]byte, 50<<10+1)})
	refused(t, err, "ValidationException", "less than or equal to 51200")
	_, err = try[struct{}](t, h, "IncreaseStreamRetentionPeriod", &types.IncreaseStreamRetentionPeriodInput{StreamName: new("s"), RetentionPeriodHours: new(int32(25))})
	refused(t, err, "InvalidArgumentException", "Maximum allowed retention period is 24 hours.")
	tags := map[string]string{}
	for i := range 11 {
		tags[fmt.Sprint("k", i)] = ""
	}
	_, err = try[struct{}](t, h, "AddTagsToStream", &types.AddTagsToStreamInput{StreamName: new("s"), Tags: tags})
	refused(t, err, "InvalidArgumentException", "cannot have more than 10 tags associated with it.")
}

func TestRetentionSameValue(t *testing.T) {
	h := newHouse(t, limits.AWS(), 0)
	h.create(t, "s", 1)
	must[types.IncreaseStreamRetentionPeriodOutput](t, h, "IncreaseStreamRetentionPeriod", &types.IncreaseStreamRetentionPeriodInput{StreamName: new("s"), RetentionPeriodHours: new(int32(24))})
	must[types.DecreaseStreamRetentionPeriodOutput](t, h, "DecreaseStreamRetentionPeriod", &types.DecreaseStreamRetentionPeriodInput{StreamName: new("s"), RetentionPeriodHours: new(int32(24))})
	must[types.IncreaseStreamRetentionPeriodOutput](t, h, "IncreaseStreamRetentionPeriod", &types.IncreaseStreamRetentionPeriodInput{StreamName: new("s"), RetentionPeriodHours: new(int32(48))})
	out := must[types.DescribeStreamOutput](t, h, "DescribeStream", &types.DescribeStreamInput{StreamName: new("s")})
	if got := *out.StreamDescription.RetentionPeriodHours; got != 48 {
		t.Errorf("retention %d, want 48", got)
	}
}

func TestUpdateShardCount(t *testing.T) {
	h := newHouse(t, limits.AWS(), 0)
	h.create(t, "s", 2)
	resize := func(n int32) (*types.UpdateShardCountOutput, error) {
		return try[types.UpdateShardCountOutput](t, h, "UpdateShardCount", &types.UpdateShardCountInput{
			StreamName: new("s"), TargetShardCount: &n, ScalingType: types.ScalingTypeUniformScaling})
	}
	_, err := resize(5)
	refused(t, err, "LimitExceededException", "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 2 Target shard count: 5")
	out, err := resize(3)
	if err != nil || *out.CurrentShardCount != 2 || *out.TargetShardCount != 3 || *out.StreamARN != arnOfS {
		t.Fatalf("got %+v, %v", out, err)
	}
	summary := must[types.DescribeStreamSummaryOutput](t, h, "DescribeStreamSummary", &types.DescribeStreamSummaryInput{StreamName: new("s")})
	if n := *summary.StreamDescriptionSummary.OpenShardCount; n != 3 {
		t.Fatalf("%d open shards, want 3", n)
	}
	for i := range 9 {
		h.clock.Advance(time.Second)
		if _, err := resize(int32(4 - i%2)); err != nil {
			t.Fatalf("call %d: %v", i+2, err)
		}
	}
	_, err = resize(3)
	refused(t, err, "LimitExceededException", "10")
	h.clock.Advance(24 * time.Hour)
	if _, err := resize(3); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

func TestAnotherAccountsARN(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	foreign := &types.DescribeStreamSummaryInput{StreamARN: new("arn:aws:kinesis:eu-west-1:111111111111:stream/s")}
	out := must[types.DescribeStreamSummaryOutput](t, h, "DescribeStreamSummary", foreign)
	if *out.StreamDescriptionSummary.StreamARN != arnOfS {
		t.Errorf("found %s, want %s", *out.StreamDescriptionSummary.StreamARN, arnOfS)
	}
	h.caller.Verified = true
	_, err := try[struct{}](t, h, "DescribeStreamSummary", foreign)
	refused(t, err, "AccessDeniedException", "is not authorized to perform: kinesis:DescribeStreamSummary on resource: arn:aws:kinesis:eu-west-1:111111111111:stream/s")
}
