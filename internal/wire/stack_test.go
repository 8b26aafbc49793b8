package wire_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/internal/server"
	"millrace/internal/wire/awscbor"
	"millrace/internal/wire/awsjson"
	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// encoding is one way to call the server.
type encoding struct {
	media     string
	marshal   func([]byte, any) []byte
	unmarshal func([]byte, any) error
	failure   func([]byte) (code, message string)
}

var (
	inJSON = encoding{"application/x-amz-json-1.1", awsjson.Marshal, awsjson.UnmarshalOutput, awsjson.UnmarshalError}
	inCBOR = encoding{"application/x-amz-cbor-1.1", awscbor.Marshal, awscbor.UnmarshalOutput, awscbor.UnmarshalError}
)

// stack is a whole server in memory.
type stack struct {
	t   *testing.T
	url string
}

func newStack(t *testing.T) stack {
	t.Helper()
	s, err := server.Start(t.Context(), server.Config{Data: server.Memory, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Limits: limits.None(),
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Shutdown(context.WithoutCancel(t.Context())) })
	return stack{t, s.Endpoint()}
}

// call gives the output, or the code of the error.
func (s stack) call(e encoding, operation string, in any) (out any, code string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url, bytes.NewReader(e.marshal(nil, in)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", e.media)
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	r.Header.Set("X-Amz-Date", "20261128T221530Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=123456789012/20261128/eu-west-1/kinesis/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.Header.Get("Content-Type") != e.media {
		s.t.Fatalf("%s: %v, Content-Type %q", operation, err, resp.Header.Get("Content-Type"))
	}
	if resp.StatusCode != 200 {
		code, _ = e.failure(body)
		return nil, code
	}
	op, _ := shape.Lookup(operation)
	out = op.NewOutput()
	if len(body) > 0 {
		if err := e.unmarshal(body, out); err != nil {
			s.t.Fatalf("%s: %v", operation, err)
		}
	}
	return out, ""
}

// must is a call in CBOR that has to succeed.
func must[O any](s stack, operation string, in any) *O {
	s.t.Helper()
	out, code := s.call(inCBOR, operation, in)
	if code != "" {
		s.t.Fatalf("%s: %s", operation, code)
	}
	return out.(*O)
}

// same makes a call that reads in both encodings and compares the answers.
func same(s stack, operation string, in any) any {
	s.t.Helper()
	cbor, cborCode := s.call(inCBOR, operation, in)
	json, jsonCode := s.call(inJSON, operation, in)
	for _, out := range []any{cbor, json} {
		if page, ok := out.(*types.GetRecordsOutput); ok {
			page.NextShardIterator = nil // tells when it was made
		}
	}
	if cborCode != jsonCode || !reflect.DeepEqual(cbor, json) {
		s.t.Errorf("%s: %s %s\nJSON: %s %s", operation, cborCode, text(cbor), jsonCode, text(json))
	}
	return cbor
}

func text(v any) []byte {
	if v == nil {
		return nil
	}
	return awsjson.Marshal(nil, v)
}

// TestCBOROnTheWholeServer makes a stream, writes and reads in CBOR, and sees
// in JSON the same.
func TestCBOROnTheWholeServer(t *testing.T) {
	s := newStack(t)
	name := new("s")
	must[types.CreateStreamOutput](s, "CreateStream", &types.CreateStreamInput{StreamName: name, ShardCount: new(int32(2))})
	must[types.AddTagsToStreamOutput](s, "AddTagsToStream", &types.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"k": "é"}})
	start := time.Now().Add(-time.Minute)
	put := must[types.PutRecordOutput](s, "PutRecord", &types.PutRecordInput{StreamName: name, Data: []byte{0xff, 0}, PartitionKey: new("k")})
	batch := &types.PutRecordsInput{StreamName: name}
	for i := range 3 {
		batch.Records = append(batch.Records, types.PutRecordsRequestEntry{Data: bytes.Repeat([]byte{byte(i)}, 700<<10), PartitionKey: new("k")})
	}
	if out := must[types.PutRecordsOutput](s, "PutRecords", batch); *out.FailedRecordCount != 0 || len(out.Records) != 3 {
		t.Fatalf("PutRecords: %s", text(out))
	}
	if out := same(s, "ListTagsForStream", &types.ListTagsForStreamInput{StreamName: name}).(*types.ListTagsForStreamOutput); len(out.Tags) != 1 || *out.Tags[0].Value != "é" {
		t.Errorf("tags: %s", text(out))
	}
	if out := same(s, "DescribeStream", &types.DescribeStreamInput{StreamName: name}).(*types.DescribeStreamOutput); len(out.StreamDescription.Shards) != 2 ||
		time.Since(*out.StreamDescription.StreamCreationTimestamp).Abs() > time.Hour {
		t.Errorf("stream: %s", text(out))
	}
	same(s, "DescribeStreamSummary", &types.DescribeStreamSummaryInput{StreamName: name})
	same(s, "DescribeLimits", &types.DescribeLimitsInput{})
	same(s, "ListStreams", &types.ListStreamsInput{})
	same(s, "ListShards", &types.ListShardsInput{StreamName: name})

	at := must[types.GetShardIteratorOutput](s, "GetShardIterator", &types.GetShardIteratorInput{StreamName: name, ShardId: put.ShardId, ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: &start})
	page, ok := same(s, "GetRecords", &types.GetRecordsInput{ShardIterator: at.ShardIterator}).(*types.GetRecordsOutput)
	if !ok || len(page.Records) != 4 || !bytes.Equal(page.Records[0].Data, []byte{0xff, 0}) || *page.Records[0].SequenceNumber != *put.SequenceNumber {
		t.Fatalf("GetRecords: %.200s", text(page))
	}
	for i, r := range page.Records[1:] {
		if !bytes.Equal(r.Data, batch.Records[i].Data) || time.Since(*r.ApproximateArrivalTimestamp).Abs() > time.Hour {
			t.Errorf("record %d: %d bytes of %v", i, len(r.Data), r.ApproximateArrivalTimestamp)
		}
	}
	if _, code := s.call(inCBOR, "DescribeStream", &types.DescribeStreamInput{StreamName: new("none")}); code != "ResourceNotFoundException" {
		t.Errorf("no stream: %s", code)
	}
	same(s, "DescribeStream", &types.DescribeStreamInput{StreamName: new("none")})
	same(s, "GetRecords", &types.GetRecordsInput{Limit: new(int32(-1))})
	must[types.DeleteStreamOutput](s, "DeleteStream", &types.DeleteStreamInput{StreamName: name})
}
