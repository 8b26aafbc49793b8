package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"millrace/internal/sigv4"
)

// TestRequestForAnotherService has a valid signature, but of a request that
// was meant for somebody else.
func TestRequestForAnotherService(t *testing.T) {
	now := time.Date(2026, 11, 28, 22, 15, 30, 0, time.UTC)
	const secret = "a secret of its own"
	h := newHandler(t, Config{Verifier: &sigv4.Verifier{
		Now:  func() time.Time { return now },
		Keys: func(string) (sigv4.Credential, bool) { return sigv4.Credential{Secret: sigv4.NewSecret(secret)}, true },
	}}, nil)
	for _, c := range []struct {
		region, service string
		status          int
		body            string
	}{
		{"us-east-1", "kinesis", 200, `{"StreamNames":["a"],"HasMoreStreams":false}`},
		{"us-east-1", "s3", 400, `{"__type":"InvalidSignatureException","message":"Credential should be scoped to correct service: 'kinesis'."}`},
		{"localhost", "localhost", 200, `{"StreamNames":["a"],"HasMoreStreams":false}`},
	} {
		r := call("ListStreams", "{}")
		r.Header.Del("Authorization")
		hash := sha256.Sum256([]byte("{}"))
		err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: secret}, r,
			hex.EncodeToString(hash[:]), c.service, c.region, now)
		if err != nil {
			t.Fatal(err)
		}
		resp := answerTo(h, r)
		if got := bodyOf(t, resp); resp.StatusCode != c.status || got != c.body {
			t.Errorf("%s/%s: %d %s", c.region, c.service, resp.StatusCode, got)
		}
	}
}
