package hostile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"millrace/test/harness"
)

// What must never come out again. Each has a middle that no other text has.
const (
	canarySecret = "CANARYsecret0123456789/abcdefghijklmnop+"
	canaryToken  = "CANARYtoken0123456789/abcdefghijklmnopqrstuvw=="
	canaryWrong  = "CANARYwrong0123456789/abcdefghijklmnop+"
)

// shapes are the forms in which a text may hide.
func shapes(text string) []string {
	return []string{text, strings.ToLower(text), hex.EncodeToString([]byte(text)),
		base64.StdEncoding.EncodeToString([]byte(text))[:40], fmt.Sprint([]byte(text)), strings.ReplaceAll(text, "/", "%2F")}
}

// TestSecrets lets a server at every log level and in both formats see good
// and bad signatures, session tokens, broken requests and its own end with all
// stacks, and looks for the secrets in all that it said, answered and stored.
func TestSecrets(t *testing.T) {
	for _, level := range []string{"debug", "info", "warn", "error"} {
		for _, format := range []string{"text", "json"} {
			t.Run(level+" "+format, func(t *testing.T) { secrets(t, level, format) })
		}
	}
}

func secrets(t *testing.T, level, format string) {
	dir := t.TempDir()
	keys, data := filepath.Join(dir, "keys.yaml"), filepath.Join(dir, "data")
	text := fmt.Sprintf("- access_key: AKIDCANARY\n  secret: %q\n- access_key: ASIACANARY\n  secret: %q\n  session_token: %q\n", canarySecret, canarySecret, canaryToken)
	if err := os.WriteFile(keys, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &target{said: &record{}}
	// In JSON there is no line for people that says where it listens.
	address := "127.0.0.1:" + harness.FreePort(t)
	var err error
	server.Server, err = harness.Launch(t, harness.Options{
		Data: data, Admin: true, Log: server.said,
		Args: []string{"--listen", address, "--auth", "verify", "--credentials", keys, "--log-level", level, "--log-format", format},
		Env:  []string{"GOTRACEBACK=all"},
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Endpoint = "http://" + address
	harness.Eventually(t, "the server listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	var heard bytes.Buffer
	statuses := server.tempt(t, &heard)
	if statuses[http.StatusOK] == 0 || statuses[http.StatusBadRequest] == 0 {
		t.Errorf("answers by status: %v; want good and bad ones", statuses)
	}
	argv, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", server.PID()))
	if err != nil {
		t.Fatal(err)
	}
	server.Signal(syscall.SIGQUIT) // ends it with the stacks of all goroutines
	<-server.Ended()
	if !strings.Contains(server.said.String(), "goroutine ") {
		t.Error("no stacks were printed")
	}
	places := map[string][]byte{"output": []byte(server.said.String()), "answers": heard.Bytes(), "command line": argv}
	err = filepath.Walk(data, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			places[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, content := range places {
		for _, secret := range []string{canarySecret, canaryToken, canaryWrong} {
			for _, shape := range shapes(secret) {
				if at := bytes.Index(content, []byte(shape)); at >= 0 {
					t.Errorf("%s is in the %s: …%.200s", secret, place, content[max(0, at-60):])
				}
			}
		}
	}
}

// tempt sends requests of all kinds and writes what is answered to heard.
func (t *target) tempt(tb testing.TB, heard io.Writer) (statuses map[int]int) {
	tb.Helper()
	statuses = map[int]int{}
	client := harness.HTTPClient(4)
	ask := func(r *http.Request) {
		res, err := client.Do(r)
		if err != nil {
			return
		}
		defer res.Body.Close()
		statuses[res.StatusCode]++
		res.Write(heard)
	}
	long, right := aws.Credentials{AccessKeyID: "AKIDCANARY", SecretAccessKey: canarySecret}, aws.Credentials{AccessKeyID: "ASIACANARY", SecretAccessKey: canarySecret, SessionToken: canaryToken}
	wrong := aws.Credentials{AccessKeyID: "AKIDCANARY", SecretAccessKey: canaryWrong, SessionToken: canaryToken}
	stranger := aws.Credentials{AccessKeyID: "AKIDSTRANGER", SecretAccessKey: canaryWrong, SessionToken: canaryToken}
	for _, creds := range []aws.Credentials{long, right, wrong, stranger} {
		for _, body := range []string{"{}", `{"StreamName":"` + streamName + `","ShardCount":1}`, `{"Limit":"x"}`, "{", ""} {
			for _, operation := range []string{"ListStreams", "CreateStream", "PutRecord", "Unknown"} {
				for _, presigned := range []bool{false, true} {
					ask(t.signed(tb, creds, operation, body, presigned))
				}
			}
		}
	}
	// What is in the wrong place: the secret as the key, the token as the date.
	for name, value := range map[string]string{
		"Authorization":        "AWS4-HMAC-SHA256 Credential=" + canarySecret + "/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0",
		"X-Amz-Date":           canaryToken,
		"X-Amz-Security-Token": canaryToken + "x",
	} {
		r := t.signed(tb, right, "ListStreams", "{}", false)
		r.Header.Set(name, value)
		res, err := client.Do(r)
		if err == nil { // such an answer may quote its own request
			statuses[res.StatusCode]++
			res.Body.Close()
		}
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics", "/debug/pprof/", "/debug/vars"} {
		if r, err := http.NewRequest("GET", t.Endpoint+path, nil); err == nil {
			ask(r)
		}
	}
	for _, text := range []string{"X-Amz-Security-Token " + canaryToken, "\x16\x03\x01\x00\x10" + canaryToken, head("ListStreams", jsonType) + "X-Amz-Security-Token: " + canaryToken + "\r\nContent-Length: x\r\n\r\n"} {
		conn := t.dial(tb)
		conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
		io.WriteString(conn, text)
		io.Copy(heard, conn)
		conn.Close()
	}
	if conn, err := tls.Dial("tcp", t.address(), &tls.Config{ServerName: "localhost"}); err == nil {
		conn.Close() // it must not: nobody vouches for the server
		tb.Error("the certificate is trusted")
	}
	return statuses
}

func (t *target) signed(tb testing.TB, creds aws.Credentials, operation, body string, presigned bool) *http.Request {
	tb.Helper()
	r, err := http.NewRequest("POST", t.Endpoint+"/", strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", jsonType)
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	sum := sha256.Sum256([]byte(body))
	signer := v4.NewSigner()
	if !presigned {
		err = signer.SignHTTP(context.Background(), creds, r, hex.EncodeToString(sum[:]), "kinesis", harness.Region, time.Now())
	} else {
		var uri string
		uri, _, err = signer.PresignHTTP(context.Background(), creds, r, hex.EncodeToString(sum[:]), "kinesis", harness.Region, time.Now(),
			func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
		if err == nil {
			r.URL, err = r.URL.Parse(uri)
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	return r
}
