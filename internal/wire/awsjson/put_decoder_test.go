package awsjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"millrace/kinesis/types"
)

// sameAsUnmarshal reads body both ways. Where the fast way takes it, the slow
// way has to take it too and give the same.
func sameAsUnmarshal(t *testing.T, d *PutDecoder, body []byte) (records, record bool) {
	t.Helper()
	body = append([]byte(nil), body...)
	fast, records := d.DecodePutRecords(body)
	if records {
		var slow types.PutRecordsInput
		if err := Unmarshal(body, &slow); err != nil {
			t.Fatalf("PutRecords %.300q: fast ok, slow %v", body, err)
		}
		if !reflect.DeepEqual(fast, &slow) {
			t.Fatalf("PutRecords %.300q:\nfast %.300v\nslow %.300v", body, text(fast), text(&slow))
		}
	}
	one, record := d.DecodePutRecord(body)
	if record {
		var slow types.PutRecordInput
		if err := Unmarshal(body, &slow); err != nil {
			t.Fatalf("PutRecord %.300q: fast ok, slow %v", body, err)
		}
		if !reflect.DeepEqual(one, &slow) {
			t.Fatalf("PutRecord %.300q:\nfast %.300v\nslow %.300v", body, text(one), text(&slow))
		}
	}
	return records, record
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// TestPutDecoderTakes: what SDKs send goes the fast way.
func TestPutDecoderTakes(t *testing.T) {
	var d PutDecoder
	for _, body := range []string{
		`{"Records":[{"Data":"YWJj","PartitionKey":"k"},{"Data":"","PartitionKey":"é","ExplicitHashKey":"0"}],"StreamName":"s"}`,
		`{"StreamName": "s", "Records": [{"Data": "YQ==", "PartitionKey": "k"}]}`,
		"\n{\t\"Records\" :\r[ ] , \"StreamARN\" : \"a\", \"StreamId\":\"x\" , \"DryRun\" : true }\n",
		`{"Records":[{}]}`, `{}`,
	} {
		if records, _ := sameAsUnmarshal(t, &d, []byte(body)); !records {
			t.Errorf("PutRecords %s: not taken", body)
		}
	}
	for _, body := range []string{
		`{"StreamName":"s","Data":"YWJj","PartitionKey":"k","ExplicitHashKey":"1","SequenceNumberForOrdering":"2","StreamARN":"a","StreamId":"i","DryRun":false}`, `{}`,
	} {
		if _, record := sameAsUnmarshal(t, &d, []byte(body)); !record {
			t.Errorf("PutRecord %s: not taken", body)
		}
	}
}

// TestPutDecoderLeaves: what it is not made for goes the slow way.
func TestPutDecoderLeaves(t *testing.T) {
	var d PutDecoder
	for _, body := range []string{
		``, `null`, `[]`, `{`, `{}x`, "{}\x00", `{"Records":[{}],"Records":[]}`, `{"Unknown":1}`, `{"StreamName":"a\n"}`, `{"StreamName":null}`,
		`{"StreamName":1}`, `{"StreamName":"a","StreamName":"b"}`, "{\"StreamName\":\"\xff\"}", "{\"StreamName\":\"a\nb\"}", `{"StreamName":"a}`, `{,}`, `{"StreamName":"a",}`, `{"DryRun":truex}`, `{"DryRun":1}`, `{"DryRun":true,"DryRun":true}`,
		`{"Data":"YWJj","Data":"YWJj"}`, `{"Data":"YR=="}`, `{"Data":"Y"}`, "{\"Data\":\"YWJj\n\n\n\n\"}", `{"Data":"YW\u004aj"}`, `{"Records":[{"Data":"","Data":""}]}`, `{"Records":[null]}`, `{"Records":[{},]}`, `{"Records":[,{}]}`, `{"Records":[{"PartitionKey":"a" "Data":""}]}`, `{"Records":{}}`,
		`{"Records":[` + strings.TrimSuffix(strings.Repeat(`{},`, 501), ",") + `]}`,
	} {
		if records, record := sameAsUnmarshal(t, &d, []byte(body)); records || record {
			t.Errorf("%.100s: taken", body)
		}
	}
}

// TestPutDecoderRandom reads random inputs, whole and damaged, both ways.
func TestPutDecoderRandom(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	var d PutDecoder
	rounds := 3000
	if testing.Short() {
		rounds = 500
	}
	for range rounds {
		body := randomPut(rnd)
		records, record := sameAsUnmarshal(t, &d, body)
		if !records && !record {
			t.Fatalf("not taken: %.300q", body)
		}
		if n := rnd.IntN(4); n > 0 && len(body) > 0 {
			i := rnd.IntN(len(body))
			switch n {
			case 1:
				body[i] = byte(rnd.Uint32())
			case 2:
				body = append(body[:i], body[i+1:]...)
			case 3:
				body = append(body[:i], body[rnd.IntN(len(body)):]...)
			}
			sameAsUnmarshal(t, &d, body)
		}
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
		in := &types.PutRecordInput{StreamName: text(), Data: data(), PartitionKey: text(), ExplicitHashKey: text(), SequenceNumberForOrdering: text(), StreamARN: text(), StreamId: text(), DryRun: dry}
		return Marshal(nil, in)
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
	for _, v := range []any{new(types.PutRecordInput), new(types.PutRecordsInput), new(types.PutRecordsRequestEntry)} {
		fill(reflect.ValueOf(v).Elem(), 1)
		body := Marshal(nil, v)
		if _, ok := v.(*types.PutRecordsRequestEntry); ok {
			body = fmt.Appendf(nil, `{"Records":[%s]}`, body)
		}
		if records, record := sameAsUnmarshal(t, &d, body); !records && !record {
			t.Errorf("%T: not taken: %s", v, body)
		}
	}
}

func TestPutDecoderAllocatesNothing(t *testing.T) {
	body := putRecordsBody(500, 100)
	one := []byte(`{"StreamName":"s","Data":"YWJj","PartitionKey":"k"}`)
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

func TestPutDecoderReleases(t *testing.T) {
	var d PutDecoder
	in, ok := d.DecodePutRecord(Marshal(nil, &types.PutRecordInput{Data: make([]byte, 3<<20), StreamName: new("s")}))
	if !ok || len(in.Data) != 3<<20 {
		t.Fatal("not taken")
	}
	d.Release()
	if d.blob != nil || d.body != nil || d.put.StreamName != nil {
		t.Error("something is kept")
	}
	for _, s := range d.texts[:cap(d.texts)] {
		if s != "" {
			t.Fatal("a text is kept")
		}
	}
	in2, _ := d.DecodePutRecords([]byte(`{"Records":[{"PartitionKey":"k"}]}`))
	d.Release()
	if len(in2.Records) != 0 || d.records[:1][0].PartitionKey != nil {
		t.Error("a record is kept")
	}
}

func FuzzPutDecoder(f *testing.F) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add(randomPut(rnd))
	}
	f.Add([]byte(`{"Records":[{"Data":"YQ==","PartitionKey":"\u0041"}, {}],"StreamName":"a"} `))
	var d PutDecoder
	f.Fuzz(func(t *testing.T, body []byte) { sameAsUnmarshal(t, &d, body) })
}

func putRecordsBody(n, size int) []byte {
	in := &types.PutRecordsInput{StreamName: new("stream")}
	for i := range n {
		data := bytes.Repeat([]byte{byte(i), 0xfe, 7}, size/3+1)[:size]
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: data, PartitionKey: new(fmt.Sprintf("partition-key-%d", i))})
	}
	return Marshal(nil, in)
}

func perRecord(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
}

func BenchmarkPutRecordsFast(b *testing.B) {
	body := putRecordsBody(500, 1024)
	var d PutDecoder
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := d.DecodePutRecords(body); !ok {
			b.Fatal("not taken")
		}
		d.Release()
	}
	perRecord(b)
}

func BenchmarkPutRecordsUnmarshal(b *testing.B) {
	body := putRecordsBody(500, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if err := Unmarshal(body, new(types.PutRecordsInput)); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b)
}

// BenchmarkPutRecordsFloor decodes nothing but the base64 of the same records.
func BenchmarkPutRecordsFloor(b *testing.B) {
	src := base64.StdEncoding.AppendEncode(nil, bytes.Repeat([]byte{1, 0xfe, 7}, 1024/3+1)[:1024])
	dst := make([]byte, 1026)
	for b.Loop() {
		for range 500 {
			if _, err := base64.StdEncoding.Decode(dst, src); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRecord(b)
}
