package conformance_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"millrace/test/harness"
)

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// TestTypeErrors holds the texts of SerializationException, whose member is
// Message with a capital.
func TestTypeErrors(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	const number = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
	for _, test := range []struct{ operation, body, text string }{
		{"DescribeStream", `{"StreamName":true}`, "class java.lang.Boolean can not be converted to an String"},
		{"DescribeStream", `{"StreamName":12}`, number + " can not be converted to an String"},
		{"DescribeStream", `{"StreamName":[]}`, "Start of list found where not expected"},
		{"DescribeStream", `{"StreamName":{}}`, "Start of structure or map found where not expected."},
		{"DescribeStream", `{"Limit":"x"}`, "class java.lang.String can not be converted to an Integer"},
		{"DescribeStream", `{"Limit":true}`, "class java.lang.Boolean can not be converted to an Integer"},
		{"DeleteStream", `{"StreamName":"x","EnforceConsumerDeletion":12}`, number + " can not be converted to an Boolean"},
		{"DeleteStream", `{"StreamName":"x","EnforceConsumerDeletion":"perhaps"}`, "'PERHAPS' can not be converted to an Boolean"},
		{"PutRecord", `{"Data":true}`, "class java.lang.Boolean can not be converted to a Blob"},
		{"PutRecord", `{"Data":1}`, number + " can not be converted to a Blob"},
		{"PutRecord", `{"Data":"a"}`, "'a' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 1"},
		{"PutRecord", `{"Data":"+-=="}`, "'+-==' can not be converted to a Blob: Invalid Base64 character: '-'"},
		{"PutRecord", `{"Data":"+x=="}`, "'+x==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"},
		{"PutRecords", `{"Records":"x"}`, "Expected list or null"},
		{"PutRecords", `{"Records":{}}`, "Start of structure or map found where not expected."},
		{"PutRecords", `{"Records":["x"]}`, "Expected null"},
		{"PutRecords", `{"Records":[{"Data":1}]}`, number + " can not be converted to a Blob"},
		{"AddTagsToStream", `{"Tags":"x"}`, "Expected map or null"},
		{"AddTagsToStream", `{"Tags":[]}`, "Start of list found where not expected"},
		{"GetShardIterator", `{"Timestamp":"2015"}`, "class java.lang.String can not be converted to milliseconds since epoch"},
		{"GetShardIterator", `{"Timestamp":true}`, "class java.lang.Boolean can not be converted to milliseconds since epoch"},
	} {
		t.Run(test.operation+test.body, func(t *testing.T) {
			a := send(t, s, call{target: test.operation, body: test.body})
			if f := a.fault(t); a.status != 400 || f != (fault{"SerializationException", test.text}) {
				t.Errorf("%d %+v, want %q", a.status, f, test.text)
			}
			if !strings.Contains(a.body, `"Message"`) {
				t.Errorf("body %s, want the member Message", a.body)
			}
		})
	}
}

// TestConstraints holds the sentences of ValidationException, whose member is
// message in lower case.
func TestConstraints(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	long := strings.Repeat("n", 129)
	const one = "1 validation error detected: "
	for _, test := range []struct{ operation, body, text string }{
		{"CreateStream", `{"ShardCount":1}`, one + "Value null at 'streamName' failed to satisfy constraint: Member must not be null"},
		{"CreateStream", `{"StreamName":null,"ShardCount":1}`, one + "Value null at 'streamName' failed to satisfy constraint: Member must not be null"},
		{"CreateStream", `{"StreamName":"` + long + `","ShardCount":1}`, one + "Value '" + long + "' at 'streamName' failed to satisfy constraint: Member must have length less than or equal to 128"},
		{"CreateStream", `{"StreamName":"x","ShardCount":0}`, one + "Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"DescribeStream", `{"StreamName":"x","Limit":0}`, one + "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"DescribeStream", `{"StreamName":"x","Limit":10001}`, one + "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"DescribeStream", `{"StreamName":"x","Limit":99999999999}`, one + "Value '2147483647' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"ListTagsForStream", `{"StreamName":"x","Limit":51}`, one + "Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50"},
		{"PutRecords", `{"StreamName":"x","Records":[]}`, one + "Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"PutRecord", `{"StreamName":"x","Data":"","PartitionKey":"k","ExplicitHashKey":"-1"}`, one + "Value '-1' at 'explicitHashKey' failed to satisfy constraint: Member must satisfy regular expression pattern: "},
		{"PutRecords", `{"StreamName":"x","Records":[{"Data":"","PartitionKey":"k"},{"PartitionKey":"k"}]}`, one + "Value null at 'records.2.member.data' failed to satisfy constraint: Member must not be null"},
	} {
		t.Run(test.operation, func(t *testing.T) {
			a := send(t, s, call{target: test.operation, body: test.body})
			f := a.fault(t)
			if a.status != 400 || f.Type != "ValidationException" || !strings.HasPrefix(f.Message, test.text) {
				t.Errorf("%d %+v, want %q", a.status, f, test.text)
			}
			if !strings.Contains(a.body, `"message"`) {
				t.Errorf("body %s, want the member message", a.body)
			}
		})
	}
}

// TestSeveralFindings holds the plural form and the cap of ten.
func TestSeveralFindings(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := send(t, s, call{target: "SplitShard", body: `{"StreamName":"x"}`})
	f := a.fault(t)
	if !strings.HasPrefix(f.Message, "2 validation errors detected: Value null at '") || strings.Count(f.Message, "; Value ") != 1 {
		t.Errorf("%+v, want two findings", f)
	}
	records := strings.TrimSuffix(strings.Repeat(`{"PartitionKey":"k"},`, 15), ",")
	a = send(t, s, call{target: "PutRecords", body: `{"StreamName":"x","Records":[` + records + `]}`})
	f = a.fault(t)
	if !strings.HasPrefix(f.Message, "10 validation errors detected: ") || strings.Count(f.Message, "Member must not be null") != 10 {
		t.Errorf("%+v, want ten findings", f)
	}
}

// TestLenience holds what is taken though it looks wrong.
func TestLenience(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	name := stream(t, s, "1")
	named := `"StreamName":"` + name + `"`
	for what, c := range map[string]call{
		"unknown members":     {target: "ListStreams", body: `{"Nonsense":{"a":[1]}}`},
		"null members":        {target: "ListStreams", body: `{"Limit":null}`},
		"fraction":            {target: "ListStreams", body: `{"Limit":1.9}`},
		"short shard id":      {target: "GetShardIterator", body: `{` + named + `,"ShardId":"shardId-0","ShardIteratorType":"LATEST"}`},
		"bare shard id":       {target: "GetShardIterator", body: `{` + named + `,"ShardId":"0","ShardIteratorType":"LATEST"}`},
		"other path":          {target: "ListStreams", body: `{}`, query: "x=y"},
		"same retention":      {target: "IncreaseStreamRetentionPeriod", body: `{` + named + `,"RetentionPeriodHours":24}`},
		"escapes in a string": {target: "DescribeStreamSummary", body: `{"Str\u0065amName":"` + name + `"}`},
		"white space":         {target: "ListStreams", body: " \r\n{ \t}\n"},
	} {
		t.Run(what, func(t *testing.T) {
			if a := send(t, s, c); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	// An iterator in double quotes is an iterator.
	a := do(t, s, "GetShardIterator", `{`+named+`,"ShardId":"shardId-000000000000","ShardIteratorType":"LATEST"}`)
	quoted := strings.TrimSuffix(strings.TrimPrefix(a.body, `{"ShardIterator":"`), `"}`)
	do(t, s, "GetRecords", `{"ShardIterator":"\"`+quoted+`\""}`)
}
