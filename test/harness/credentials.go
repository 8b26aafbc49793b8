package harness

import (
	"os"
	"path/filepath"
	"testing"
)

// The key pair that suites sign with. A server with Options.Verify knows it.
const (
	AccessKey = "AKIDMILLRACETEST0001"
	SecretKey = "a-secret-for-tests/of+the=server"
)

// Account is the account that the test key belongs to.
const Account = "000000000000"

// Region is the region that suites call.
const Region = "us-east-1"

// CredentialsFile writes the credentials file that holds the test key.
func CredentialsFile(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "credentials.yaml")
	text := "- access_key: " + AccessKey + "\n  secret: " + SecretKey + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
