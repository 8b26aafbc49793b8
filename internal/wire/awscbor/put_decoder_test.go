package awscbor

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"millrace/internal/wire/awsjson"
	"millrace/kinesis/types"
)

// sameAsUnmarshal reads body both ways. Where the fast way takes it, the slow
// way has to take it too and give the same.
func sameAsUnmarshal(t *testing.T, d *PutDecoder, body []byte) (records, record bool) {
	t.Helper()
	body = bytes.Clone(body)
	fast, records := d.DecodePutRecords(body)
	if records {
		var slow types.PutRecordsInput
		if err := Unmarshal(body, &slow); err != nil {
			t.Fatalf("PutRecords %.300x: fast ok, slow %v", body, err)
		}
		if !reflect.DeepEqual(fast, &slow) {
			t.Fatalf("PutRecords %.300x:\nfast %.300s\nslow %.300s", body, awsjson.Marshal(nil, fast), awsjson.Marshal(nil, &slow))
		}
	}
	one, record := d.DecodePutRecord(body)
	if record {
		var slow types.PutRecordInput
		if err := Unmarshal(body, &slow); err != nil {
			t.Fatalf("PutRecord %.300x: fast ok, slow %v", body, err)
		}
		if !reflect.DeepEqual(one, &slow) {
			t.Fatalf("PutRecord %.300x:\nfast %.300s\nslow %.300s", body, awsjson.Marshal(nil, one), awsjson.Marshal(nil, &slow))
		}
	}
	return records, record
}

// TestPutDecoderTakes: what SDKs send goes the fast way.
func TestPutDecoderTakes(t *testing.T) {
	var d PutDecoder
	entry := "bf " + key("Data") + "43 616263 " + key("PartitionKey") + "61 6b ff "
	for _, body := range []string{
		"bf " + key("Records") + "9f " + entry + entry + "ff " + key("StreamName") + "61 73 ff",
		"a2 " + key("StreamName") + "61 73 " + key("Records") + "82 " + entry + "a2 " + key("PartitionKey") + "78 01 6b " + key("Data") + "40",
		"bf " + key("Records") + "80 " + key("DryRun") + "f5 " + key("StreamARN") + "60 " + key("StreamId") + "60 ff",
		"a1 " + key("Records") + "9f a0 ff", "a0", "bf ff",
	} {
		if records, _ := sameAsUnmarshal(t, &d, hex(body)); !records {
			t.Errorf("PutRecords %s: not taken", body)
		}
	}
	for _, size := range []int{0, 23, 24, 255, 256, 65535, 65536} {
		body := Marshal(nil, &types.PutRecordsInput{StreamName: new("s"), Records: []types.PutRecordsRequestEntry{{Data: make([]byte, size), PartitionKey: new("k")}}})
		if records, _ := sameAsUnmarshal(t, &d, body); !records {
			t.Errorf("%d bytes: not taken", size)
		}
	}
}

// TestPutDecoderLeaves: what it is not made for goes the slow way.
func TestPutDecoderLeaves(t *testing.T) {
	var d PutDecoder
	for _, body := range []string{
		"", "f6", "80", "bf", "a0 00", "d9d9f7 a0", "bf ff 00", "a1", "a1 61 61 01",
		"a1 " + key("StreamName") + "f6", "a1 " + key("StreamName") + "01", "a1 " + key("StreamName") + "7f ff", "a1 " + key("StreamName") + "61 ff", "a1 " + key("StreamName") + "62 61",
		"a2 " + key("StreamName") + "61 61 " + key("StreamName") + "61 62", "a1 " + key("StreamName") + "41 61", "a1 " + key("DryRun") + "01", "a1 " + key("DryRun"),
		"a2 " + key("Data") + "40 " + key("Data") + "40", "a1 " + key("Data") + "5f 41 61 ff", "a1 " + key("Data") + "60", "a1 " + key("Data") + "5a ffffffff",
		"a1 " + key("Records") + "81 f6", "a1 " + key("Records") + "9f a0", "a1 " + key("Records") + "a0", "a1 " + key("Records") + "81 a2 " + key("Data") + "40 " + key("Data") + "40",
		"a1 " + key("Records") + "9f " + strings.Repeat("a0 ", 501) + "ff", "a2 " + key("Records") + "80 " + key("Records") + "80", "a1 7f 61 61 ff 01",
	} {
		if records, record := sameAsUnmarshal(t, &d, hex(body)); records || record {
			t.Errorf("%s: taken", body)
		}
	}
}

// TestPutDecoderRandom reads random inputs, whole and damaged, both ways.
func TestPutDecoderRandom(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	var d PutDecoder
	rounds := 5000
	if testing.Short() {
		rounds = 500
	}
	for range rounds {
		body := randomPut(rnd)
		records, record := sameAsUnmarshal(t, &d, body)
		if !records && !record {
			t.Fatalf("not taken: %.300x", body)
		}
		i := rnd.IntN(len(body))
		switch rnd.IntN(4) {
		case 1:
			body[i] = byte(rnd.Uint32())
		case 2:
			body = append(body[:i], body[i+1:]...)
		case 3:
			body = append(body[:i], body[rnd.IntN(len(body)):]...)
		}
		sameAsUnmarshal(t, &d, body)
		if rnd.IntN(10) == 0 {
			d.Release()
		}
	}
}

func randomPut(rnd *rand.Rand) []byte {
	data := func() []byte {
		b := make([]byte, rnd.IntN(40))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}
	text := func() *string {
		if rnd.IntN(3) == 0 {
			return nil
		}
		return new([]string{"", "a", "key-1", "é😀", strings.Repeat("x", rnd.IntN(300))}[rnd.IntN(5)])
	}
	var dry *bool
	if rnd.IntN(2) == 0 {
		dry = new(rnd.IntN(2) == 0)
	}
	if rnd.IntN(2) == 0 {
		return Marshal(nil, &types.PutRecordInput{StreamName: text(), Data: data(), PartitionKey: text(), ExplicitHashKey: text(), SequenceNumberForOrdering: text(), StreamARN: text(), StreamId: text(), DryRun: dry})
	}
	in := &types.PutRecordsInput{StreamName: text(), StreamARN: text(), StreamId: text(), DryRun: dry, Records: []types.PutRecordsRequestEntry{}}
	for range rnd.IntN(20) {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: data(), PartitionKey: text(), ExplicitHashKey: text()})
	}
	return Marshal(nil, in)
}

// TestPutDecoderMembers: every member of the two inputs is known to it.
func TestPutDecoderMembers(t *testing.T) {
	var d PutDecoder
	for _, v := range []any{new(types.PutRecordInput), new(types.PutRecordsInput)} {
		fill(reflect.ValueOf(v).Elem(), 2)
		if records, record := sameAsUnmarshal(t, &d, Marshal(nil, v)); !records && !record {
			t.Errorf("%T: not taken", v)
		}
	}
}

// TestPutDecoderCopiesNothing: data and texts are parts of the body.
func TestPutDecoderCopiesNothing(t *testing.T) {
	body := putRecordsBody(3, 100)
	var d PutDecoder
	in, ok := d.DecodePutRecords(body)
	if !ok {
		t.Fatal("not taken")
	}
	for i := range body {
		body[i] = '!'
	}
	for _, r := range in.Records {
		if r.Data[0] != '!' || (*r.PartitionKey)[0] != '!' || cap(r.Data) != len(r.Data) {
			t.Error("a copy, or one that can grow into the body")
		}
	}
	d.Release()
	if len(in.Records) != 0 || d.body != nil || d.records[:1][0].PartitionKey != nil || d.texts[:1][0] != "" {
		t.Error("something is kept")
	}
}

func TestPutDecoderAllocatesNothing(t *testing.T) {
	body := putRecordsBody(500, 100)
	one := Marshal(nil, &types.PutRecordInput{StreamName: new("s"), Data: []byte("abc"), PartitionKey: new("k")})
	var d PutDecoder
	d.DecodePutRecords(body)
	if n := testing.AllocsPerRun(10, func() {
		if _, ok := d.DecodePutRecords(body); !ok {
			t.Fatal("not taken")
		}
		if _, ok := d.DecodePutRecord(one); !ok {
			t.Fatal("not taken")
		}
		d.Release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzPutDecoder(f *testing.F) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add(randomPut(rnd))
	}
	f.Add(hex("a1 " + key("Records") + "81 a1 " + key("Data") + "5f 41 61 ff"))
	var d PutDecoder
	f.Fuzz(func(t *testing.T, body []byte) { sameAsUnmarshal(t, &d, body) })
}

func putRecordsInput(n, size int) *types.PutRecordsInput {
	in := &types.PutRecordsInput{StreamName: new("stream")}
	for i := range n {
		data := bytes.Repeat([]byte{byte(i), 0xfe, 7}, size/3+1)[:size]
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: data, PartitionKey: new(fmt.Sprintf("partition-key-%d", i))})
	}
	return in
}

func putRecordsBody(n, size int) []byte { return Marshal(nil, putRecordsInput(n, size)) }

func perRecord(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
}

func BenchmarkPutRecords(b *testing.B) {
	in := putRecordsInput(500, 1024)
	inCBOR, inJSON := Marshal(nil, in), awsjson.Marshal(nil, in)
	var fastCBOR PutDecoder
	var fastJSON awsjson.PutDecoder
	for _, bb := range []struct {
		name string
		f    func() bool
	}{
		{"cbor/fast", func() bool { _, ok := fastCBOR.DecodePutRecords(inCBOR); fastCBOR.Release(); return ok }},
		{"json/fast", func() bool { _, ok := fastJSON.DecodePutRecords(inJSON); fastJSON.Release(); return ok }},
		{"cbor/unmarshal", func() bool { return Unmarshal(inCBOR, new(types.PutRecordsInput)) == nil }},
		{"json/unmarshal", func() bool { return awsjson.Unmarshal(inJSON, new(types.PutRecordsInput)) == nil }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !bb.f() {
					b.Fatal("not taken")
				}
			}
			perRecord(b)
		})
	}
}

func BenchmarkGetRecordsOutput(b *testing.B) {
	out := &types.GetRecordsOutput{}
	at := time.UnixMilli(1441215410867)
	for range 500 {
		out.Records = append(out.Records, types.Record{Data: make([]byte, 1024), PartitionKey: new("partition-key"), SequenceNumber: new("49590338271490256608559692538361571095921575989136588898"), ApproximateArrivalTimestamp: &at})
	}
	for name, encode := range map[string]func(io.Writer, any) error{"cbor": Encode, "json": awsjson.Encode} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := encode(io.Discard, out); err != nil {
					b.Fatal(err)
				}
			}
			perRecord(b)
		})
	}
}
