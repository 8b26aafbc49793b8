// Package leases starts a local stand-in for DynamoDB, where consumers of the
// Kinesis Client Library keep their leases. It is moto, installed by name into
// .cache/leases. Nothing outlives the test that started it.
package leases

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"millrace/test/harness"
	"millrace/test/java/jvm"
)

// startTimeout bounds how long the stand-in may take to listen.
const startTimeout = 60 * time.Second

// Start starts an empty stand-in and returns its base URL.
func Start(tb testing.TB) string {
	tb.Helper()
	root := harness.Root()
	folder := filepath.Join(root, "test", "kcl", "leases")
	venv := filepath.Join(root, ".cache", "leases")
	install := exec.Command(filepath.Join(root, "test", "tools", "venv.sh"), venv, "python3",
		filepath.Join(folder, "requirements.txt"))
	unlock := jvm.Lock(tb, "leases")
	out, err := install.CombinedOutput()
	unlock()
	if err != nil {
		tb.Fatalf("installing the stand-in for DynamoDB: %v\n%s", err, out)
	}
	p := jvm.Run(tb, "leases", exec.Command(filepath.Join(venv, "bin", "python"),
		filepath.Join(folder, "server.py"), "0"), nil)
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		if _, port, ok := strings.Cut(p.Output(), "ready on port "); ok && strings.HasSuffix(port, "\n") {
			return fmt.Sprintf("http://127.0.0.1:%s", strings.TrimSpace(port))
		}
		select {
		case <-p.Ended():
			tb.Fatalf("the stand-in for DynamoDB ended:\n%s", p.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
	tb.Fatalf("the stand-in for DynamoDB did not listen after %v", startTimeout)
	return ""
}

// Table is the description of a table as JSON, "" while it is not there.
func Table(tb testing.TB, endpoint, name string) string {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, endpoint,
		strings.NewReader(fmt.Sprintf(`{"TableName":%q}`, name)))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810.DescribeTable")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/dynamodb/aws4_request")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}
