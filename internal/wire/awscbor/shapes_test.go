package awscbor

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/internal/wire/awsjson"
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
			v.SetBytes(bytes.Repeat([]byte{0xff, 0x10}, n*15))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range n {
			v.SetMapIndex(reflect.ValueOf(strings.Repeat("k", i*20)), reflect.ValueOf("\"v\"\n"))
		}
	case reflect.String:
		v.SetString("text-é" + strings.Repeat("x", n*100))
	case reflect.Bool:
		v.SetBool(n%2 == 1)
	case reflect.Int32, reflect.Int64:
		v.SetInt([]int64{-1, 0, 23, 24, 256, 70000, -70000, 1<<31 - 1}[n%8])
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

// filled is a shape with lists of n-1 entries, or, for n of 0, with nothing.
func filled(fresh func() any, n int) any {
	v := fresh()
	if n > 0 {
		fill(reflect.ValueOf(v).Elem(), n-1)
	}
	return v
}

// dropStreamID removes what answers do not carry.
func dropStreamID(v any) {
	if out, ok := v.(*types.DescribeStreamSummaryOutput); ok && out.StreamDescriptionSummary != nil {
		out.StreamDescriptionSummary.StreamId = nil
	}
}

// TestSameValuesAsJSON: what went through CBOR is what went through JSON, for
// every shape, full and empty.
func TestSameValuesAsJSON(t *testing.T) {
	for _, fresh := range shapes() {
		for n := range 9 {
			v := filled(fresh, n)
			body := Marshal(nil, v)
			if got := Size(v); got != len(body) {
				t.Errorf("%T: Size %d, length %d", v, got, len(body))
			}
			if !Valid(body) {
				t.Errorf("%T: not valid: %x", v, body)
			}
			var streamed bytes.Buffer
			if err := Encode(&streamed, v); err != nil || !bytes.Equal(streamed.Bytes(), body) {
				t.Errorf("%T: Encode %v\n%x\n%x", v, err, streamed.Bytes(), body)
			}
			fromCBOR, fromJSON := fresh(), fresh()
			if err := UnmarshalOutput(body, fromCBOR); err != nil {
				t.Errorf("%T: %v", v, err)
			}
			if err := awsjson.UnmarshalOutput(awsjson.Marshal(nil, v), fromJSON); err != nil {
				t.Errorf("%T: JSON: %v", v, err)
			}
			if !reflect.DeepEqual(fromCBOR, fromJSON) {
				t.Errorf("%T: differs\n%s\n%s", v, awsjson.Marshal(nil, fromCBOR), awsjson.Marshal(nil, fromJSON))
			}
			dropStreamID(v)
			if n > 0 && !reflect.DeepEqual(v, fromCBOR) {
				t.Errorf("%T: differs after a round trip", v)
			}
		}
	}
}

func TestUnknownMembersOfEveryShape(t *testing.T) {
	body := hex(`bf
		64 4e6f7065 a2 61 61 82 01 9f f6 f7 f9 7e00 ff 02 c1 fb 0000000000000000
		64 6e6f7065 7f 61 78 60 ff
		18 2a 5f 41 00 40 ff
		f6 d8 ff f8 ff
		80 bf ff
		7f 78 40 ` + strings.Repeat("41", 64) + ` 61 41 ff c2 49 010000000000000000
	ff`)
	for _, fresh := range shapes() {
		v := fresh()
		if err := Unmarshal(body, v); err != nil {
			t.Fatalf("%T: %v", v, err)
		}
		if !reflect.DeepEqual(v, fresh()) {
			t.Errorf("%T: changed by unknown members", v)
		}
	}
}

// TestNamesHaveRoom: a key in chunks reaches every member of the model.
func TestNamesHaveRoom(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(typ.Elem())
		case reflect.Struct:
			for i := range typ.NumField() {
				if name := typ.Field(i).Name; len(name) > longestName {
					t.Errorf("%s has %d bytes", name, len(name))
				}
				walk(typ.Field(i).Type)
			}
		}
	}
	for _, fresh := range shapes() {
		walk(reflect.TypeOf(fresh()))
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
	for _, size := range []int{1, 1000, directBlob - 1, directBlob, 65536, 1 << 20} {
		out := &types.GetRecordsOutput{}
		for range min(3<<20/size+1, 2000) {
			out.Records = append(out.Records, types.Record{Data: bytes.Repeat([]byte("x"), size), PartitionKey: new("k"), SequenceNumber: new("1")})
		}
		var p pieces
		if err := Encode(&p, out); err != nil {
			t.Fatal(err)
		}
		if p.total != Size(out) || p.largest > encodeBuffer+directBlob || p.n > 3+2*p.total/min(directBlob, encodeBuffer) {
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
	if err := Encode(failing{}, &types.GetRecordsOutput{Records: []types.Record{{Data: make([]byte, 1<<20)}}}); err != errFull {
		t.Errorf("error %v", err)
	}
}

// skipUnderRace: the race detector makes pools forget at random.
func skipUnderRace(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("pools forget under the race detector")
	}
}

func TestEncodingAllocatesNothing(t *testing.T) {
	skipUnderRace(t)
	at := time.UnixMilli(1441215410867)
	out := &types.GetRecordsOutput{MillisBehindLatest: new(int64(0))}
	for range 500 {
		out.Records = append(out.Records, types.Record{Data: make([]byte, 100), PartitionKey: new("key"), SequenceNumber: new("49590338271490256608559692538361571095921575989136588898"), ApproximateArrivalTimestamp: &at})
	}
	dst := make([]byte, 0, Size(out))
	if n := testing.AllocsPerRun(20, func() {
		Marshal(dst, out)
		Size(out)
		MarshalError(dst, "ResourceNotFoundException", "Stream s under account 000000000000 not found.")
		if err := Encode(io.Discard, out); err != nil {
			t.Fatal(err)
		}
	}); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestErrors(t *testing.T) {
	for _, e := range [][2]string{
		{"ResourceNotFoundException", "Stream s under account 000000000000 not found."},
		{"SerializationException", "Expected null"},
		{"UnknownOperationException", ""},
		{"ValidationException", "é\xff"},
	} {
		body := MarshalError(nil, e[0], e[1])
		code, message := UnmarshalError(body)
		wantCode, wantMessage := awsjson.UnmarshalError(awsjson.MarshalError(nil, e[0], e[1]))
		if code != wantCode || message != wantMessage {
			t.Errorf("%q: %q, %q, want %q, %q", e, code, message, wantCode, wantMessage)
		}
	}
	if got, want := MarshalError(nil, "A", "b"), hex(`bf 66 5f5f74797065 61 41 67 6d657373616765 61 62 ff`); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	if got := MarshalError(nil, "SerializationException", "b"); !bytes.Contains(got, []byte("gMessage")) {
		t.Errorf("%x", got)
	}
	for _, bad := range []string{"", "f6", "bf", "a1 66 5f5f74797065", "61 41"} {
		if code, message := UnmarshalError(hex(bad)); code != "" || message != "" {
			t.Errorf("%s: %q, %q", bad, code, message)
		}
	}
	full := hex(`a4 64 636f6465 61 78 66 5f5f74797065 65 6e 23 41 3a 62 67 4d657373616765 61 6d 01 02`)
	if code, message := UnmarshalError(full); code != "A" || message != "m" {
		t.Errorf("%q, %q", code, message)
	}
}

// TestBadTextIsReplaced as in JSON, byte by byte.
func TestBadTextIsReplaced(t *testing.T) {
	v := &types.PutRecordInput{PartitionKey: new("a\xff\xc3\ufffdé\xe2\x82")}
	body := Marshal(nil, v)
	var fromCBOR, fromJSON types.PutRecordInput
	if err := Unmarshal(body, &fromCBOR); err != nil || Size(v) != len(body) {
		t.Errorf("%v, Size %d of %d", err, Size(v), len(body))
	}
	if err := awsjson.Unmarshal(awsjson.Marshal(nil, v), &fromJSON); err != nil || *fromCBOR.PartitionKey != *fromJSON.PartitionKey {
		t.Errorf("%v, %q, JSON %q", err, *fromCBOR.PartitionKey, *fromJSON.PartitionKey)
	}
}

// FuzzUnmarshal reads any body into every shape: it must not panic, must take
// only what is well-formed, and must agree with itself after a round trip.
func FuzzUnmarshal(f *testing.F) {
	list := shapes()
	for i, fresh := range list {
		f.Add(i, Marshal(nil, filled(fresh, 3)))
	}
	f.Add(1, hex(`a1 64 54616773 7f 61 61 ff`))
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		fresh := list[int(uint(i)%uint(len(list)))]
		v := fresh()
		err := Unmarshal(body, v)
		if Valid(body) && wellformed.Wellformed(body) != nil {
			t.Fatalf("taken for CBOR: %x: %v", body, wellformed.Wellformed(body))
		}
		if err != nil {
			if e := err.(*types.SerializationException); e.Message != "" && !Valid(body) {
				t.Fatalf("%q for a body that is not CBOR", e.Message)
			}
			return
		}
		if !Valid(body) {
			t.Fatalf("%T taken from what is not CBOR: %x", v, body)
		}
		text := Marshal(nil, v)
		back := fresh()
		if err := Unmarshal(text, back); err != nil || !bytes.Equal(Marshal(nil, back), text) || Size(v) != len(text) {
			t.Fatalf("%T: %v\n%x\n%x", v, err, text, Marshal(nil, back))
		}
	})
}
