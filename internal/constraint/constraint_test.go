package constraint

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

func message(t *testing.T, in any) string {
	t.Helper()
	err := Check(in)
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*types.ValidationException](err)
	if !ok {
		t.Fatalf("error %v (%T), want a ValidationException", err, err)
	}
	return e.Message
}

// TestCheckSentences holds every form of a finding, as observed.
func TestCheckSentences(t *testing.T) {
	const arn = "arn:aws:kinesis:us-east-1:123456789012:stream/a"
	entry := func(n int) []types.PutRecordsRequestEntry {
		list := make([]types.PutRecordsRequestEntry, n)
		for i := range list {
			list[i] = types.PutRecordsRequestEntry{Data: []byte{}, PartitionKey: new("k")}
		}
		return list
	}
	long := strings.Repeat("a", 129)
	for _, tt := range []struct {
		name string
		in   any
		want string
	}{
		{"null", &types.DescribeStreamConsumerInput{}, ""},
		{"one null", &types.CreateStreamInput{}, "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: Member must not be null"},
		{"two", &types.PutRecordInput{StreamName: new("a b"), PartitionKey: new("")},
			"3 validation errors detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value null at 'data' failed to satisfy constraint: Member must not be null; Value '' at 'partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"pattern, then length", &types.DeleteStreamInput{StreamName: new("")},
			"2 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"too long", &types.DeleteStreamInput{StreamName: &long},
			"1 validation error detected: Value '" + long + "' at 'streamName' failed to satisfy constraint: Member must have length less than or equal to 128"},
		{"acronym in path", &types.DeleteStreamInput{StreamARN: new("x")},
			`1 validation error detected: Value 'x' at 'streamARN' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`},
		{"number", &types.GetRecordsInput{ShardIterator: new("x"), Limit: new(int32(10001))},
			"1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"number below", &types.GetRecordsInput{ShardIterator: new("x"), Limit: new(int32(-1 << 31))},
			"1 validation error detected: Value '-2147483648' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"enum in the order of the service", &types.GetShardIteratorInput{ShardId: new("s"), ShardIteratorType: "NOPE"},
			"1 validation error detected: Value 'NOPE' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"},
		{"empty enum", &types.GetShardIteratorInput{ShardId: new("s"), ShardIteratorType: shape.EmptyEnum},
			"1 validation error detected: Value '' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"},
		{"blob", &types.PutRecordInput{Data: make([]byte, 10485761), PartitionKey: new("k")},
			"1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=10485761 cap=10485761]' at 'data' failed to satisfy constraint: Member must have length less than or equal to 10485760"},
		{"list element", &types.RemoveTagsFromStreamInput{TagKeys: []string{"a", "", "b"}},
			"1 validation error detected: Value '[a, , b]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"},
		{"empty list", &types.RemoveTagsFromStreamInput{TagKeys: []string{}},
			"1 validation error detected: Value '[]' at 'tagKeys' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"list of enums", &types.EnableEnhancedMonitoringInput{ShardLevelMetrics: []types.MetricsName{"a"}},
			"1 validation error detected: Value '[a]' at 'shardLevelMetrics' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, WriteProvisionedThroughputExceeded, ReadProvisionedThroughputExceeded, IteratorAgeMilliseconds, ALL]]"},
		{"map key and value", &types.AddTagsToStreamInput{Tags: map[string]string{"": "x", "a": strings.Repeat("é", 257)}},
			"2 validation errors detected: Value '{=x, a=" + strings.Repeat("é", 257) + "}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]; Value '{=x, a=" + strings.Repeat("é", 257) + "}' at 'tags' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0]"},
		{"characters, not bytes", &types.AddTagsToStreamInput{Tags: map[string]string{strings.Repeat("é", 128): strings.Repeat("😀", 256)}}, ""},
		{"nested", &types.UpdateStreamModeInput{StreamARN: new(arn), StreamModeDetails: &types.StreamModeDetails{}},
			"1 validation error detected: Value null at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must not be null"},
		{"in a list", &types.PutRecordsInput{Records: append(entry(2), types.PutRecordsRequestEntry{Data: []byte{}, ExplicitHashKey: new("01"), PartitionKey: new("k")})},
			`1 validation error detected: Value '01' at 'records.3.member.explicitHashKey' failed to satisfy constraint: Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})`},
		{"no records", &types.PutRecordsInput{Records: entry(0)},
			"1 validation error detected: Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"too many records", &types.PutRecordsInput{Records: entry(501)},
			"1 validation error detected: Value '[" + strings.TrimSuffix(strings.Repeat("com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@H, ", 501), ", ") + "]' at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"},
		{"valid", &types.PutRecordsInput{StreamName: new("a"), StreamARN: new(arn), Records: entry(500)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := hash.ReplaceAllString(message(t, tt.in), "@H")
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

var hash = regexp.MustCompile(`@[0-9a-f]+`)

func TestCheckTellsTenAtMost(t *testing.T) {
	in := &types.PutRecordsInput{Records: make([]types.PutRecordsRequestEntry, 20)}
	got := message(t, in)
	if !strings.HasPrefix(got, "10 validation errors detected: ") || strings.Count(got, "Value null") != 10 {
		t.Errorf("got %s", got)
	}
	if !strings.HasSuffix(got, "at 'records.10.member.data' failed to satisfy constraint: Member must not be null") {
		t.Errorf("got %s", got)
	}
}

func TestCheckCutsLongValues(t *testing.T) {
	got := message(t, &types.DeleteStreamInput{StreamName: new(strings.Repeat("é", 1<<20))})
	if len(got) > 2*MaxValueBytes+500 || !strings.Contains(got, "é...' at 'streamName'") {
		t.Errorf("%d bytes", len(got))
	}
	keys := make([]string, 1<<17)
	if got := message(t, &types.RemoveTagsFromStreamInput{TagKeys: keys}); len(got) > 2*MaxValueBytes+500 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestCheckOfNoInput(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an output was checked")
		}
	}()
	Check(&types.PutRecordOutput{})
}

func TestCheckAllocatesNothing(t *testing.T) {
	in := validPut()
	if n := testing.AllocsPerRun(10, func() {
		if err := Check(in); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a valid input", n)
	}
}

func validPut() *types.PutRecordsInput {
	in := &types.PutRecordsInput{StreamName: new("stream"), StreamARN: new("arn:aws:kinesis:us-east-1:123456789012:stream/stream")}
	for range 500 {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: []byte("a"), PartitionKey: new("partition-key"), ExplicitHashKey: new("340282366920938463463374607431768211455")})
	}
	return in
}

func BenchmarkCheckPutRecords(b *testing.B) {
	in := validPut()
	for b.Loop() {
		if Check(in) != nil {
			b.Fatal("not valid")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
}

func TestEmptyEnumIsThatOfTheCodecs(t *testing.T) {
	if emptyEnum != shape.EmptyEnum {
		t.Errorf("%q, want %q", emptyEnum, shape.EmptyEnum)
	}
}
