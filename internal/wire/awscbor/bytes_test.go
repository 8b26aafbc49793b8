package awscbor

import (
	"bytes"
	stdhex "encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"millrace/internal/wire/awsjson"
	"millrace/kinesis/types"
)

// hex reads bytes in hexadecimal, with blanks anywhere.
func hex(s string) []byte {
	b, err := stdhex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// key is a member's name in hexadecimal.
func key(name string) string {
	return stdhex.EncodeToString(appendString(nil, name)) + " "
}

// TestJackson reads what the SDKs for Java send: maps and lists of unknown
// length, texts and blobs of known length, tag 1 with eight bytes of milliseconds.
func TestJackson(t *testing.T) {
	tests := []struct {
		name string
		body string
		want any
	}{
		{"PutRecords", "bf " + key("Records") + "9f" +
			" bf " + key("Data") + "43 616263 " + key("PartitionKey") + "61 6b ff" +
			" bf " + key("Data") + "40 " + key("ExplicitHashKey") + "61 30 " + key("PartitionKey") + "62 c3a9 ff" +
			" ff " + key("StreamName") + "61 73 ff",
			&types.PutRecordsInput{StreamName: new("s"), Records: []types.PutRecordsRequestEntry{
				{Data: []byte("abc"), PartitionKey: new("k")}, {Data: []byte{}, ExplicitHashKey: new("0"), PartitionKey: new("é")}}}},
		{"GetShardIterator", "bf " + key("StreamName") + "61 73 " + key("ShardId") + "61 69 " + key("ShardIteratorType") + key("AT_TIMESTAMP") +
			key("Timestamp") + "c1 1b 0000014f8f3d5a33 ff",
			&types.GetShardIteratorInput{StreamName: new("s"), ShardId: new("i"), ShardIteratorType: "AT_TIMESTAMP", Timestamp: new(time.UnixMilli(0x14f8f3d5a33).UTC())}},
		{"GetRecords", "bf " + key("ShardIterator") + "7f 61 61 61 62 ff " + key("Limit") + "19 2710 ff",
			&types.GetRecordsInput{ShardIterator: new("ab"), Limit: new(int32(10000))}},
		{"self-described", "d9d9f7 bf " + key("Limit") + "05 ff", &types.GetRecordsInput{Limit: new(int32(5))}},
		{"no members", "bf ff", &types.DescribeLimitsInput{}},
		{"no members, known", "a0", &types.DescribeLimitsInput{}},
		{"null and undefined", "a3 " + key("Limit") + "f6 " + key("ShardIterator") + "f7 " + key("StreamARN") + "d9d9f7 f6", &types.GetRecordsInput{}},
		{"null in a list", "a1 " + key("TagKeys") + "83 f6 61 61 f7", &types.RemoveTagsFromStreamInput{TagKeys: []string{"a"}}},
		{"null in a map", "a1 " + key("Tags") + "bf 61 61 f6 61 62 61 63 ff", &types.AddTagsToStreamInput{Tags: map[string]string{"b": "c"}}},
		{"twice", "a2 " + key("Limit") + "01 " + key("Limit") + "02", &types.GetRecordsInput{Limit: new(int32(2))}},
		{"twice in a map", "a1 " + key("Tags") + "a2 61 61 61 62 61 61 61 63", &types.AddTagsToStreamInput{Tags: map[string]string{"a": "c"}}},
		{"blob in chunks", "a1 " + key("Data") + "5f 41 61 40 42 6263 ff", &types.PutRecordInput{Data: []byte("abc")}},
		{"blob in no chunk", "a1 " + key("Data") + "5f ff", &types.PutRecordInput{Data: []byte{}}},
		{"enum of nothing", "a1 " + key("ShardIteratorType") + "60", &types.GetShardIteratorInput{ShardIteratorType: "\x00"}},
	}
	for _, tt := range tests {
		got := reflect.New(reflect.TypeOf(tt.want).Elem()).Interface()
		if err := Unmarshal(hex(tt.body), got); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, %s, want %s", tt.name, err, awsjson.Marshal(nil, got), awsjson.Marshal(nil, tt.want))
		}
	}
}

// TestJavaSDK reads what version 2.33.0 of the SDK for Java has sent, byte for byte.
func TestJavaSDK(t *testing.T) {
	tests := []struct {
		body string
		want any
	}{
		{"bf6a53747265616d4e616d6561646a5368617264436f756e74016454616773bf616b6176ffff",
			&types.CreateStreamInput{StreamName: new("d"), ShardCount: new(int32(1)), Tags: map[string]string{"k": "v"}}},
		{"bf6a53747265616d4e616d6561646444617461436162636c506172746974696f6e4b6579616bff",
			&types.PutRecordInput{StreamName: new("d"), Data: []byte("abc"), PartitionKey: new("k")}},
		{"bf675265636f7264739fbf6444617461436162636c506172746974696f6e4b6579783c" + strings.Repeat("c3a9", 30) + "ff" +
			"bf644461746159012c" + strings.Repeat("00", 300) + "6f4578706c69636974486173684b657961306c506172746974696f6e4b6579616bffff6a53747265616d4e616d656164ff",
			&types.PutRecordsInput{StreamName: new("d"), Records: []types.PutRecordsRequestEntry{
				{Data: []byte("abc"), PartitionKey: new(strings.Repeat("é", 30))}, {Data: make([]byte, 300), ExplicitHashKey: new("0"), PartitionKey: new("k")}}}},
		{"bf6a53747265616d4e616d656164675368617264496474736861726449642d3030303030303030303030307153686172644974657261746f72547970656c41545f54494d455354414d506954696d657374616d70c11b0000014f8f21f2b3ff",
			&types.GetShardIteratorInput{StreamName: new("d"), ShardId: new("shardId-000000000000"), ShardIteratorType: "AT_TIMESTAMP", Timestamp: new(time.UnixMilli(1441215410867).UTC())}},
	}
	var d PutDecoder
	for _, tt := range tests {
		got := reflect.New(reflect.TypeOf(tt.want).Elem()).Interface()
		if err := Unmarshal(hex(tt.body), got); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%T: %v, %s", tt.want, err, awsjson.Marshal(nil, got))
		}
		records, record := sameAsUnmarshal(t, &d, hex(tt.body))
		switch tt.want.(type) {
		case *types.PutRecordInput, *types.PutRecordsInput:
			if !records && !record {
				t.Errorf("%T: not the fast way", tt.want)
			}
		}
	}
}

// TestNumbers: of any width and kind, rounded down and put within bounds.
func TestNumbers(t *testing.T) {
	tests := []struct {
		item string
		want int32
	}{
		{"00", 0}, {"17", 23}, {"18 05", 5}, {"19 0005", 5}, {"1a 00000005", 5}, {"1b 0000000000000005", 5}, {"20", -1}, {"38 ff", -256},
		{"1a 80000000", 1<<31 - 1}, {"1b ffffffffffffffff", 1<<31 - 1}, {"3b ffffffffffffffff", -1 << 31}, {"3a 7fffffff", -1 << 31}, {"3a 80000000", -1 << 31},
		{"f9 3e00", 1}, {"f9 be00", -2}, {"fa 40200000", 2}, {"fb 4004000000000000", 2}, {"f9 7c00", 1<<31 - 1}, {"f9 fc00", -1 << 31}, {"f9 7e00", 0}, {"fb 7fefffffffffffff", 1<<31 - 1},
		{"f9 0001", 0}, {"f9 8001", -1},
		{"c2 41 05", 5}, {"c3 41 05", -6}, {"c2 40", 0}, {"c2 4a 00000000000000000007", 7}, {"c2 49 010000000000000000", 1<<31 - 1}, {"c3 49 010000000000000000", -1 << 31}, {"c2 5f 41 01 41 00 ff", 256},
		{"c1 05", 5}, {"d8 2a c1 05", 5},
	}
	for _, tt := range tests {
		var in types.GetRecordsInput
		if err := Unmarshal(hex("a1 "+key("Limit")+tt.item), &in); err != nil || in.Limit == nil || *in.Limit != tt.want {
			t.Errorf("%s: %v, %s, want %d", tt.item, err, awsjson.Marshal(nil, &in), tt.want)
		}
	}
	var out types.GetRecordsOutput
	for item, want := range map[string]int64{"1b ffffffffffffffff": 1<<63 - 1, "3b 7fffffffffffffff": -1 << 63, "3b ffffffffffffffff": -1 << 63, "f9 7c00": 1<<63 - 1} {
		if err := Unmarshal(hex("a1 "+key("MillisBehindLatest")+item), &out); err != nil || *out.MillisBehindLatest != want {
			t.Errorf("%s: %v, %v, want %d", item, err, out.MillisBehindLatest, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for item, want := range map[string]int64{
		"c1 1b 0000014f8f3d5a33": 0x14f8f3d5a33, "1b 0000014f8f3d5a33": 0x14f8f3d5a33, "c1 fb 4274f8f3d5a33000": 0x14f8f3d5a33, "c1 fb 4274f8f3d5a33800": 0x14f8f3d5a33,
		"c1 20": -1, "c1 f9 b800": -1, "1b ffffffffffffffff": lastMillis, "3b ffffffffffffffff": firstMillis, "f9 7c00": lastMillis, "f9 7e00": 0,
	} {
		var in types.GetShardIteratorInput
		if err := Unmarshal(hex("a1 "+key("Timestamp")+item), &in); err != nil || in.Timestamp == nil || in.Timestamp.UnixMilli() != want {
			t.Errorf("%s: %v, %v, want %d", item, err, in.Timestamp, want)
		}
	}
	at := time.UnixMilli(0x14f8f3d5a33).Add(999 * time.Microsecond)
	body := Marshal(nil, &types.GetShardIteratorInput{Timestamp: &at})
	if want := hex("bf " + key("Timestamp") + "c1 1b 0000014f8f3d5a33 ff"); !bytes.Equal(body, want) {
		t.Errorf("%x, want %x", body, want)
	}
}

func TestBooleans(t *testing.T) {
	for item, want := range map[string]bool{"f5": true, "f4": false, "63 796573": true, "61 30": false, "65 46616c7365": false, "f9 3c00": true, "f9 0000": false, "7f 61 54 63 727565 ff": true} {
		var in types.PutRecordInput
		if err := Unmarshal(hex("a1 "+key("DryRun")+item), &in); err != nil || in.DryRun == nil || *in.DryRun != want {
			t.Errorf("%s: %v, %v, want %v", item, err, in.DryRun, want)
		}
	}
}

// TestTypeErrors: the same texts as for the counterpart in JSON.
func TestTypeErrors(t *testing.T) {
	items := map[string]string{ // CBOR by JSON
		`true`: "f5", `1`: "01", `"x"`: "61 78", `[]`: "9f ff", `{}`: "bf ff", `1.5`: "f9 3e00", `-1`: "20",
	}
	members := []struct {
		name  string
		fresh func() any
	}{
		{"StreamName", func() any { return new(types.PutRecordInput) }},
		{"Data", func() any { return new(types.PutRecordInput) }},
		{"DryRun", func() any { return new(types.PutRecordInput) }},
		{"Limit", func() any { return new(types.GetRecordsInput) }},
		{"MillisBehindLatest", func() any { return new(types.GetRecordsOutput) }},
		{"Timestamp", func() any { return new(types.GetShardIteratorInput) }},
		{"Records", func() any { return new(types.PutRecordsInput) }},
		{"Tags", func() any { return new(types.AddTagsToStreamInput) }},
		{"TagKeys", func() any { return new(types.RemoveTagsFromStreamInput) }},
		{"StreamModeDetails", func() any { return new(types.CreateStreamInput) }},
	}
	tried := 0
	for _, m := range members {
		for text, item := range items {
			want := awsjson.Unmarshal([]byte(`{"`+m.name+`":`+text+`}`), m.fresh())
			got := Unmarshal(hex("a1 "+key(m.name)+item), m.fresh())
			if m.name == "Data" && text == `"x"` {
				// A text is base64 there and nothing here.
				want = &types.SerializationException{Message: "class java.lang.String can not be converted to a Blob"}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s of %s: %v, want %v", m.name, text, got, want)
			}
			if want != nil {
				tried++
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d errors", tried)
	}
	for item, want := range map[string]string{
		"41 00":    "class java.nio.HeapByteBuffer can not be converted to an String",
		"c2 41 00": "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String",
		"e0":       "",
	} {
		err := Unmarshal(hex("a1 "+key("StreamName")+item), new(types.PutRecordInput))
		if e, ok := err.(*types.SerializationException); !ok || e.Message != want {
			t.Errorf("%s: %v, want %q", item, err, want)
		}
	}
}

// TestRefuses what is not one map of well-formed CBOR: without a text, even
// where a wrong type comes first.
func TestRefuses(t *testing.T) {
	wrongType := "a2 " + key("StreamName") + "01 "
	for _, body := range []string{
		"", "f6", "f7", "f5", "01", "80", "9f ff", "61 61", "41 61", "ff", "d9d9f7", "d9d9f7 f6",
		"bf", "a1", "a1 61 61", "bf 61 61 ff", "bf 61 61 01", "a0 a0", "a0 00", "bf ff ff", "a1 61 61 ff", "a1 61", "a1 61 61 c1", "a1 61 61 c1 ff",
		"a1 61 61 82 01", "a1 61 61 9f 01", "a1 61 61 62 61", "a1 61 61 7f 61 61", "a1 61 61 7f 41 61 ff", "a1 61 61 5f 61 61 ff", "a1 61 61 7f 7f 61 61 ff ff", "a1 61 61 5f 5f ff ff",
		"a1 61 61 1c", "a1 61 61 1f", "a1 61 61 3f", "a1 61 61 df 00", "a1 61 61 5c", "a1 61 61 fc", "a1 61 61 f8 18", "a1 61 61 f8", "a1 61 61 19 00", "a1 61 61 fb 00",
		"a1 61 ff 01", "a1 61 61 61 ff", "a1 61 61 7f 61 c3 61 a9 ff", "a1 7f 61 ff ff 01",
		"a1 " + key("StreamName") + "61 ff", "a1 " + key("StreamName") + "7f 61 c3 61 a9 ff", "a1 " + key("StreamName") + "7b ffffffffffffffff 61",
		wrongType + "61 61", wrongType + "61 61 ff", wrongType + "61 61 01 00", wrongType + "61 61 61 ff",
	} {
		if Valid(hex(body)) {
			t.Errorf("%s: valid", body)
		}
		err := Unmarshal(hex(body), new(types.PutRecordInput))
		if e, ok := err.(*types.SerializationException); !ok || e.Message != "" {
			t.Errorf("%s: %v", body, err)
		}
	}
	if err := Unmarshal(hex("a1 "+key("Tags")+"a1 01 61 61"), new(types.AddTagsToStreamInput)); err == nil {
		t.Error("a tag whose key is no text was taken")
	}
}
