package kinesis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cleanEnvironment takes away what the machine has set for AWS.
func cleanEnvironment(t *testing.T) (configFile string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	dir := t.TempDir()
	configFile = filepath.Join(dir, "config")
	t.Setenv("AWS_CONFIG_FILE", configFile)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return configFile
}

func TestEnvironment(t *testing.T) {
	const profiles = `
[default]
region = eu-west-1
[profile local]
region = eu-north-1
endpoint_url = http://127.0.0.1:1111
aws_access_key_id = PROFILE
aws_secret_access_key = x
[profile services]
services = here
[services here]
kinesis =
  endpoint_url = http://127.0.0.1:2222
`
	for _, tc := range []struct {
		name                  string
		env                   map[string]string
		given                 Options
		region, endpoint, key string
	}{
		{"nothing set", nil, Options{}, "eu-west-1", "", ""},
		{"region", map[string]string{"AWS_REGION": "ap-south-1"}, Options{}, "ap-south-1", "", ""},
		{"keys", map[string]string{"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "x"}, Options{}, "eu-west-1", "", "ENV"},
		{"endpoint of all services", map[string]string{"AWS_ENDPOINT_URL": "http://h:1"}, Options{}, "eu-west-1", "http://h:1", ""},
		{"endpoint of Kinesis first", map[string]string{"AWS_ENDPOINT_URL": "http://h:1", "AWS_ENDPOINT_URL_KINESIS": "http://h:2"}, Options{}, "eu-west-1", "http://h:2", ""},
		{"endpoints ignored", map[string]string{"AWS_ENDPOINT_URL_KINESIS": "http://h:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, Options{}, "eu-west-1", "", ""},
		{"profile of the environment", map[string]string{"AWS_PROFILE": "local"}, Options{}, "eu-north-1", "http://127.0.0.1:1111", "PROFILE"},
		{"profile of the options", map[string]string{"AWS_PROFILE": "default"}, Options{Profile: "local"}, "eu-north-1", "http://127.0.0.1:1111", "PROFILE"},
		{"services section", nil, Options{Profile: "services"}, "", "http://127.0.0.1:2222", "millrace"},
		{"options first", map[string]string{"AWS_REGION": "ap-south-1", "AWS_ENDPOINT_URL": "http://h:1"}, Options{Region: "r", Endpoint: "http://h:3"}, "r", "http://h:3", ""},
		{"placeholder on loopback", map[string]string{"AWS_ENDPOINT_URL": "http://localhost:4567"}, Options{}, "eu-west-1", "http://localhost:4567", "millrace"},
		{"keys on loopback", map[string]string{"AWS_ENDPOINT_URL": "http://[::1]:4567", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "x"}, Options{}, "eu-west-1", "http://[::1]:4567", "ENV"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := cleanEnvironment(t)
			if err := os.WriteFile(file, []byte(profiles), 0o600); err != nil {
				t.Fatal(err)
			}
			for name, value := range tc.env {
				t.Setenv(name, value)
			}
			o, err := tc.given.FromEnvironment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if o.Region != tc.region || o.Endpoint != tc.endpoint {
				t.Errorf("region %q, endpoint %q; want %q, %q", o.Region, o.Endpoint, tc.region, tc.endpoint)
			}
			creds, err := o.Credentials.Retrieve(t.Context())
			if creds.AccessKeyID != tc.key || (err == nil) != (tc.key != "") {
				t.Errorf("access key %q, %v; want %q", creds.AccessKeyID, err, tc.key)
			}
		})
	}
}

func TestEverythingGivenReadsNoEnvironment(t *testing.T) {
	cleanEnvironment(t)
	t.Setenv("AWS_PROFILE", "does-not-exist")
	given := Options{Region: "r", Endpoint: "http://h", Credentials: StaticCredentials("a", "s", "")}
	if _, err := given.FromEnvironment(t.Context()); err != nil {
		t.Errorf("error = %v", err)
	}
	if _, err := NewFromEnvironment(t.Context()); err == nil || !strings.Contains(err.Error(), "does-not-exist") {
		t.Errorf("NewFromEnvironment: error = %v, want one that names the profile", err)
	}
}

func TestDefaultEndpoint(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1":  "https://kinesis.us-east-1.amazonaws.com",
		"cn-north-1": "https://kinesis.cn-north-1.amazonaws.com.cn",
	} {
		if got := EndpointOf(region); got != want {
			t.Errorf("EndpointOf(%s) = %s, want %s", region, got, want)
		}
	}
	o := Options{}.withPlace().withDefaults()
	if o.Endpoint != "https://kinesis.us-east-1.amazonaws.com" || o.MaxAttempts != 10 {
		t.Errorf("defaults = %+v", o)
	}
}
