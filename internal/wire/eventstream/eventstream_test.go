package eventstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// stream is one message of each kind.
func stream() []byte {
	b := AppendInitialResponse(nil)
	b = AppendEvent(b, "SubscribeToShardEvent", "application/x-amz-json-1.1", []byte(`{"Records":[]}`))
	b = AppendEvent(b, "Large", "", bytes.Repeat([]byte("x"), 100<<10))
	b = AppendException(b, "ResourceInUseException", "application/x-amz-json-1.1", []byte(`{"message":"m"}`))
	return AppendError(b, "InternalFailure", "Something went wrong.")
}

func TestMessages(t *testing.T) {
	want := []struct {
		headers map[string]string
		payload string
	}{
		{map[string]string{":message-type": "event", ":event-type": "initial-response", ":content-type": "application/x-amz-json-1.1"}, "{}"},
		{map[string]string{":message-type": "event", ":event-type": "SubscribeToShardEvent", ":content-type": "application/x-amz-json-1.1"}, `{"Records":[]}`},
		{map[string]string{":message-type": "event", ":event-type": "Large", ":content-type": ""}, strings.Repeat("x", 100<<10)},
		{map[string]string{":message-type": "exception", ":exception-type": "ResourceInUseException", ":content-type": "application/x-amz-json-1.1"}, `{"message":"m"}`},
		{map[string]string{":message-type": "error", ":error-code": "InternalFailure", ":error-message": "Something went wrong."}, ""},
	}
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(stream()), "by the byte": iotest.OneByteReader(bytes.NewReader(stream())), "with the end": iotest.DataErrReader(bytes.NewReader(stream()))} {
		d := NewDecoder(r)
		for i, w := range want {
			m, err := d.Next()
			if err != nil {
				t.Fatalf("%s: message %d: %v", name, i, err)
			}
			n := 0
			for h := range m.Headers() {
				n++
				text, ok := m.Text(h.Name)
				if !ok || h.Type != Text || text != w.headers[h.Name] || string(h.Value) != text {
					t.Errorf("%s: message %d: header %q is %q, want %q", name, i, h.Name, h.Value, w.headers[h.Name])
				}
			}
			if n != len(w.headers) || string(m.Payload) != w.payload {
				t.Errorf("%s: message %d: %d headers, payload %.40q", name, i, n, m.Payload)
			}
			if _, ok := m.Text("none"); ok {
				t.Error("a header that is not there")
			}
		}
		if _, err := d.Next(); err != io.EOF {
			t.Errorf("%s: at the end: %v", name, err)
		}
	}
}

// TestBytes holds the framing against bytes put together by hand.
func TestBytes(t *testing.T) {
	headers := "\x0d:message-type\x07\x00\x05event\x0b:event-type\x07\x00\x01E\x0d:content-type\x07\x00\x01c"
	want := binary.BigEndian.AppendUint32(nil, uint32(12+len(headers)+2+4))
	want = binary.BigEndian.AppendUint32(want, uint32(len(headers)))
	want = binary.BigEndian.AppendUint32(want, crc32.ChecksumIEEE(want))
	want = append(append(want, headers...), "{}"...)
	want = binary.BigEndian.AppendUint32(want, crc32.ChecksumIEEE(want))
	got := AppendEvent([]byte("before"), "E", "c", []byte("{}"))
	if string(got) != "before"+string(want) {
		t.Errorf("%q, want %q", got, want)
	}
	// The smallest message there is, from the description of the format.
	if got := AppendMessage(nil, nil, nil); !bytes.Equal(got, []byte{0, 0, 0, 16, 0, 0, 0, 0, 5, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff}) {
		t.Errorf("%x", got)
	}
}

func TestPayloadInPlace(t *testing.T) {
	b := []byte("before")
	start := len(b)
	b = BeginException(b, "E", "c")
	b = append(b, "payload"...)
	b = End(b, start)
	if want := AppendException([]byte("before"), "E", "c", []byte("payload")); !bytes.Equal(b, want) {
		t.Errorf("%q, want %q", b, want)
	}
	buf := make([]byte, 0, 4<<10)
	payload := bytes.Repeat([]byte("y"), 2000)
	if n := testing.AllocsPerRun(50, func() {
		b := AppendInitialResponse(buf[:0])
		start := len(b)
		b = BeginEvent(b, "SubscribeToShardEvent", "application/x-amz-json-1.1")
		b = append(b, payload...)
		b = End(b, start)
		b = AppendError(b, "InternalFailure", "m")
		_ = AppendMessage(b, []Header{{Name: "a", Type: Int, Value: payload[:4]}}, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLongTextIsCut(t *testing.T) {
	m, _, err := Parse(AppendError(nil, "C", strings.Repeat("é", 40000)))
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := m.Text(HeaderErrorMessage); text != strings.Repeat("é", MaxTextBytes/2) {
		t.Errorf("%d bytes", len(text))
	}
}

// framed makes a message of parts, with right checksums and any lengths.
func framed(total, headersLength uint32, rest string) []byte {
	b := binary.BigEndian.AppendUint32(nil, total)
	b = binary.BigEndian.AppendUint32(b, headersLength)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(b, rest...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func withHeaders(headers string) []byte {
	return framed(uint32(16+len(headers)), uint32(len(headers)), headers)
}

func flipped(at int) []byte {
	b := AppendEvent(nil, "E", "c", []byte("payload"))
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return b
}

func TestRefuses(t *testing.T) {
	tests := []struct {
		name string
		body []byte
		want error
	}{
		{"shorter than a message", framed(15, 0, ""), ErrMalformed},
		{"nothing", framed(0, 0, ""), ErrMalformed},
		{"headers beyond the end", framed(20, 5, "    "), ErrMalformed},
		{"headers that wrap around", framed(20, 1<<32-1, "    "), ErrMalformed},
		{"large headers", framed(1<<20, MaxHeadersBytes+1, ""), ErrTooLarge},
		{"large payload", framed(MaxPayloadBytes+17, 0, ""), ErrTooLarge},
		{"largest length", framed(1<<32-1, 0, ""), ErrTooLarge},
		{"prelude", flipped(3), ErrChecksum},
		{"prelude's checksum", flipped(9), ErrChecksum},
		{"header", flipped(13), ErrChecksum},
		{"payload", flipped(-5), ErrChecksum},
		{"checksum", flipped(-1), ErrChecksum},
		{"name beyond the end", withHeaders("\x05a"), ErrMalformed},
		{"no type", withHeaders("\x01a"), ErrMalformed},
		{"unknown type", withHeaders("\x01a\x0a"), ErrMalformed},
		{"half a number", withHeaders("\x01a\x04\x00\x00\x00"), ErrMalformed},
		{"no length", withHeaders("\x01a\x07\x00"), ErrMalformed},
		{"text beyond the end", withHeaders("\x01a\x07\x00\x02b"), ErrMalformed},
		{"claims more than there is", framed(1<<20, 0, ""), io.ErrUnexpectedEOF},
		{"half a prelude", make([]byte, 11), io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		if _, err := NewDecoder(bytes.NewReader(tt.body)).Next(); !errors.Is(err, tt.want) {
			t.Errorf("%s: Next: %v, want %v", tt.name, err, tt.want)
		}
		if _, _, err := Parse(tt.body); !errors.Is(err, tt.want) {
			t.Errorf("%s: Parse: %v, want %v", tt.name, err, tt.want)
		}
	}
	failed := errors.New("failed")
	if _, err := NewDecoder(iotest.ErrReader(failed)).Next(); err != failed {
		t.Errorf("error of the reader: %v", err)
	}
}

// TestAllTypes: what stands in a header of each type comes back.
func TestAllTypes(t *testing.T) {
	var headers []Header
	for typ := True; typ <= UUID; typ++ {
		size := valueBytes[typ]
		if size < 0 {
			size = 300
		}
		headers = append(headers, Header{Name: strings.Repeat("n", int(typ)), Type: typ, Value: bytes.Repeat([]byte{7}, size)})
	}
	m, n, err := Parse(AppendMessage(nil, headers, []byte("p")))
	if err != nil || n == 0 {
		t.Fatal(err)
	}
	got := slices.Collect(m.Headers())
	if len(got) != len(headers) {
		t.Fatalf("%d headers", len(got))
	}
	for i, h := range headers {
		if got[i].Name != h.Name || got[i].Type != h.Type || !bytes.Equal(got[i].Value, h.Value) {
			t.Errorf("%v, want %v", got[i], h)
		}
		if _, ok := m.Text(h.Name); ok != (h.Type == Text) {
			t.Errorf("text of type %d: %v", h.Type, ok)
		}
	}
	for range m.Headers() {
		break
	}
}

// TestClaimsCostNothing: memory follows the bytes that came.
func TestClaimsCostNothing(t *testing.T) {
	body := framed(MaxPayloadBytes, 0, strings.Repeat("x", 1000))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := NewDecoder(bytes.NewReader(body)).Next()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, io.ErrUnexpectedEOF) || n > 256<<10 {
		t.Errorf("%v, %d bytes allocated", err, n)
	}
	// A large message does not stay in memory for the ones after it.
	d := NewDecoder(bytes.NewReader(AppendInitialResponse(AppendEvent(nil, "E", "c", make([]byte, MaxPayloadBytes)))))
	for range 2 {
		if _, err := d.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if cap(d.buf) > keptBuffer {
		t.Errorf("%d bytes kept", cap(d.buf))
	}
}

func TestBugsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"payload": func() { AppendEvent(nil, "E", "c", make([]byte, MaxPayloadBytes+1)) },
		"headers": func() { AppendMessage(nil, slices.Repeat([]Header{{Type: Text, Value: make([]byte, 30000)}}, 5), nil) },
		"name":    func() { AppendMessage(nil, []Header{{Name: strings.Repeat("n", 256)}}, nil) },
		"type":    func() { AppendMessage(nil, []Header{{Name: "n", Type: 10}}, nil) },
		"size":    func() { AppendMessage(nil, []Header{{Name: "n", Type: Int, Value: []byte("123")}}, nil) },
		"long text": func() {
			AppendMessage(nil, []Header{{Name: "n", Type: Text, Value: make([]byte, MaxTextBytes+1)}}, nil)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
