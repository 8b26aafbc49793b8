package wire

import (
	"bytes"
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"millrace/internal/ops"
	"millrace/internal/wire/awscbor"
	"millrace/internal/wire/awsjson"
	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

// fill sets everything in v.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMilli(1441215410867).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "StreamId" { // answers never have one
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]byte]() {
			v.SetBytes([]byte{0xff, 0, '"'})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"k": "v", "é": ""}))
	case reflect.String:
		v.SetString("text-é\"")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(70000)
	}
}

// in is call with a body in an encoding.
func in(media, operation string, body []byte) *http.Request {
	r := call(operation, string(body))
	r.Header.Set("Content-Type", media)
	return r
}

// TestBothEncodingsCarryTheSame: for every operation, what arrives and what is
// answered.
func TestBothEncodingsCarryTheSame(t *testing.T) {
	for _, op := range shape.Operations {
		if op.EventStream {
			continue
		}
		input, output := op.NewInput(), op.NewOutput()
		fill(reflect.ValueOf(input).Elem())
		fill(reflect.ValueOf(output).Elem())
		calls := 0
		h := newHandler(t, Config{}, func(_ context.Context, _ ops.Caller, _ ops.Operation, got any) (any, error) {
			calls++
			if !reflect.DeepEqual(got, input) {
				t.Errorf("%s: input %s\nwant %s", op.Name, awsjson.Marshal(nil, got), awsjson.Marshal(nil, input))
			}
			return output, nil
		})
		h.lookup = func(string) (ops.Operation, bool) {
			return ops.Operation{Name: op.Name, NewInput: op.NewInput, HasOutput: op.HasOutput}, true
		}
		answers := map[string]*http.Response{
			mediaJSON: answerTo(h, in(mediaJSON, op.Name, awsjson.Marshal(nil, input))),
			mediaCBOR: answerTo(h, in(mediaCBOR, op.Name, awscbor.Marshal(nil, input))),
		}
		unmarshal := map[string]func([]byte, any) error{mediaJSON: awsjson.UnmarshalOutput, mediaCBOR: awscbor.UnmarshalOutput}
		for media, resp := range answers {
			body := bodyOf(t, resp)
			if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != media || resp.ContentLength != int64(len(body)) {
				t.Errorf("%s: %d %v", op.Name, resp.StatusCode, resp.Header)
			}
			if !op.HasOutput {
				if body != "" {
					t.Errorf("%s: body %q", op.Name, body)
				}
				continue
			}
			got := op.NewOutput()
			if err := unmarshal[media]([]byte(body), got); err != nil || !reflect.DeepEqual(got, output) {
				t.Errorf("%s in %s: %v, %s", op.Name, media, err, awsjson.Marshal(nil, got))
			}
		}
		if calls != 2 {
			t.Errorf("%s: %d calls", op.Name, calls)
		}
	}
}

func TestErrorsInBothEncodings(t *testing.T) {
	for _, e := range []types.APIError{
		&types.ResourceNotFoundException{Message: "Stream s under account 000000000000 not found."},
		types.NewError("InternalFailure", ""),
		types.NewError("ServiceUnavailable", "later"),
	} {
		h := newHandler(t, Config{}, func(context.Context, ops.Caller, ops.Operation, any) (any, error) { return nil, e })
		resp := answerTo(h, in(mediaCBOR, "ListStreams", []byte{0xa0}))
		code, message := awscbor.UnmarshalError([]byte(bodyOf(t, resp)))
		if code != e.ErrorCode() || message != e.ErrorMessage() || resp.StatusCode != types.HTTPStatus(code) || resp.Header.Get("Content-Type") != mediaCBOR {
			t.Errorf("%v: %d %q %q %v", e, resp.StatusCode, code, message, resp.Header)
		}
	}
}

// TestEarlyErrorsInCBOR: of requests that are refused before their body counts.
func TestEarlyErrorsInCBOR(t *testing.T) {
	h := newHandler(t, Config{Bounds: Bounds{BodyBytes: 100}}, nil)
	elsewhere := in(mediaCBOR, "ListStreams", []byte{0xa0})
	elsewhere.Host = "evil.example"
	packed := in(mediaCBOR, "ListStreams", []byte{0xa0})
	packed.Header.Set("Content-Encoding", "gzip")
	for want, r := range map[string]*http.Request{
		"AccessDeniedException":          elsewhere,
		"MalformedHttpRequestException":  packed,
		"RequestEntityTooLargeException": in(mediaCBOR, "ListStreams", make([]byte, 101)),
	} {
		resp := answerTo(h, r)
		if code, message := awscbor.UnmarshalError([]byte(bodyOf(t, resp))); code != want || message == "" || resp.Header.Get("Content-Type") != mediaCBOR {
			t.Errorf("%s: %d %q %q %v", want, resp.StatusCode, code, message, resp.Header)
		}
	}
}

func TestSubscribeToShardIsNotForCBOR(t *testing.T) {
	calls := 0
	h := newHandler(t, Config{}, func(context.Context, ops.Caller, ops.Operation, any) (any, error) {
		calls++
		return nil, nil
	})
	h.lookup = func(string) (ops.Operation, bool) {
		return ops.Operation{Name: "SubscribeToShard", NewInput: func() any { return new(types.SubscribeToShardInput) }, HasOutput: true}, true
	}
	resp := answerTo(h, in(mediaCBOR, "SubscribeToShard", []byte{0xa0}))
	if body := bodyOf(t, resp); resp.StatusCode != 500 || body != "\xbf\x66__type\x6fInternalFailure\xff" || calls != 0 {
		t.Errorf("%d %q, %d calls", resp.StatusCode, body, calls)
	}
	if answerTo(h, call("SubscribeToShard", "{}")); calls != 1 {
		t.Error("refused in JSON too")
	}
}

// TestLargeAnswerInCBOR is written on its way out, with the length that was
// said before.
func TestLargeAnswerInCBOR(t *testing.T) {
	page := &types.GetRecordsOutput{MillisBehindLatest: new(int64(0))}
	for i := range 10 {
		page.Records = append(page.Records, types.Record{Data: bytes.Repeat([]byte{byte(i)}, 1<<20), PartitionKey: new(strings.Repeat("k", 256)), SequenceNumber: new("1")})
	}
	h := newHandler(t, Config{}, func(context.Context, ops.Caller, ops.Operation, any) (any, error) { return page, nil })
	resp := answerTo(h, in(mediaCBOR, "GetRecords", []byte{0xa0}))
	body := bodyOf(t, resp)
	var got types.GetRecordsOutput
	if err := awscbor.UnmarshalOutput([]byte(body), &got); err != nil || !reflect.DeepEqual(&got, page) || resp.ContentLength != int64(len(body)) {
		t.Errorf("%v, %d bytes, said %d", err, len(body), resp.ContentLength)
	}
}
