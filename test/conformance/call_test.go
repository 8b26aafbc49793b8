// Package conformance_test holds the facts of the wire that no SDK shows:
// raw requests, whole answers. The requests are signed by AWS's own signer.
package conformance_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"millrace/test/harness"
)

// jsonType is the content type of the protocol.
const jsonType = "application/x-amz-json-1.1"

// call is one raw request. Empty fields take the value of a correct request.
type call struct {
	method string // POST
	target string // operation, or a whole target if it has a dot; "-" sends none
	typ    string // jsonType; "-" sends none
	body   string
	host   string            // the server's address
	header map[string]string // further headers; "-" removes one
	// unsigned sends no Authorization header at all.
	unsigned bool
	secret   string
	at       time.Time
	query    string
	region   string
	service  string
}

// answer is a whole response.
type answer struct {
	status int
	header http.Header
	body   string
}

// fault is the error shape of the protocol.
type fault struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func (a answer) fault(tb testing.TB) fault {
	tb.Helper()
	var f struct {
		Type  string  `json:"__type"`
		Lower *string `json:"message"`
		Upper *string `json:"Message"`
	}
	// encoding/json matches names without regard to case; the exact spelling
	// is asserted where it matters.
	if err := json.Unmarshal([]byte(a.body), &f); err != nil {
		tb.Fatalf("answer %d %q is not JSON: %v", a.status, a.body, err)
	}
	out := fault{Type: f.Type}
	if f.Lower != nil {
		out.Message = *f.Lower
	}
	if f.Upper != nil {
		out.Message = *f.Upper
	}
	return out
}

func send(tb testing.TB, s *harness.Server, c call) answer {
	tb.Helper()
	res, err := http.DefaultTransport.RoundTrip(request(tb, s, c))
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{status: res.StatusCode, header: res.Header, body: string(body)}
}

func request(tb testing.TB, s *harness.Server, c call) *http.Request {
	tb.Helper()
	or := func(v, otherwise string) string {
		if v == "" {
			return otherwise
		}
		return v
	}
	url := s.Endpoint + "/"
	if c.query != "" {
		url += "?" + c.query
	}
	r, err := http.NewRequest(or(c.method, "POST"), url, strings.NewReader(c.body))
	if err != nil {
		tb.Fatal(err)
	}
	if c.host != "" {
		r.Host = c.host
	}
	if typ := or(c.typ, jsonType); typ != "-" {
		r.Header.Set("Content-Type", typ)
	}
	if c.target != "-" && c.target != "" {
		target := c.target
		if !strings.Contains(target, ".") {
			target = "Kinesis_20131202." + target
		}
		r.Header.Set("X-Amz-Target", target)
	}
	if !c.unsigned {
		sign(tb, r, c)
	}
	for name, value := range c.header {
		if value == "-" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	return r
}

func sign(tb testing.TB, r *http.Request, c call) {
	tb.Helper()
	hash := sha256.Sum256([]byte(c.body))
	at, secret, region, service := c.at, c.secret, c.region, c.service
	if at.IsZero() {
		at = time.Now()
	}
	if secret == "" {
		secret = harness.SecretKey
	}
	if region == "" {
		region = harness.Region
	}
	if service == "" {
		service = "kinesis"
	}
	keys := aws.Credentials{AccessKeyID: harness.AccessKey, SecretAccessKey: secret}
	err := v4.NewSigner().SignHTTP(context.Background(), keys, r, hex.EncodeToString(hash[:]), service, region, at)
	if err != nil {
		tb.Fatal(err)
	}
}

// do is a call that must succeed.
func do(tb testing.TB, s *harness.Server, operation, body string) answer {
	tb.Helper()
	a := send(tb, s, call{target: operation, body: body})
	if a.status != 200 {
		tb.Fatalf("%s %s: %d %s", operation, body, a.status, a.body)
	}
	return a
}

// stream creates an ACTIVE stream named after the test.
func stream(tb testing.TB, s *harness.Server, shards string) string {
	tb.Helper()
	name := strings.NewReplacer("/", ".", " ", "_", "#", "-").Replace(tb.Name())
	do(tb, s, "CreateStream", `{"StreamName":"`+name+`","ShardCount":`+shards+`}`)
	harness.Eventually(tb, "stream ACTIVE", func() bool {
		a := do(tb, s, "DescribeStreamSummary", `{"StreamName":"`+name+`"}`)
		return bytes.Contains([]byte(a.body), []byte(`"ACTIVE"`))
	})
	return name
}
