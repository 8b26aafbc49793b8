package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"millrace/test/harness"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// TestHeaders holds what every answer carries, good or bad.
func TestHeaders(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	for name, c := range map[string]call{
		"answer":       {target: "ListStreams", body: "{}"},
		"fault":        {target: "DescribeStream", body: `{"StreamName":"nobody"}`},
		"no operation": {target: "Nonsense", body: "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := send(t, s, c), send(t, s, c)
			id := first.header.Get("X-Amzn-Requestid")
			if !uuid.MatchString(id) {
				t.Errorf("x-amzn-RequestId = %q, want a UUID", id)
			}
			if id == second.header.Get("X-Amzn-Requestid") {
				t.Error("two calls have the same request id")
			}
			extended, err := base64.StdEncoding.DecodeString(first.header.Get("X-Amz-Id-2"))
			if err != nil || len(extended) < 64 {
				t.Errorf("x-amz-id-2 = %q, want base64 of 64 bytes or more", first.header.Get("X-Amz-Id-2"))
			}
			if got := first.header.Get("Content-Type"); got != jsonType {
				t.Errorf("Content-Type = %q, want %q", got, jsonType)
			}
			if got := first.header.Get("Content-Length"); got != strconv.Itoa(len(first.body)) {
				t.Errorf("Content-Length = %q, body has %d", got, len(first.body))
			}
			if first.header.Get("Date") == "" {
				t.Error("no Date: SDKs correct their clocks by it")
			}
			if origin := first.header.Get("Access-Control-Allow-Origin"); origin != "" {
				t.Errorf("Access-Control-Allow-Origin = %q without an Origin", origin)
			}
		})
	}
}

// TestEmptyBodies holds that operations without output answer 200 and nothing.
func TestEmptyBodies(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	name := `"StreamName":"` + stream(t, s, "2") + `"`
	active := func() {
		harness.Eventually(t, "ACTIVE", func() bool {
			return strings.Contains(do(t, s, "DescribeStreamSummary", "{"+name+"}").body, `"ACTIVE"`)
		})
	}
	for _, c := range []struct{ operation, body string }{
		{"CreateStream", `{"StreamName":"another","ShardCount":1}`},
		{"AddTagsToStream", `{` + name + `,"Tags":{"a":"b"}}`},
		{"RemoveTagsFromStream", `{` + name + `,"TagKeys":["a"]}`},
		{"IncreaseStreamRetentionPeriod", `{` + name + `,"RetentionPeriodHours":48}`},
		{"DecreaseStreamRetentionPeriod", `{` + name + `,"RetentionPeriodHours":24}`},
		{"SplitShard", `{` + name + `,"ShardToSplit":"shardId-000000000000","NewStartingHashKey":"100"}`},
		{"MergeShards", `{` + name + `,"ShardToMerge":"shardId-000000000002","AdjacentShardToMerge":"shardId-000000000003"}`},
		{"DeleteStream", `{` + name + `}`},
	} {
		a := do(t, s, c.operation, c.body)
		if a.body != "" || a.header.Get("Content-Length") != "0" {
			t.Errorf("%s answered %q, Content-Length %q; want nothing and 0", c.operation, a.body, a.header.Get("Content-Length"))
		}
		if c.operation != "DeleteStream" {
			active()
		}
	}
}

// TestShapes holds the very members of the answers: none too many, none null.
func TestShapes(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	name := stream(t, s, "1")
	named := `{"StreamName":"` + name + `"`
	put := do(t, s, "PutRecord", named+`,"Data":"AAEC","PartitionKey":"k"}`)
	var iterator struct{ ShardIterator string }
	got := do(t, s, "GetShardIterator", named+`,"ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`)
	json.Unmarshal([]byte(got.body), &iterator)
	for _, test := range []struct {
		operation string
		answer    answer
		members   string
	}{
		{"PutRecord", put, "SequenceNumber ShardId"},
		{"PutRecords", do(t, s, "PutRecords", named+`,"Records":[{"Data":"","PartitionKey":"k"}]}`), "FailedRecordCount Records Records.SequenceNumber Records.ShardId"},
		{"GetShardIterator", got, "ShardIterator"},
		{"GetRecords", do(t, s, "GetRecords", `{"ShardIterator":"`+iterator.ShardIterator+`"}`), "MillisBehindLatest NextShardIterator Records Records.ApproximateArrivalTimestamp Records.Data Records.PartitionKey Records.SequenceNumber"},
		{"ListTagsForStream", do(t, s, "ListTagsForStream", named+`}`), "HasMoreTags Tags"},
		{"ListShards", do(t, s, "ListShards", named+`}`), "Shards Shards.HashKeyRange Shards.HashKeyRange.EndingHashKey Shards.HashKeyRange.StartingHashKey Shards.SequenceNumberRange Shards.SequenceNumberRange.StartingSequenceNumber Shards.ShardId"},
	} {
		t.Run(test.operation, func(t *testing.T) {
			if found := members(t, test.answer.body); found != test.members {
				t.Errorf("members\n  %s\nwant\n  %s", found, test.members)
			}
		})
	}
	for _, operation := range []string{"DescribeStream", "DescribeStreamSummary", "ListShards", "ListStreams"} {
		body := named + "}"
		if operation == "ListStreams" {
			body = "{}"
		}
		a := do(t, s, operation, body)
		if strings.Contains(a.body, "StreamId") {
			t.Errorf("%s shows a StreamId, with which SDKs leave the endpoint: %s", operation, a.body)
		}
		if strings.Contains(a.body, "null") {
			t.Errorf("%s has a null: %s", operation, a.body)
		}
	}
}

// members lists the paths of the members of a JSON body, sorted, each once.
func members(t *testing.T, body string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	seen := map[string]bool{}
	walk(v, "", seen)
	return strings.Join(sortedKeys(seen), " ")
}

func walk(v any, path string, seen map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			at := strings.TrimPrefix(path+"."+name, ".")
			seen[at] = true
			walk(member, at, seen)
		}
	case []any:
		for _, element := range v {
			walk(element, path, seen)
		}
	}
}

// TestTimestamps holds that times are numbers of seconds with at most three decimals.
func TestTimestamps(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	name := stream(t, s, "1")
	a := do(t, s, "DescribeStream", `{"StreamName":"`+name+`"}`)
	if !regexp.MustCompile(`"StreamCreationTimestamp":(\d{10}(\.\d{1,3})?|1\.\d{9,12}E9)[,}]`).MatchString(a.body) {
		t.Errorf("no StreamCreationTimestamp in seconds: %s", a.body)
	}
}

// TestStreamIDIsAcceptedAndIgnored holds that a client that learned one
// elsewhere is served.
func TestStreamIDIsAcceptedAndIgnored(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	name := stream(t, s, "1")
	a := do(t, s, "DescribeStreamSummary", `{"StreamName":"`+name+`","StreamId":"abcdefghijklmnopqrst-001"}`)
	if strings.Contains(a.body, "abcdefghijklmnopqrst") {
		t.Errorf("StreamId came back: %s", a.body)
	}
	bad := send(t, s, call{target: "DescribeStreamSummary", body: `{"StreamName":"` + name + `","StreamId":"?"}`})
	if f := bad.fault(t); f.Type != "ValidationException" {
		t.Errorf("malformed StreamId: %+v", f)
	}
}
