package kinesis

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"millrace/kinesis/types"
)

func TestRequestIsAsTheServiceWantsIt(t *testing.T) {
	s := newScript(t, ok(`{"ShardId":"shardId-000000000000","SequenceNumber":"42"}`))
	c, _ := s.client(func(o *Options) { o.UserAgent = "test/1" })
	out, err := c.PutRecord(t.Context(), &types.PutRecordInput{
		StreamName: new("s"), PartitionKey: new("k"), Data: []byte{0, 1, 255},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *out.ShardId != "shardId-000000000000" || *out.SequenceNumber != "42" {
		t.Errorf("answer = %v %v", *out.ShardId, *out.SequenceNumber)
	}
	r := s.requests[0]
	for name, want := range map[string]string{
		"X-Amz-Target":         "Kinesis_20131202.PutRecord",
		"Content-Type":         "application/x-amz-json-1.1",
		"X-Amz-Security-Token": "TOKEN",
		"Accept-Encoding":      "identity",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	auth := r.header.Get("Authorization")
	if !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 Credential=AKID/") || !strings.Contains(auth, "/eu-west-1/kinesis/aws4_request") {
		t.Errorf("Authorization = %q", auth)
	}
	if strings.Contains(auth, "accept-encoding") || strings.Contains(auth, "user-agent") {
		t.Errorf("headers that intermediaries change are signed: %q", auth)
	}
	if ua := r.header.Get("User-Agent"); !strings.HasPrefix(ua, "millrace-go ") || !strings.HasSuffix(ua, " test/1") {
		t.Errorf("User-Agent = %q", ua)
	}
	if got := r.body["Data"]; got != "AAH/" {
		t.Errorf("Data = %v, want base64 of the bytes", got)
	}
	if _, there := r.body["StreamId"]; there {
		t.Error("StreamId was sent though the caller set none")
	}
}

func TestAnswerWithoutBody(t *testing.T) {
	c, _ := newScript(t, ok("")).client()
	if _, err := c.DeleteStream(t.Context(), &types.DeleteStreamInput{StreamName: new("s")}); err != nil {
		t.Fatal(err)
	}
}

func TestErrorIsTypedAndDetailed(t *testing.T) {
	c, _ := newScript(t, fault("com.amazonaws.kinesis#ResourceNotFoundException:http://x")).client()
	_, err := c.DeleteStream(t.Context(), &types.DeleteStreamInput{StreamName: new("s")})
	typed, ok := errors.AsType[*types.ResourceNotFoundException](err)
	if !ok || typed.ErrorMessage() != "because" || !IsNotFound(err) {
		t.Errorf("errors.As *types.ResourceNotFoundException: %v in %v", typed, err)
	}
	e, ok := errors.AsType[*ResponseError](err)
	if !ok || e.Operation != "DeleteStream" || e.StatusCode != 400 || e.Code != "ResourceNotFoundException" ||
		e.Message != "because" || e.RequestID != "request-1" || e.Attempts != 1 {
		t.Errorf("ResponseError = %+v", e)
	}
	want := "kinesis: DeleteStream: ResourceNotFoundException: because (status 400, request id request-1)"
	if err.Error() != want {
		t.Errorf("Error() = %q, want %q", err, want)
	}
}

func TestUnknownErrorsAndBodiesThatAreNoJSON(t *testing.T) {
	for _, tc := range []struct {
		name, body, code, message string
		status                    int
	}{
		{"unknown code", `{"__type":"BrandNewException","message":"m"}`, "BrandNewException", "m", 400},
		{"upper-case Message", `{"__type":"SerializationException","Message":"m"}`, "SerializationException", "m", 400},
		{"page of a proxy", "<html>\n  go away </html>", "", "<html> go away </html>", 403},
		{"nothing", "", "", "", 404},
		{"redirect", "elsewhere", "", "elsewhere", 307},
		{"JSON of no object", `"oops"`, "", `"oops"`, 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScript(t, status(tc.status, tc.body))
			c, _ := s.client()
			_, err := c.ListStreams(t.Context(), &types.ListStreamsInput{})
			e, ok := errors.AsType[*ResponseError](err)
			if !ok || e.StatusCode != tc.status || e.Code != tc.code || e.Message != tc.message {
				t.Fatalf("error = %+v", err)
			}
			if s.calls() != 1 {
				t.Errorf("%d attempts, want 1", s.calls())
			}
		})
	}
}

func TestErrorTypeHeaderComesFirst(t *testing.T) {
	c, _ := newScript(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-amzn-ErrorType", "ExpiredIteratorException:http://internal/")
		fault("InternalFailure")(w, r)
	}).client()
	_, err := c.GetRecords(t.Context(), &types.GetRecordsInput{ShardIterator: new("i")})
	if !IsExpiredIterator(err) {
		t.Errorf("error = %v, want ExpiredIteratorException", err)
	}
}

func TestSuccessThatIsNoAnswer(t *testing.T) {
	c, _ := newScript(t, ok("<html>welcome</html>")).client()
	_, err := c.ListStreams(t.Context(), &types.ListStreamsInput{})
	if e, ok := errors.AsType[*ResponseError](err); !ok || e.StatusCode != 200 || e.Code != "" {
		t.Fatalf("error = %v", err)
	}
	if _, ok := errors.AsType[*types.SerializationException](err); ok {
		t.Error("a fault of the answer looks like one that the service found in the request")
	}
}

func TestAnswerIsBounded(t *testing.T) {
	s := newScript(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range maxAnswerBytes>>20 + 2 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	c, _ := s.client()
	_, err := c.ListStreams(t.Context(), &types.ListStreamsInput{})
	if !errors.Is(err, errTooLarge) || s.calls() != 1 {
		t.Errorf("error = %v after %d attempts", err, s.calls())
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	addresses := make(map[string]bool)
	s := newScript(t, func(w http.ResponseWriter, r *http.Request) {
		addresses[r.RemoteAddr] = true
		if len(addresses)%2 == 1 {
			fault("ResourceNotFoundException")(w, r)
		}
	})
	c, _ := s.client()
	for range 5 {
		c.DeleteStream(t.Context(), &types.DeleteStreamInput{StreamName: new("s")})
	}
	if len(addresses) != 1 {
		t.Errorf("%d connections for 5 calls in a row", len(addresses))
	}
}

func TestClientWithoutAWayToCall(t *testing.T) {
	for _, tc := range []struct{ name, endpoint string }{
		{"no URL", "127.0.0.1:4567"}, {"other scheme", "ftp://host"}, {"no host", "http://"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := NewClient(Options{Endpoint: tc.endpoint, Region: "r", Credentials: StaticCredentials("a", "s", "")})
			_, err := c.ListStreams(t.Context(), &types.ListStreamsInput{})
			if e, ok := errors.AsType[*RequestError](err); !ok || e.Attempts != 0 || !strings.Contains(err.Error(), "endpoint") {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestAttemptTimeoutIsRetried(t *testing.T) {
	release := make(chan struct{})
	s := newScript(t, func(_ http.ResponseWriter, r *http.Request) { <-release }, ok(`{}`))
	t.Cleanup(func() { close(release) })
	c, _ := s.client(func(o *Options) { o.AttemptTimeout = 20 * time.Millisecond })
	if _, err := c.ListStreams(context.Background(), &types.ListStreamsInput{}); err != nil || s.calls() != 2 {
		t.Errorf("error = %v after %d attempts, want success of the second", err, s.calls())
	}
}
