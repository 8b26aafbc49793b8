package ops

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/kinesis/types"
)

func TestListStreamsPages(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	var want []string
	for i := range 25 {
		name := fmt.Sprintf("s%02d", i)
		want = append(want, name)
		h.create(t, name, 1)
	}
	t.Run("by name", func(t *testing.T) {
		var got []string
		var after *string
		for {
			out := must[types.ListStreamsOutput](t, h, "ListStreams", &types.ListStreamsInput{Limit: new(int32(7)), ExclusiveStartStreamName: after})
			got = append(got, out.StreamNames...)
			if !*out.HasMoreStreams {
				break
			}
			after = &out.StreamNames[len(out.StreamNames)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("by token", func(t *testing.T) {
		var got []string
		in := &types.ListStreamsInput{Limit: new(int32(7))}
		for {
			out := must[types.ListStreamsOutput](t, h, "ListStreams", in)
			for i, sum := range out.StreamSummaries {
				if *sum.StreamName != out.StreamNames[i] || sum.StreamStatus != types.StreamStatusActive {
					t.Errorf("summary %d of %s is %s, %s", i, out.StreamNames[i], *sum.StreamName, sum.StreamStatus)
				}
			}
			got = append(got, out.StreamNames...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("expired token", func(t *testing.T) {
		out := must[types.ListStreamsOutput](t, h, "ListStreams", &types.ListStreamsInput{Limit: new(int32(1))})
		h.clock.Advance(5*time.Minute + time.Millisecond)
		_, err := try[struct{}](t, h, "ListStreams", &types.ListStreamsInput{NextToken: out.NextToken})
		refused(t, err, "ExpiredNextTokenException", "NextToken expired.")
	})
	t.Run("another account sees nothing", func(t *testing.T) {
		h.caller.Account = "111111111111"
		defer func() { h.caller.Account = "000000000000" }()
		out := must[types.ListStreamsOutput](t, h, "ListStreams", &types.ListStreamsInput{})
		if len(out.StreamNames) != 0 || out.StreamNames == nil {
			t.Errorf("got %v, want an empty list", out.StreamNames)
		}
	})
}

func TestClassicListsTen(t *testing.T) {
	l := limits.Classic()
	l.MaxShardsLarge = 0
	h := newHouse(t, l, 0)
	for i := range 11 {
		h.create(t, fmt.Sprintf("s%02d", i), 1)
		h.clock.Advance(time.Second)
	}
	out := must[types.ListStreamsOutput](t, h, "ListStreams", &types.ListStreamsInput{})
	if len(out.StreamNames) != 10 || !*out.HasMoreStreams {
		t.Errorf("got %v, more %v", out.StreamNames, *out.HasMoreStreams)
	}
}

func TestShardPages(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 230)
	t.Run("DescribeStream", func(t *testing.T) {
		var got []string
		in := &types.DescribeStreamInput{StreamName: new("s"), Limit: new(int32(10000))}
		for {
			d := must[types.DescribeStreamOutput](t, h, "DescribeStream", in).StreamDescription
			if len(d.Shards) > 100 {
				t.Fatalf("%d shards on a page", len(d.Shards))
			}
			for _, sh := range d.Shards {
				got = append(got, *sh.ShardId)
			}
			if !*d.HasMoreShards {
				break
			}
			in.ExclusiveStartShardId = &got[len(got)-1]
		}
		wantShards(t, got, 230)
	})
	t.Run("ListShards", func(t *testing.T) {
		var got []string
		in := &types.ListShardsInput{StreamName: new("s"), MaxResults: new(int32(70))}
		for {
			out := must[types.ListShardsOutput](t, h, "ListShards", in)
			for _, sh := range out.Shards {
				got = append(got, *sh.ShardId)
			}
			if out.NextToken == nil {
				break
			}
			in = &types.ListShardsInput{NextToken: out.NextToken, MaxResults: new(int32(70)), StreamARN: new(arnOfS)}
		}
		wantShards(t, got, 230)
	})
	t.Run("after a shard", func(t *testing.T) {
		out := must[types.ListShardsOutput](t, h, "ListShards", &types.ListShardsInput{StreamName: new("s"), ExclusiveStartShardId: new("shardId-000000000227")})
		if len(out.Shards) != 2 {
			t.Errorf("%d shards, want 2", len(out.Shards))
		}
	})
}

func wantShards(t *testing.T, got []string, n int) {
	t.Helper()
	for i := range n {
		if i >= len(got) || got[i] != fmt.Sprintf("shardId-%012d", i) {
			t.Fatalf("got %d shards: %v", len(got), got)
		}
	}
	if len(got) != n {
		t.Fatalf("got %d shards, want %d", len(got), n)
	}
}

func TestShardFilters(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	h.clock.Advance(time.Hour)
	must[types.SplitShardOutput](t, h, "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new("0"), NewStartingHashKey: new("1000")})
	h.clock.Advance(time.Hour)
	at := func(d time.Duration) *time.Time { return new(epoch.Add(d)) }
	tests := []struct {
		name   string
		filter types.ShardFilter
		want   string
	}{
		{"AT_LATEST", types.ShardFilter{Type: types.ShardFilterTypeAtLatest}, "[1 2]"},
		{"AT_TRIM_HORIZON", types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}, "[0]"},
		{"FROM_TRIM_HORIZON", types.ShardFilter{Type: types.ShardFilterTypeFromTrimHorizon}, "[0 1 2]"},
		{"AFTER_SHARD_ID", types.ShardFilter{Type: types.ShardFilterTypeAfterShardId, ShardId: new("shardId-000000000001")}, "[2]"},
		{"AT_TIMESTAMP before the split", types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: at(30 * time.Minute)}, "[0]"},
		{"AT_TIMESTAMP after it", types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: at(90 * time.Minute)}, "[1 2]"},
		{"FROM_TIMESTAMP before the split", types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: at(30 * time.Minute)}, "[0 1 2]"},
		{"FROM_TIMESTAMP after it", types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: at(90 * time.Minute)}, "[1 2]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := must[types.ListShardsOutput](t, h, "ListShards", &types.ListShardsInput{StreamName: new("s"), ShardFilter: &tt.filter})
			var got []int
			for _, sh := range out.Shards {
				var n int
				fmt.Sscanf(*sh.ShardId, "shardId-%d", &n)
				got = append(got, n)
			}
			if fmt.Sprint(got) != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func TestTags(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	must[types.CreateStreamOutput](t, h, "CreateStream", &types.CreateStreamInput{StreamName: new("s"), ShardCount: new(int32(1)), Tags: map[string]string{"first": "1"}})
	add := func(tags map[string]string) error {
		_, err := try[struct{}](t, h, "AddTagsToStream", &types.AddTagsToStreamInput{StreamName: new("s"), Tags: tags})
		return err
	}
	if err := add(map[string]string{"first": "2", "größe": "über + 1_000", "c": ""}); err != nil {
		t.Fatal(err)
	}
	list := func(in types.ListTagsForStreamInput) string {
		in.StreamName = new("s")
		out := must[types.ListTagsForStreamOutput](t, h, "ListTagsForStream", &in)
		text := ""
		for _, tag := range out.Tags {
			text += *tag.Key + "=" + *tag.Value + " "
		}
		return text + fmt.Sprint(*out.HasMoreTags)
	}
	if got := list(types.ListTagsForStreamInput{}); got != "c= first=2 größe=über + 1_000 false" {
		t.Errorf("all: %s", got)
	}
	if got := list(types.ListTagsForStreamInput{Limit: new(int32(1))}); got != "c= true" {
		t.Errorf("first page: %s", got)
	}
	if got := list(types.ListTagsForStreamInput{Limit: new(int32(1)), ExclusiveStartTagKey: new("c")}); got != "first=2 true" {
		t.Errorf("second page: %s", got)
	}
	if got := list(types.ListTagsForStreamInput{ExclusiveStartTagKey: new("d")}); got != "first=2 größe=über + 1_000 false" {
		t.Errorf("after a key that is not there: %s", got)
	}
	must[types.RemoveTagsFromStreamOutput](t, h, "RemoveTagsFromStream", &types.RemoveTagsFromStreamInput{StreamName: new("s"), TagKeys: []string{"c", "absent"}})
	many := map[string]string{}
	for i := range 48 {
		many[fmt.Sprint("k", i)] = ""
	}
	if err := add(many); err != nil {
		t.Fatalf("50 tags: %v", err)
	}
	refused(t, add(map[string]string{"one more": ""}), "InvalidArgumentException", "cannot have more than 50 tags")
	if err := add(map[string]string{"k0": "overwrites"}); err != nil {
		t.Errorf("overwriting at the limit: %v", err)
	}
}

func TestDescribeLimits(t *testing.T) {
	h := newHouse(t, limits.AWS(), 0)
	h.create(t, "s", 3)
	out := must[types.DescribeLimitsOutput](t, h, "DescribeLimits", &types.DescribeLimitsInput{})
	if *out.ShardLimit != 20000 || *out.OpenShardCount != 3 || *out.OnDemandStreamCount != 0 || *out.OnDemandStreamCountLimit != 50 {
		t.Errorf("got %+v", out)
	}
	_, err := try[struct{}](t, h, "DescribeLimits", &types.DescribeLimitsInput{})
	refused(t, err, "LimitExceededException", "Rate exceeded for account 000000000000.")
	h.clock.Advance(time.Second)
	must[types.DescribeLimitsOutput](t, h, "DescribeLimits", &types.DescribeLimitsInput{})
}
