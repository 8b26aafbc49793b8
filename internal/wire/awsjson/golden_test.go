package awsjson

import (
	"strings"
	"testing"
	"time"

	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// TestUnmarshalTypeErrors holds every row of the table of type errors.
func TestUnmarshalTypeErrors(t *testing.T) {
	const (
		boolean = "class java.lang.Boolean can not be converted to "
		text    = "class java.lang.String can not be converted to "
		number  = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
		list    = "Start of list found where not expected"
		object  = "Start of structure or map found where not expected."
	)
	for _, tt := range []struct {
		name, body string
		into       any
		want       string
	}{
		{"string from bool", `{"StreamName":true}`, new(types.PutRecordInput), boolean + "an String"},
		{"string from number", `{"StreamName":1.5}`, new(types.PutRecordInput), number + "an String"},
		{"string from list", `{"StreamName":[]}`, new(types.PutRecordInput), list},
		{"string from object", `{"StreamName":{}}`, new(types.PutRecordInput), object},
		{"enum from number", `{"ShardIteratorType":0}`, new(types.GetShardIteratorInput), number + "an String"},
		{"integer from string", `{"Limit":"1"}`, new(types.GetRecordsInput), text + "an Integer"},
		{"integer from bool", `{"Limit":false}`, new(types.GetRecordsInput), boolean + "an Integer"},
		{"integer from list", `{"Limit":[1]}`, new(types.GetRecordsInput), list},
		{"integer from object", `{"Limit":{"a":1}}`, new(types.GetRecordsInput), object},
		{"long from string", `{"MillisBehindLatest":"1"}`, new(types.GetRecordsOutput), text + "an Long"},
		{"long from bool", `{"MillisBehindLatest":true}`, new(types.GetRecordsOutput), boolean + "an Long"},
		{"boolean from number", `{"DryRun":1}`, new(types.PutRecordInput), number + "an Boolean"},
		{"boolean from string", `{"DryRun":"Hello"}`, new(types.PutRecordInput), "'HELLO' can not be converted to an Boolean"},
		{"boolean from list", `{"DryRun":[]}`, new(types.PutRecordInput), list},
		{"boolean from object", `{"DryRun":{}}`, new(types.PutRecordInput), object},
		{"blob from bool", `{"Data":true}`, new(types.PutRecordInput), boolean + "a Blob"},
		{"blob from number", `{"Data":12}`, new(types.PutRecordInput), number + "a Blob"},
		{"blob from list", `{"Data":[]}`, new(types.PutRecordInput), list},
		{"blob from object", `{"Data":{}}`, new(types.PutRecordInput), object},
		{"blob of bad length", `{"Data":"abcde"}`, new(types.PutRecordInput), "'abcde' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
		{"blob of bad length, pad only", `{"Data":"="}`, new(types.PutRecordInput), "'=' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 1"},
		{"blob length counts UTF-16", `{"Data":"\ud83d\ude00aaa"}`, new(types.PutRecordInput), "'😀aaa' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
		{"blob with bad character", `{"Data":"ab-d"}`, new(types.PutRecordInput), "'ab-d' can not be converted to a Blob: Invalid Base64 character: '-'"},
		{"blob with pad inside", `{"Data":"a=bc"}`, new(types.PutRecordInput), "'a=bc' can not be converted to a Blob: Invalid Base64 character: '='"},
		{"blob with line break", `{"Data":"YWJj\n\n\n\n"}`, new(types.PutRecordInput), "'YWJj\n\n\n\n' can not be converted to a Blob: Invalid Base64 character: '\n'"},
		{"blob with non-canonical tail", `{"Data":"YQ=="}`, new(types.PutRecordInput), ""},
		{"blob with non-canonical tail", `{"Data":"YR=="}`, new(types.PutRecordInput), "'YR==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"},
		{"blob of pads", `{"Data":"===="}`, new(types.PutRecordInput), "'====' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"},
		{"timestamp from bool", `{"Timestamp":true}`, new(types.GetShardIteratorInput), boolean + "milliseconds since epoch"},
		{"timestamp from string", `{"Timestamp":"2014"}`, new(types.GetShardIteratorInput), text + "milliseconds since epoch"},
		{"timestamp from list", `{"Timestamp":[]}`, new(types.GetShardIteratorInput), list},
		{"timestamp from object", `{"Timestamp":{}}`, new(types.GetShardIteratorInput), object},
		{"list from string", `{"Records":"a"}`, new(types.PutRecordsInput), "Expected list or null"},
		{"list from number", `{"Records":-1}`, new(types.PutRecordsInput), "Expected list or null"},
		{"list from object", `{"Records":{}}`, new(types.PutRecordsInput), object},
		{"list element from number", `{"TagKeys":["a",1]}`, new(types.RemoveTagsFromStreamInput), number + "an String"},
		{"list element from list", `{"TagKeys":[["a"]]}`, new(types.RemoveTagsFromStreamInput), list},
		{"map from bool", `{"Tags":true}`, new(types.AddTagsToStreamInput), "Expected map or null"},
		{"map from list", `{"Tags":[]}`, new(types.AddTagsToStreamInput), list},
		{"map value from number", `{"Tags":{"a":1}}`, new(types.AddTagsToStreamInput), number + "an String"},
		{"structure from string", `{"StreamModeDetails":"ON_DEMAND"}`, new(types.CreateStreamInput), "Expected null"},
		{"structure from number", `{"StreamModeDetails":1}`, new(types.CreateStreamInput), "Expected null"},
		{"structure from list", `{"StreamModeDetails":[]}`, new(types.CreateStreamInput), list},
		{"structure in list from string", `{"Records":["a"]}`, new(types.PutRecordsInput), "Expected null"},
		{"structure in list from list", `{"Records":[[]]}`, new(types.PutRecordsInput), list},
		{"nested member", `{"Records":[{"Data":"YQ=="},{"Data":7}]}`, new(types.PutRecordsInput), number + "a Blob"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkError(t, Unmarshal([]byte(tt.body), tt.into), tt.want)
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Fatalf("error %v, want none", err)
		}
		return
	}
	e, ok := err.(*types.SerializationException)
	if !ok {
		t.Fatalf("error %v (%T), want a SerializationException", err, err)
	}
	if e.Message != want {
		t.Errorf("message %q\nwant    %q", e.Message, want)
	}
}

// TestUnmarshalNoObject: what is no JSON object gives an error without text,
// also where a type error stands before the fault.
func TestUnmarshalNoObject(t *testing.T) {
	deep := func(n int) string {
		return `{"Unknown":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	for _, tt := range []struct{ name, body string }{
		{"empty", ``}, {"blank", ` `}, {"null", `null`}, {"true", `true`}, {"string", `"a"`}, {"number", `1`}, {"list", `[]`},
		{"open", `{`}, {"trailing", `{}x`}, {"two", `{}{}`}, {"trailing comma", `{"A":1,}`}, {"no comma", `{"A":1 "B":2}`},
		{"leading comma", `{,"A":1}`}, {"no colon", `{"A" 1}`}, {"bare key", `{A:1}`}, {"bad word", `{"A":nul}`},
		{"leading zero", `{"A":01}`}, {"plus", `{"A":+1}`}, {"no fraction", `{"A":1.}`}, {"no exponent", `{"A":1e}`}, {"minus", `{"A":-}`},
		{"bad escape", `{"A":"\x"}`}, {"short unicode", `{"A":"\u12"}`}, {"control character", "{\"A\":\"\n\"}"},
		{"open string", `{"A":"`}, {"zero byte", "{\"A\":1}\x00"}, {"not UTF-8", "{\"StreamName\":\"\xff\"}"}, {"not UTF-8 in the unknown", "{\"A\":\"\xc3\"}"},
		{"line break in blob", "{\"Data\":\"YWJj\n\n\n\n\"}"},
		{"type error before the fault", `{"StreamName":1,"B":}`}, {"type error, then deep", `{"StreamName":1,` + deep(64)[1:]},
		{"mismatched", `{"A":[}`}, {"too deep", deep(64)}, {"far too deep", deep(100000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Unmarshal([]byte(tt.body), new(types.PutRecordInput))
			if e, ok := err.(*types.SerializationException); !ok || e.Message != "" {
				t.Fatalf("error %v (%T), want a SerializationException without text", err, err)
			}
			if Valid([]byte(tt.body)) {
				t.Error("Valid says yes")
			}
		})
	}
	if err := Unmarshal([]byte(deep(63)), new(types.PutRecordInput)); err != nil {
		t.Errorf("64 levels: %v", err)
	}
}

func TestUnmarshalValues(t *testing.T) {
	var in types.PutRecordInput
	body := ` { "StreamName" : "a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é" , "Data":"YWJj", "Nope":[{"a":[null,true,-1.5e+3,"\""]}],
		"PartitionKey":null, "Partition\u004bey":"\ud800x", "DryRun":"yes" } `
	if err := Unmarshal([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	if got, want := *in.StreamName, "a\"\\/\b\f\n\r\té😀é"; got != want {
		t.Errorf("StreamName %q, want %q", got, want)
	}
	if string(in.Data) != "abc" || *in.PartitionKey != "\ufffdx" || !*in.DryRun {
		t.Errorf("Data %q PartitionKey %q DryRun %v", in.Data, *in.PartitionKey, *in.DryRun)
	}
}

func TestUnmarshalNullIsAbsent(t *testing.T) {
	var in types.AddTagsToStreamInput
	if err := Unmarshal([]byte(`{"StreamName":"a","StreamName":null,"Tags":{"a":null,"b":"c"}}`), &in); err != nil {
		t.Fatal(err)
	}
	if in.StreamName != nil || len(in.Tags) != 1 || in.Tags["b"] != "c" {
		t.Errorf("got %+v", in)
	}
	var keys types.RemoveTagsFromStreamInput
	if err := Unmarshal([]byte(`{"TagKeys":[null,"a",null]}`), &keys); err != nil {
		t.Fatal(err)
	}
	if len(keys.TagKeys) != 1 || keys.TagKeys[0] != "a" {
		t.Errorf("got %q", keys.TagKeys)
	}
	var records types.PutRecordsInput
	if err := Unmarshal([]byte(`{"Records":[null]}`), &records); err != nil {
		t.Fatal(err)
	}
	if records.Records == nil || len(records.Records) != 0 {
		t.Errorf("a list of nulls is %#v, want an empty one", records.Records)
	}
}

func TestUnmarshalNumbers(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int32
	}{
		{"0", 0}, {"-0", 0}, {"7", 7}, {"1.9", 1}, {"-1.5", -2}, {"1e3", 1000}, {"2147483647", 1<<31 - 1}, {"2147483648", 1<<31 - 1},
		{"-2147483649", -1 << 31}, {"99999999999999999999", 1<<31 - 1}, {"1e400", 1<<31 - 1}, {"-1e400", -1 << 31}, {"2147483646.5", 1<<31 - 2},
	} {
		var in types.GetRecordsInput
		if err := Unmarshal([]byte(`{"Limit":`+tt.text+`}`), &in); err != nil || *in.Limit != tt.want {
			t.Errorf("%s: %v, %v, want %d", tt.text, in.Limit, err, tt.want)
		}
	}
	for _, tt := range []struct {
		text string
		want int64
	}{
		{"9223372036854775807", 1<<63 - 1}, {"9223372036854775808", 1<<63 - 1}, {"-9223372036854775809", -1 << 63}, {"2147483648", 1 << 31},
	} {
		var out types.GetRecordsOutput
		if err := Unmarshal([]byte(`{"MillisBehindLatest":`+tt.text+`}`), &out); err != nil || *out.MillisBehindLatest != tt.want {
			t.Errorf("%s: %v, %v, want %d", tt.text, out.MillisBehindLatest, err, tt.want)
		}
	}
}

func TestUnmarshalTimestamps(t *testing.T) {
	for _, tt := range []struct {
		text string
		ms   int64
	}{
		{"0", 0}, {"1441215410", 1441215410000}, {"1441215410.867", 1441215410867}, {"1.441215410867E9", 1441215410867},
		{"1441215410.8669999", 1441215410867}, {"1441215410.867432", 1441215410867}, {"1441215410.867999", 1441215410867},
		{"-1.5", -1500}, {"-0.0001", -1}, {"1e300", lastMillis / 1000 * 1000}, {"-1e300", firstMillis}, {"99999999999999", lastMillis / 1000 * 1000},
	} {
		var in types.GetShardIteratorInput
		if err := Unmarshal([]byte(`{"Timestamp":`+tt.text+`}`), &in); err != nil || in.Timestamp.UnixMilli() != tt.ms {
			t.Errorf("%s: %v, %v, want %d", tt.text, in.Timestamp, err, tt.ms)
		}
	}
}

func TestUnmarshalBooleans(t *testing.T) {
	for text, want := range map[string]bool{
		`true`: true, `false`: false, `"true"`: true, `"FALSE"`: false, `"1"`: true, `"0"`: false, `"Yes"`: true, `"no"`: false,
		`0.5`: true, `0.0`: false, `-0.0e5`: false, `1e-400`: true,
	} {
		var in types.PutRecordInput
		if err := Unmarshal([]byte(`{"DryRun":`+text+`}`), &in); err != nil || *in.DryRun != want {
			t.Errorf("%s: %v, %v, want %v", text, in.DryRun, err, want)
		}
	}
}

func TestMarshal(t *testing.T) {
	at := time.UnixMilli(1441215410867)
	for _, tt := range []struct {
		name string
		v    any
		want string
	}{
		{"empty output", &types.CreateStreamOutput{}, `{}`},
		{"absent members", &types.PutRecordOutput{ShardId: new("shardId-000000000000")}, `{"ShardId":"shardId-000000000000"}`},
		{"required lists and blobs of answers", &types.GetRecordsOutput{Records: []types.Record{{}}}, `{"Records":[{"Data":""}]}`},
		{"required list of an answer", &types.GetRecordsOutput{}, `{"Records":[]}`},
		{"optional list of an answer", &types.ListShardsOutput{}, `{}`},
		{"empty list", &types.ListShardsOutput{Shards: []types.Shard{}}, `{"Shards":[]}`},
		{"absent list of an input", &types.PutRecordsInput{}, `{}`},
		{"times", &types.Record{ApproximateArrivalTimestamp: &at, Data: []byte("abc")}, `{"ApproximateArrivalTimestamp":1441215410.867,"Data":"YWJj"}`},
		{"map", &types.AddTagsToStreamInput{Tags: map[string]string{"b": "1", "a\n": "2"}}, `{"Tags":{"a\n":"2","b":"1"}}`},
		{"escapes", &types.PutRecordOutput{ShardId: new("\x00\x1f\"\\/<>&\n\r\t\b\xff\x7fé\u2028")}, `{"ShardId":"\u0000\u001f\"\\/<>&\n\r\t\u0008` + "\ufffd\x7fé\u2028" + `"}`},
		{"numbers", &types.GetRecordsOutput{Records: []types.Record{}, MillisBehindLatest: new(int64(-1 << 63))}, `{"Records":[],"MillisBehindLatest":-9223372036854775808}`},
		{"StreamId of an input", &types.PutRecordInput{StreamId: new("a")}, `{"StreamId":"a"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Marshal([]byte("x"), tt.v)); got != "x"+tt.want {
				t.Errorf("got  %s\nwant x%s", got, tt.want)
			}
			if got := Size(tt.v); got != len(tt.want) {
				t.Errorf("Size %d, want %d", got, len(tt.want))
			}
		})
	}
}

func TestAppendTime(t *testing.T) {
	for ms, want := range map[int64]string{
		0: "0", 1: "0.001", 10: "0.01", 100: "0.1", 120: "0.12", 123: "0.123", 1000: "1", -1: "-0.001", -1500: "-1.5", 1441215410050: "1441215410.05",
	} {
		if got := string(appendTime(nil, time.UnixMilli(ms))); got != want {
			t.Errorf("%d: %s, want %s", ms, got, want)
		}
	}
}

func TestMarshalError(t *testing.T) {
	for _, tt := range []struct{ code, message, want string }{
		{"ResourceNotFoundException", "Stream \"x\" not found.", `{"__type":"ResourceNotFoundException","message":"Stream \"x\" not found."}`},
		{"SerializationException", "Expected null", `{"__type":"SerializationException","Message":"Expected null"}`},
		{"SerializationException", "", `{"__type":"SerializationException"}`},
	} {
		got := MarshalError(nil, tt.code, tt.message)
		if string(got) != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
		if code, message := UnmarshalError(got); code != tt.code || message != tt.message {
			t.Errorf("read back as %q, %q", code, message)
		}
	}
}

func TestUnmarshalError(t *testing.T) {
	for _, tt := range []struct{ body, code, message string }{
		{`{"__type":"com.amazon.coral.service#SerializationException"}`, "SerializationException", ""},
		{`{"code":"X:http://y","message":"m","Nope":[1]}`, "X", "m"},
		{`{"__type":1,"message":null}`, "", ""},
		{`<html>`, "", ""}, {``, "", ""}, {`{"__type":"A"`, "", ""},
	} {
		if code, message := UnmarshalError([]byte(tt.body)); code != tt.code || message != tt.message {
			t.Errorf("%s: %q, %q, want %q, %q", tt.body, code, message, tt.code, tt.message)
		}
	}
}

func TestTypeErrorsRepeatLittle(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	for _, body := range []string{`{"Data":"` + long + `"}`, `{"DryRun":"` + long + `"}`} {
		err := Unmarshal([]byte(body), new(types.PutRecordInput))
		if n := len(err.Error()); n < shape.MaxEchoBytes || n > shape.MaxEchoBytes+300 || !strings.Contains(err.Error(), "...' can not be converted to a") {
			t.Errorf("%d bytes", n)
		}
	}
}
