package wire

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"millrace/internal/ops"
	"millrace/internal/wire/awscbor"
	"millrace/kinesis/types"
)

// FuzzHandler feeds raw requests to the whole handler. Whatever comes in, the
// answer has a form that clients can read, and is never a fault of ours.
func FuzzHandler(f *testing.F) {
	head := "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Date: 20261128T221530Z\r\nAuthorization: " + claim + "\r\nContent-Type: " + mediaJSON + "\r\n"
	f.Add([]byte(head + "X-Amz-Target: Kinesis_20131202.ListStreams\r\nContent-Length: 2\r\n\r\n{}"))
	f.Add([]byte(head + "X-Amz-Target: Kinesis_20131202.PutRecords\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"R\r\n0\r\n\r\n"))
	f.Add([]byte(head + "X-Amz-Target: Kinesis_20131202.PutRecord\r\nContent-Length: 45\r\n\r\n{\"StreamName\":\"s\",\"Data\":\"YQ==\",\"PartitionKey\":1}"))
	f.Add([]byte(head + "Origin: null\r\nContent-Length: 99999999999\r\n\r\n{}"))
	f.Add([]byte("OPTIONS * HTTP/1.0\r\nOrigin: http://localhost\r\nHost: [::1]\r\n\r\n"))
	f.Add([]byte("GET /?X-Amz-Algorithm=%zz HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("POST //x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-amz-cbor-1.1\r\nContent-Length: 1\r\n\r\n\xa0"))
	inCBOR := strings.Replace(head, mediaJSON, mediaCBOR, 1)
	f.Add([]byte(inCBOR + "X-Amz-Target: Kinesis_20131202.PutRecord\r\nContent-Length: 9\r\n\r\n\xbf\x64Data\x41a\xff"))
	f.Add([]byte(inCBOR + "X-Amz-Target: Kinesis_20131202.PutRecords\r\nContent-Length: 12\r\n\r\n\xa1\x67Records\x9b\xff\xff\xff"))
	h := newHandler(f, Config{}, func(context.Context, ops.Caller, ops.Operation, any) (any, error) {
		return nil, &types.ResourceNotFoundException{Message: "none"}
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(raw))))
		if err != nil {
			return
		}
		resp := answerTo(h, r)
		body := bodyOf(t, resp)
		if resp.StatusCode >= 500 {
			t.Errorf("status %d: %s", resp.StatusCode, body)
		}
		switch media := resp.Header.Get("Content-Type"); media {
		case mediaJSON, mediaPlainJSON:
			var e map[string]any
			if err := json.Unmarshal([]byte(body), &e); err != nil || e["__type"] == "" {
				t.Errorf("unreadable: %q", body)
			}
		case mediaCBOR:
			if code, _ := awscbor.UnmarshalError([]byte(body)); code == "" {
				t.Errorf("unreadable: %x", body)
			}
		case "":
		default:
			t.Errorf("Content-Type %q", media)
		}
		if h.bodies.free != h.bodies.total || h.Active() != 0 {
			t.Error("something was not given back")
		}
	})
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"localhost:1", "[::1]:2", "kinesis.us-east-1.amazonaws.com", "a.b.", ":::", "[", "x.localhost"} {
		f.Add(s)
	}
	l := newHostList(nil)
	f.Fuzz(func(t *testing.T, host string) {
		if l.allow(host) && strings.Contains(strings.ToLower(host), "evil.com") {
			t.Errorf("%q was allowed", host)
		}
		isLoopbackOrigin(host)
	})
}
