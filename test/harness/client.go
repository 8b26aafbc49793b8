package harness

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// Client returns AWS's own Go client for the server, signing with the test
// key. It does not retry: a test sees every fault.
func (s *Server) Client(options ...func(*kinesis.Options)) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String(s.Endpoint),
		Region:       Region,
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		Retryer:      aws.NopRetryer{},
		HTTPClient:   HTTPClient(64),
	}, options...)
}

// HTTPClient returns a client of its own connection pool that keeps up to
// idle connections open.
func HTTPClient(idle int) *http.Client {
	return &http.Client{
		Timeout: time.Minute,
		Transport: plainBodies{&http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: idle,
			DisableCompression:  true,
		}},
	}
}

// plainBodies hides the WriteTo method of request bodies. smithy-go closes the
// body as soon as the head of an answer is there, and WriteTo of a closed body
// fails where Read would say that it has ended (1.28.8,
// transport/http/internal/io). Package http may just be about to call it to
// see that a body has no more bytes than it said, and on an error it closes
// the connection under the answer. A server on the same machine is fast enough
// for that to happen.
type plainBodies struct{ next http.RoundTripper }

func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.next.RoundTrip(r)
}

// Eventually calls ok until it returns true, and fails the test after a
// while. It is for what the server does in its own time, such as becoming
// ACTIVE.
func Eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if ok() {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	tb.Fatalf("not after 10 s: %s", what)
}

// FreePort returns a port that nobody listens on at the moment.
func FreePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
