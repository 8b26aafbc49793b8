// Package sdkgo_test calls every operation through the AWS SDK for Go v2, by
// name and by ARN, with signatures verified and not.
package sdkgo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"millrace/test/harness"
)

func shard(number int) *string { return aws.String(fmt.Sprintf("shardId-%012d", number)) }

// both runs a test on a server without and on one with signature checks.
func both(t *testing.T, test func(t *testing.T, s *harness.Server, c *kinesis.Client)) {
	for _, verify := range []bool{false, true} {
		t.Run(fmt.Sprintf("verify=%v", verify), func(t *testing.T) {
			s := harness.Start(t, harness.Options{Verify: verify})
			test(t, s, s.Client())
			s.Stop(t)
		})
	}
}

// must returns the answer of a call that may not fail.
func must[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// create makes a stream and returns its description once it is ACTIVE.
func create(t *testing.T, c *kinesis.Client, name string, shards int32) *types.StreamDescription {
	t.Helper()
	must[*kinesis.CreateStreamOutput](t)(c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}))
	return active(t, c, name)
}

func active(t *testing.T, c *kinesis.Client, name string) *types.StreamDescription {
	t.Helper()
	waiter := kinesis.NewStreamExistsWaiter(c, func(o *kinesis.StreamExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 5*time.Millisecond
	})
	out, err := waiter.WaitForOutput(t.Context(), &kinesis.DescribeStreamInput{StreamName: &name}, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return out.StreamDescription
}

func read(t *testing.T, c *kinesis.Client, in kinesis.GetShardIteratorInput) *kinesis.GetRecordsOutput {
	t.Helper()
	if in.ShardIteratorType == "" {
		in.ShardIteratorType = types.ShardIteratorTypeTrimHorizon
	}
	it := must[*kinesis.GetShardIteratorOutput](t)(c.GetShardIterator(t.Context(), &in))
	return must[*kinesis.GetRecordsOutput](t)(c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator}))
}

func contents(out *kinesis.GetRecordsOutput) (all []string) {
	for _, r := range out.Records {
		all = append(all, string(r.Data))
	}
	return all
}

func ids(shards []types.Shard) (all []string) {
	for _, s := range shards {
		all = append(all, *s.ShardId)
	}
	return all
}

func TestLifecycle(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, c *kinesis.Client) {
		ctx, name := t.Context(), aws.String("lifecycle")
		description := create(t, c, *name, 2)
		if got := *description.StreamARN; got != "arn:aws:kinesis:us-east-1:000000000000:stream/lifecycle" {
			t.Errorf("ARN %s", got)
		}
		summary := must[*kinesis.DescribeStreamSummaryOutput](t)(c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})).StreamDescriptionSummary
		if *summary.OpenShardCount != 2 || summary.StreamId != nil || *summary.RetentionPeriodHours != 24 {
			t.Errorf("summary %+v", summary)
		}
		limits := must[*kinesis.DescribeLimitsOutput](t)(c.DescribeLimits(ctx, &kinesis.DescribeLimitsInput{}))
		if *limits.OpenShardCount != 2 {
			t.Errorf("open shards %d", *limits.OpenShardCount)
		}
		must[*kinesis.DeleteStreamOutput](t)(c.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: name}))
		waiter := kinesis.NewStreamNotExistsWaiter(c, func(o *kinesis.StreamNotExistsWaiterOptions) {
			o.MinDelay, o.MaxDelay = time.Millisecond, 5*time.Millisecond
		})
		if err := waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: name}, 10*time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestListStreamsPages(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, c *kinesis.Client) {
		want := []string{"a", "b", "c", "d", "e"}
		for _, name := range want {
			create(t, c, name, 1)
		}
		var found []string
		pages := kinesis.NewListStreamsPaginator(c, &kinesis.ListStreamsInput{Limit: aws.Int32(2)})
		for pages.HasMorePages() {
			found = append(found, must[*kinesis.ListStreamsOutput](t)(pages.NextPage(t.Context())).StreamNames...)
		}
		if !slices.Equal(found, want) {
			t.Errorf("found %v", found)
		}
	})
}

func TestRecords(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, c *kinesis.Client) {
		ctx, name := t.Context(), aws.String("records")
		create(t, c, *name, 1)
		var numbers []*string
		for i := range 3 {
			in := &kinesis.PutRecordInput{StreamName: name, Data: fmt.Append(nil, i), PartitionKey: aws.String("ключ")}
			if i > 0 {
				in.SequenceNumberForOrdering = numbers[i-1]
			}
			out := must[*kinesis.PutRecordOutput](t)(c.PutRecord(ctx, in))
			if i > 0 && *out.SequenceNumber <= *numbers[i-1] {
				t.Errorf("%s after %s", *out.SequenceNumber, *numbers[i-1])
			}
			numbers = append(numbers, out.SequenceNumber)
		}
		for _, test := range []struct {
			start kinesis.GetShardIteratorInput
			want  []string
		}{
			{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon}, []string{"0", "1", "2"}},
			{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeLatest}, nil},
			{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: numbers[1]}, []string{"1", "2"}},
			{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: numbers[1]}, []string{"2"}},
			{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(time.Now().Add(-time.Hour))}, []string{"0", "1", "2"}},
		} {
			test.start.StreamName, test.start.ShardId = name, shard(0)
			if got := contents(read(t, c, test.start)); !slices.Equal(got, test.want) {
				t.Errorf("%s: %v, want %v", test.start.ShardIteratorType, got, test.want)
			}
		}
	})
}

func TestLargeRecords(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, c *kinesis.Client) {
		ctx, name := t.Context(), aws.String("large")
		create(t, c, *name, 1)
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)[:1<<20-1]
		entries := make([]types.PutRecordsRequestEntry, 10)
		for i := range entries {
			entries[i] = types.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String("k")}
		}
		out := must[*kinesis.PutRecordsOutput](t)(c.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: name, Records: entries}))
		if *out.FailedRecordCount != 0 {
			t.Fatalf("%d failed", *out.FailedRecordCount)
		}
		page := read(t, c, kinesis.GetShardIteratorInput{StreamName: name, ShardId: shard(0)})
		if len(page.Records) == 0 || !bytes.Equal(page.Records[0].Data, data) {
			t.Errorf("%d records came back, or not as they were", len(page.Records))
		}
	})
}

func TestResharding(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, c *kinesis.Client) {
		ctx, name := t.Context(), aws.String("reshard")
		create(t, c, *name, 2)
		must[*kinesis.SplitShardOutput](t)(c.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: name, ShardToSplit: shard(0), NewStartingHashKey: aws.String("1000")}))
		active(t, c, *name)
		page := read(t, c, kinesis.GetShardIteratorInput{StreamName: name, ShardId: shard(0)})
		if page.NextShardIterator != nil || len(page.ChildShards) != 2 || page.ChildShards[0].ParentShards[0] != *shard(0) {
			t.Errorf("end of the parent: %+v", page)
		}
		must[*kinesis.MergeShardsOutput](t)(c.MergeShards(ctx, &kinesis.MergeShardsInput{StreamName: name, ShardToMerge: shard(2), AdjacentShardToMerge: shard(3)}))
		active(t, c, *name)
		update := must[*kinesis.UpdateShardCountOutput](t)(c.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: name, TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling}))
		if *update.CurrentShardCount != 2 || *update.TargetShardCount != 4 {
			t.Errorf("update %+v", update)
		}
		active(t, c, *name)
		latest := must[*kinesis.ListShardsOutput](t)(c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: name, ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}}))
		if len(latest.Shards) != 4 {
			t.Errorf("open shards %v", ids(latest.Shards))
		}
		first := must[*kinesis.ListShardsOutput](t)(c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: name, MaxResults: aws.Int32(3)}))
		if got := ids(first.Shards); !slices.Equal(got, []string{*shard(0), *shard(1), *shard(2)}) {
			t.Errorf("first page %v", got)
		}
		rest := must[*kinesis.ListShardsOutput](t)(c.ListShards(ctx, &kinesis.ListShardsInput{NextToken: first.NextToken}))
		if got := ids(rest.Shards); got[0] != *shard(3) || rest.NextToken != nil {
			t.Errorf("second page %v", got)
		}
	})
}

func TestTagsAndRetention(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, c *kinesis.Client) {
		ctx, name := t.Context(), aws.String("tagged")
		create(t, c, *name, 1)
		must[*kinesis.AddTagsToStreamOutput](t)(c.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"a": "1", "b": "水"}}))
		must[*kinesis.RemoveTagsFromStreamOutput](t)(c.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: []string{"a"}}))
		tags := must[*kinesis.ListTagsForStreamOutput](t)(c.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name}))
		if len(tags.Tags) != 1 || *tags.Tags[0].Value != "水" || *tags.HasMoreTags {
			t.Errorf("tags %+v", tags)
		}
		must[*kinesis.IncreaseStreamRetentionPeriodOutput](t)(c.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(48)}))
		if got := *active(t, c, *name).RetentionPeriodHours; got != 48 {
			t.Errorf("retention %d", got)
		}
		must[*kinesis.DecreaseStreamRetentionPeriodOutput](t)(c.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(24)}))
		if got := *active(t, c, *name).RetentionPeriodHours; got != 24 {
			t.Errorf("retention %d", got)
		}
	})
}

func TestARN(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, c *kinesis.Client) {
		ctx := t.Context()
		arn := create(t, c, "by-arn", 1).StreamARN
		must[*kinesis.PutRecordOutput](t)(c.PutRecord(ctx, &kinesis.PutRecordInput{StreamARN: arn, Data: []byte("x"), PartitionKey: aws.String("k")}))
		if got := contents(read(t, c, kinesis.GetShardIteratorInput{StreamARN: arn, ShardId: shard(0)})); !slices.Equal(got, []string{"x"}) {
			t.Errorf("read %v", got)
		}
		must[*kinesis.ListShardsOutput](t)(c.ListShards(ctx, &kinesis.ListShardsInput{StreamARN: arn}))
		must[*kinesis.DeleteStreamOutput](t)(c.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamARN: arn}))
	})
}

func TestTypedFaults(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, c *kinesis.Client) {
		_, err := c.DescribeStream(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("nobody")})
		missing, ok := errors.AsType[*types.ResourceNotFoundException](err)
		if !ok || missing.ErrorMessage() != "Stream nobody under account 000000000000 not found." {
			t.Errorf("%v", err)
		}
		response, ok := errors.AsType[*smithyhttp.ResponseError](err)
		if !ok || response.HTTPStatusCode() != 400 {
			t.Errorf("status of %v", err)
		}
		create(t, c, "twice", 1)
		_, err = c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("twice"), ShardCount: aws.Int32(1)})
		if _, ok := errors.AsType[*types.ResourceInUseException](err); !ok {
			t.Errorf("%v", err)
		}
		_, err = c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: aws.String("nonsense")})
		if _, ok := errors.AsType[*types.InvalidArgumentException](err); !ok {
			t.Errorf("%v", err)
		}
	})
}

func TestWrongSecret(t *testing.T) {
	both(t, func(t *testing.T, s *harness.Server, _ *kinesis.Client) {
		stranger := s.Client(func(o *kinesis.Options) {
			o.Credentials = credentials.NewStaticCredentialsProvider(harness.AccessKey, "wrong", "")
		})
		_, err := stranger.ListStreams(context.Background(), &kinesis.ListStreamsInput{})
		if t.Name() == "TestWrongSecret/verify=false" {
			if err != nil {
				t.Error(err)
			}
			return
		}
		fault, ok := errors.AsType[smithy.APIError](err)
		if !ok || fault.ErrorCode() != "InvalidSignatureException" {
			t.Errorf("%v, want InvalidSignatureException", err)
		}
	})
}

func TestThrottle(t *testing.T) {
	s := harness.Start(t, harness.Options{Limits: "aws"})
	c := s.Client()
	create(t, c, "narrow", 1)
	var err error
	for i := 0; i < 20 && err == nil; i++ {
		_, err = c.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("narrow"), Data: make([]byte, 700_000), PartitionKey: aws.String("k")})
	}
	if _, ok := errors.AsType[*types.ProvisionedThroughputExceededException](err); !ok {
		t.Errorf("%v, want ProvisionedThroughputExceededException", err)
	}
}

// TestAsItComes reads large pages through the SDK with the HTTP client and the
// retries that it comes with, which end the connection under an answer that
// comes too soon.
func TestAsItComes(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	c := s.Client(func(o *kinesis.Options) {
		o.HTTPClient, o.Retryer = awshttp.NewBuildableClient(), retry.NewStandard()
	})
	create(t, c, "large", 1)
	entries := make([]types.PutRecordsRequestEntry, 500)
	for i := range entries {
		entries[i] = types.PutRecordsRequestEntry{Data: make([]byte, 5000), PartitionKey: aws.String("k")}
	}
	must[*kinesis.PutRecordsOutput](t)(c.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("large"), Records: entries}))
	for range 60 {
		if page := read(t, c, kinesis.GetShardIteratorInput{StreamName: aws.String("large"), ShardId: shard(0)}); len(page.Records) != 500 {
			t.Fatalf("%d records", len(page.Records))
		}
	}
}
