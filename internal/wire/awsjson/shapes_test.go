package awsjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// fill sets everything in v, with lists and maps of n entries.
func fill(v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMilli(1441215410867 + int64(n)).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]byte]() {
			v.SetBytes(bytes.Repeat([]byte{0xff, 0x10}, n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range n {
			v.SetMapIndex(reflect.ValueOf(strings.Repeat("k", i)), reflect.ValueOf("\"v\"\n"))
		}
	case reflect.String:
		v.SetString("text-é")
	case reflect.Bool:
		v.SetBool(n%2 == 1)
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(n) - 2)
	}
}

// shapes gives all inputs, outputs and events.
func shapes() []func() any {
	list := []func() any{func() any { return new(types.SubscribeToShardEvent) }}
	for _, op := range shape.Operations {
		list = append(list, op.NewInput, op.NewOutput)
	}
	return list
}

// dropStreamID removes what answers do not carry.
func dropStreamID(v any) {
	if out, ok := v.(*types.DescribeStreamSummaryOutput); ok && out.StreamDescriptionSummary != nil {
		out.StreamDescriptionSummary.StreamId = nil
	}
}

// TestRoundTrip writes and reads every shape, full and empty, and compares it
// with the JSON reader of the standard library.
func TestRoundTrip(t *testing.T) {
	for _, fresh := range shapes() {
		for n := range 4 {
			v := fresh()
			if n > 0 {
				fill(reflect.ValueOf(v).Elem(), n-1)
			}
			body := Marshal(nil, v)
			if got := Size(v); got != len(body) {
				t.Errorf("%T: Size %d, length %d", v, got, len(body))
			}
			if !json.Valid(body) || !Valid(body) {
				t.Errorf("%T: not JSON: %s", v, body)
			}
			var streamed bytes.Buffer
			if err := Encode(&streamed, v); err != nil || !bytes.Equal(streamed.Bytes(), body) {
				t.Errorf("%T: Encode %v\n%s\n%s", v, err, streamed.Bytes(), body)
			}
			back := fresh()
			if err := UnmarshalOutput(body, back); err != nil {
				t.Errorf("%T: %v", v, err)
			}
			if again := Marshal(nil, back); !bytes.Equal(again, body) {
				t.Errorf("%T:\n%s\n%s", v, body, again)
			}
			dropStreamID(v)
			if n > 0 && !reflect.DeepEqual(v, back) {
				t.Errorf("%T: differs after a round trip: %s", v, body)
			}
		}
	}
}

// TestStreamIDIsNeverWritten in what a server answers.
func TestStreamIDIsNeverWritten(t *testing.T) {
	found := false
	for _, op := range shape.Operations {
		out := op.NewOutput()
		fill(reflect.ValueOf(out).Elem(), 2)
		if strings.Contains(string(Marshal(nil, out)), `"StreamId"`) {
			t.Errorf("%s: the output has a StreamId", op.Name)
		}
		if d, ok := out.(*types.DescribeStreamSummaryOutput); ok {
			found = d.StreamDescriptionSummary.StreamId != nil
		}
	}
	if !found {
		t.Error("no output has the member, so that nothing was tested")
	}
}

func TestUnknownMembersOfEveryShape(t *testing.T) {
	for _, fresh := range shapes() {
		v := fresh()
		if err := Unmarshal([]byte(`{"Nope":{"a":[1,{"b":null}]},"nope":"x"}`), v); err != nil {
			t.Errorf("%T: %v", v, err)
		}
		if !reflect.DeepEqual(v, fresh()) {
			t.Errorf("%T: changed by unknown members", v)
		}
	}
}

func TestUnmarshalBoundsEntries(t *testing.T) {
	body := []byte(`{"Records":[` + strings.Repeat(`{},`, 1<<18) + `{}]}`)
	var in types.PutRecordsInput
	if err := Unmarshal(body, &in); err != nil || len(in.Records) != MaxInputEntries {
		t.Errorf("%d records, %v", len(in.Records), err)
	}
	var tags types.AddTagsToStreamInput
	big := []byte(`{"Tags":{"x":"y"},"StreamName":"s"}`)
	if err := unmarshal(big, &tags, 0); err != nil || len(tags.Tags) != 0 || tags.StreamName == nil {
		t.Errorf("%+v, %v", tags, err)
	}
}

// pieces counts the writes and the largest of them.
type pieces struct{ n, largest, total int }

func (p *pieces) Write(b []byte) (int, error) {
	p.n++
	p.largest = max(p.largest, len(b))
	p.total += len(b)
	return len(b), nil
}

func TestEncodeInPieces(t *testing.T) {
	for _, size := range []int{1, 1000, 49151, 49152, 49153, 65536, 1 << 20} {
		out := &types.GetRecordsOutput{}
		for range 3<<20/size + 1 {
			if len(out.Records) == 2000 {
				break
			}
			out.Records = append(out.Records, types.Record{Data: bytes.Repeat([]byte("x"), size), PartitionKey: new("k"), SequenceNumber: new("1")})
		}
		var p pieces
		if err := Encode(&p, out); err != nil {
			t.Fatal(err)
		}
		if p.total != Size(out) || p.largest > encodeBuffer+encodeSlack {
			t.Errorf("records of %d bytes: %d bytes in %d pieces up to %d, want %d bytes", size, p.total, p.n, p.largest, Size(out))
		}
		var b bytes.Buffer
		if Encode(&b, out); !bytes.Equal(b.Bytes(), Marshal(nil, out)) {
			t.Errorf("records of %d bytes: Encode and Marshal differ", size)
		}
	}
}

type failing struct{}

var errFull = errors.New("full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestEncodeTellsOfTheWriter(t *testing.T) {
	if err := Encode(failing{}, &types.PutRecordOutput{}); err != errFull {
		t.Errorf("error %v", err)
	}
}

func TestMarshalAllocatesNothing(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("pools forget under the race detector")
	}
	out := &types.PutRecordsOutput{FailedRecordCount: new(int32(0))}
	for range 500 {
		out.Records = append(out.Records, types.PutRecordsResultEntry{SequenceNumber: new("49590338271490256608559692538361571095921575989136588898"), ShardId: new("shardId-000000000000")})
	}
	dst := make([]byte, 0, Size(out))
	if n := testing.AllocsPerRun(20, func() {
		Marshal(dst, out)
		Size(out)
		if err := Encode(io.Discard, out); err != nil {
			t.Fatal(err)
		}
	}); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzUnmarshal reads any body into every shape: it must not panic, must agree
// with itself after a round trip, and must take only what is JSON.
func FuzzUnmarshal(f *testing.F) {
	list := shapes()
	for i, fresh := range list {
		v := fresh()
		fill(reflect.ValueOf(v).Elem(), 2)
		f.Add(i, Marshal(nil, v))
	}
	f.Add(0, []byte(`{"Data":"YQ==","Limit":1e3,"Timestamp":-1.5,"X":["\ud800\udc00"]}`))
	f.Add(1, []byte(`{"StreamName":"`+"\xff"+`"}`))
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		fresh := list[int(uint(i)%uint(len(list)))]
		v := fresh()
		err := Unmarshal(body, v)
		if Valid(body) && !json.Valid(body) {
			t.Fatalf("taken for JSON: %q", body)
		}
		if err != nil {
			if e := err.(*types.SerializationException); e.Message != "" && !Valid(body) {
				t.Fatalf("%q for a body that is not JSON", e.Message)
			}
			return
		}
		if !Valid(body) {
			t.Fatalf("%T taken from what is not JSON: %q", v, body)
		}
		text := Marshal(nil, v)
		back := fresh()
		if err := Unmarshal(text, back); err != nil || !bytes.Equal(Marshal(nil, back), text) {
			t.Fatalf("%T: %v\n%s\n%s", v, err, text, Marshal(nil, back))
		}
	})
}

func BenchmarkMarshalPutRecordsOutput(b *testing.B) {
	out := &types.PutRecordsOutput{FailedRecordCount: new(int32(0))}
	for range 500 {
		out.Records = append(out.Records, types.PutRecordsResultEntry{SequenceNumber: new("49590338271490256608559692538361571095921575989136588898"), ShardId: new("shardId-000000000000")})
	}
	dst := make([]byte, 0, Size(out))
	b.ReportAllocs()
	for b.Loop() {
		Marshal(dst, out)
	}
	perRecord(b)
}

func BenchmarkEncodeGetRecordsOutput(b *testing.B) {
	out := &types.GetRecordsOutput{}
	at := time.UnixMilli(1441215410867)
	for range 500 {
		out.Records = append(out.Records, types.Record{Data: make([]byte, 1024), PartitionKey: new("partition-key"), SequenceNumber: new("49590338271490256608559692538361571095921575989136588898"), ApproximateArrivalTimestamp: &at})
	}
	b.ReportAllocs()
	for b.Loop() {
		Encode(io.Discard, out)
	}
	perRecord(b)
}
