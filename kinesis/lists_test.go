package kinesis

import (
	"slices"
	"testing"

	"millrace/kinesis/types"
)

func TestStreamsWalksPages(t *testing.T) {
	s := newScript(t,
		ok(`{"StreamNames":["a"],"StreamSummaries":[{"StreamName":"a","StreamStatus":"ACTIVE"}],"HasMoreStreams":true,"NextToken":"t"}`),
		ok(`{"StreamNames":["b"],"HasMoreStreams":true}`),
		ok(`{"StreamNames":["c"],"HasMoreStreams":false}`),
	)
	c, _ := s.client()
	var names []string
	for stream, err := range c.Streams(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, *stream.StreamName)
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("names = %v", names)
	}
	if got := s.requests[1].body["NextToken"]; got != "t" {
		t.Errorf("second page asked for with %v", s.requests[1].body)
	}
	if got := s.requests[2].body["ExclusiveStartStreamName"]; got != "b" {
		t.Errorf("page after a token-less one asked for with %v", s.requests[2].body)
	}
}

func TestStreamsEnd(t *testing.T) {
	page := ok(`{"StreamNames":["a","b"],"HasMoreStreams":true,"NextToken":"t"}`)
	s := newScript(t, page, fault("InvalidArgumentException"))
	c, _ := s.client()
	for range c.Streams(t.Context()) {
		break
	}
	if s.calls() != 1 {
		t.Errorf("%d calls for one stream", s.calls())
	}
	var last error
	n := 0
	for _, err := range c.Streams(t.Context()) {
		last = err
		n++
	}
	if last == nil || n != 1 {
		t.Errorf("error %v after %d steps, want it as the last step", last, n)
	}
}

func TestShardsWalksPages(t *testing.T) {
	s := newScript(t,
		ok(`{"Shards":[{"ShardId":"shardId-000000000000"},{"ShardId":"shardId-000000000001"}],"NextToken":"t"}`),
		fault("ExpiredNextTokenException"),
		ok(`{"Shards":[{"ShardId":"shardId-000000000002"}]}`),
	)
	c, _ := s.client()
	arn := "arn:aws:kinesis:us-east-1:000000000000:stream/s"
	var ids []string
	for shard, err := range c.Shards(t.Context(), arn) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, (*shard.ShardId)[len("shardId-00000000000"):])
	}
	if !slices.Equal(ids, []string{"0", "1", "2"}) {
		t.Errorf("shards = %v", ids)
	}
	if s.requests[0].body["StreamARN"] != arn || s.requests[0].body["StreamName"] != nil {
		t.Errorf("stream named with %v", s.requests[0].body)
	}
	if b := s.requests[1].body; b["NextToken"] != "t" || len(b) != 1 {
		t.Errorf("a token goes alone, not with %v", b)
	}
	if b := s.requests[2].body; b["ExclusiveStartShardId"] != "shardId-000000000001" || b["StreamARN"] != arn {
		t.Errorf("after an expired token asked for with %v", b)
	}
}

func TestTagsWalksPages(t *testing.T) {
	s := newScript(t,
		ok(`{"Tags":[{"Key":"a","Value":"1"}],"HasMoreTags":true}`),
		ok(`{"Tags":[{"Key":"b"}],"HasMoreTags":false}`),
	)
	c, _ := s.client()
	var tags []types.Tag
	for tag, err := range c.Tags(t.Context(), "s") {
		if err != nil {
			t.Fatal(err)
		}
		tags = append(tags, tag)
	}
	if len(tags) != 2 || *tags[0].Value != "1" || *tags[1].Key != "b" {
		t.Errorf("tags = %v", tags)
	}
	if got := s.requests[1].body["ExclusiveStartTagKey"]; got != "a" {
		t.Errorf("second page after %v", got)
	}
}
