package eventstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// TestOthersReadOurs: the SDK for Go finds in our bytes what we find.
func TestOthersReadOurs(t *testing.T) {
	ours, theirs := NewDecoder(bytes.NewReader(stream())), bytes.NewReader(stream())
	for i := 0; ; i++ {
		m, err := ours.Next()
		other, otherErr := aws.NewDecoder().Decode(theirs, nil)
		if errors.Is(err, io.EOF) && errors.Is(otherErr, io.EOF) {
			return
		}
		if err != nil || otherErr != nil {
			t.Fatalf("message %d: %v; %v", i, err, otherErr)
		}
		sameMessage(t, m, other)
	}
}

// sameMessage compares what two implementations have made of the same bytes.
func sameMessage(t *testing.T, m Message, other aws.Message) {
	t.Helper()
	if !bytes.Equal(m.Payload, other.Payload) {
		t.Errorf("payload %.40q, want %.40q", m.Payload, other.Payload)
	}
	last := map[string]Header{}
	for h := range m.Headers() {
		last[h.Name] = h
	}
	if len(last) != len(other.Headers) {
		t.Fatalf("%d headers, want %d", len(last), len(other.Headers))
	}
	for _, want := range other.Headers {
		h := last[want.Name]
		if got := valueOf(h); got == nil || got.String() != want.Value.String() {
			t.Errorf("header %q: %v, want %v", want.Name, got, want.Value)
		}
		text, ok := m.Text(want.Name)
		if s, isText := want.Value.(aws.StringValue); ok != isText || text != string(s) {
			t.Errorf("text of %q: %q, %v", want.Name, text, ok)
		}
	}
}

// valueOf is a header's value as the SDK has it.
func valueOf(h Header) aws.Value {
	switch h.Type {
	case True, False:
		return aws.BoolValue(h.Type == True)
	case Byte:
		return aws.Int8Value(h.Value[0])
	case Short:
		return aws.Int16Value(binary.BigEndian.Uint16(h.Value))
	case Int:
		return aws.Int32Value(binary.BigEndian.Uint32(h.Value))
	case Long:
		return aws.Int64Value(binary.BigEndian.Uint64(h.Value))
	case Bytes:
		return aws.BytesValue(h.Value)
	case Text:
		return aws.StringValue(h.Value)
	case Timestamp:
		return aws.TimestampValue(time.UnixMilli(int64(binary.BigEndian.Uint64(h.Value))).UTC())
	case UUID:
		return aws.UUIDValue(h.Value)
	}
	return nil
}

// TestWeReadOthers: we find what the SDK for Go has written, byte for byte as
// we would have.
func TestWeReadOthers(t *testing.T) {
	message := aws.Message{Payload: []byte("payload"), Headers: aws.Headers{
		{Name: "t", Value: aws.BoolValue(true)}, {Name: "f", Value: aws.BoolValue(false)}, {Name: "b", Value: aws.Int8Value(-1)},
		{Name: "s", Value: aws.Int16Value(-2)}, {Name: "i", Value: aws.Int32Value(-3)}, {Name: "l", Value: aws.Int64Value(-4)},
		{Name: "y", Value: aws.BytesValue("bytes")}, {Name: ":message-type", Value: aws.StringValue("event")},
		{Name: "d", Value: aws.TimestampValue(time.UnixMilli(1441215410867).UTC())}, {Name: "u", Value: aws.UUIDValue{1, 2, 3}},
	}}
	var b bytes.Buffer
	if err := aws.NewEncoder().Encode(&b, message); err != nil {
		t.Fatal(err)
	}
	m, n, err := Parse(b.Bytes())
	if err != nil || n != b.Len() {
		t.Fatalf("%d of %d bytes, %v", n, b.Len(), err)
	}
	sameMessage(t, m, message)
	var headers []Header
	for h := range m.Headers() {
		headers = append(headers, h)
	}
	if got := AppendMessage(nil, headers, m.Payload); !bytes.Equal(got, b.Bytes()) {
		t.Errorf("%x, want %x", got, b.Bytes())
	}
}

// FuzzParse: what we take the SDK for Go takes too, and finds the same in it; a
// stream is the same in whatever pieces it comes. Checksums are made right
// before a second try, since no fuzzer finds them.
func FuzzParse(f *testing.F) {
	f.Add(stream()[:300])
	f.Add(AppendInitialResponse(nil))
	f.Add(AppendMessage(nil, []Header{{"a", Long, make([]byte, 8)}, {"a", Text, []byte("x")}, {"", UUID, make([]byte, 16)}}, nil))
	for _, b := range [][]byte{withHeaders("\x05a"), withHeaders("\x01a\x0a"), withHeaders("\x01a\x07\x00\x02b"), framed(20, 5, "    ")} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		parse(t, b)
		if len(b) >= overhead && len(b) < 1<<20 {
			headers := binary.BigEndian.Uint32(b[4:])
			parse(t, framed(uint32(len(b)), headers%uint32(len(b)), string(b[preludeBytes:len(b)-crcBytes])))
		}
	})
}

func parse(t *testing.T, b []byte) {
	m, n, err := Parse(b)
	fromStream, streamErr := NewDecoder(bytes.NewReader(b)).Next()
	if len(b) == 0 && streamErr == io.EOF {
		return
	}
	if (err == nil) != (streamErr == nil) || err != nil && err.Error() != streamErr.Error() {
		t.Fatalf("%x: Parse %v, Next %v", b, err, streamErr)
	}
	if err != nil {
		return
	}
	if !bytes.Equal(m.Payload, fromStream.Payload) || !bytes.Equal(m.headers, fromStream.headers) {
		t.Fatalf("%x: differs in a stream", b)
	}
	other, err := aws.NewDecoder().Decode(bytes.NewReader(b), nil)
	if err != nil {
		t.Fatalf("%x: the SDK: %v", b, err)
	}
	sameMessage(t, m, other)
	if n < overhead || n > len(b) {
		t.Fatalf("%x: %d bytes", b, n)
	}
}

func BenchmarkEvent(b *testing.B) {
	payload := bytes.Repeat([]byte("x"), 64<<10)
	buf := make([]byte, 0, 80<<10)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		AppendEvent(buf, "SubscribeToShardEvent", "application/x-amz-json-1.1", payload)
	}
}

func BenchmarkNext(b *testing.B) {
	body := AppendEvent(nil, "SubscribeToShardEvent", "application/x-amz-json-1.1", bytes.Repeat([]byte("x"), 64<<10))
	r := bytes.NewReader(body)
	d := NewDecoder(r)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(body)
		if _, err := d.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
