// Package terraform manages a stream and a consumer with Terraform's AWS
// provider, if both can be found on the machine: neither is fetched.
package terraform

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
	"millrace/test/java/jvm"
)

func TestStreamAndConsumer(t *testing.T) {
	if testing.Short() {
		t.Skip("Terraform waits for tens of seconds")
	}
	mirror, version := find()
	detail := jvm.Result(t, "Terraform AWS provider", version,
		"aws_kinesis_stream, aws_kinesis_stream_consumer: apply, plan without changes, update, destroy")
	if mirror == "" {
		detail("no terraform with its AWS provider found")
		t.Skip("no terraform with its AWS provider found")
	}
	server := harness.Start(t, harness.Options{StateDelay: "500ms"})
	w := workspace(t, mirror, server.Endpoint)
	client := server.Client()
	w.run(0, "init", "-input=false")

	w.run(0, "apply", "-auto-approve", "-input=false")
	w.run(0, "plan", "-detailed-exitcode", "-input=false")
	if got := describe(t, client); *got.OpenShardCount != 1 || *got.RetentionPeriodHours != 24 || *got.ConsumerCount != 1 {
		t.Errorf("after apply: %d shards, %d hours, %d consumers",
			*got.OpenShardCount, *got.RetentionPeriodHours, *got.ConsumerCount)
	}

	changed := []string{"-var=shards=2", "-var=retention=48", `-var=tags={"team":"mill","stage":"test"}`}
	w.run(0, append([]string{"apply", "-auto-approve", "-input=false"}, changed...)...)
	if got := describe(t, client); *got.OpenShardCount != 2 || *got.RetentionPeriodHours != 48 {
		t.Errorf("after update: %d shards, %d hours", *got.OpenShardCount, *got.RetentionPeriodHours)
	}

	w.run(0, append([]string{"destroy", "-auto-approve", "-input=false"}, changed...)...)
	_, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("orders")})
	if _, gone := errors.AsType[*types.ResourceNotFoundException](err); !gone {
		t.Errorf("after destroy: %v", err)
	}
}

func describe(tb testing.TB, client *kinesis.Client) *types.StreamDescriptionSummary {
	tb.Helper()
	out, err := client.DescribeStreamSummary(tb.Context(),
		&kinesis.DescribeStreamSummaryInput{StreamName: aws.String("orders")})
	if err != nil {
		tb.Fatal(err)
	}
	return out.StreamDescriptionSummary
}

// space is a working folder of Terraform.
type space struct {
	tb                       testing.TB
	folder, config, endpoint string
}

func workspace(tb testing.TB, mirror, endpoint string) *space {
	tb.Helper()
	w := &space{tb: tb, folder: tb.TempDir(), endpoint: endpoint}
	text, err := os.ReadFile("main.tf")
	if err != nil {
		tb.Fatal(err)
	}
	w.config = filepath.Join(w.folder, "cli.tfrc")
	config := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n"+
		"  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	for path, content := range map[string]string{filepath.Join(w.folder, "main.tf"): string(text), w.config: config} {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			tb.Fatal(err)
		}
	}
	return w
}

// run runs a command of Terraform and fails the test if its exit code is another.
func (w *space) run(code int, args ...string) {
	w.tb.Helper()
	cmd := exec.CommandContext(w.tb.Context(), "terraform", args...)
	cmd.Dir = w.folder
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+w.config, "TF_IN_AUTOMATION=1",
		"TF_VAR_endpoint="+w.endpoint, "AWS_EC2_METADATA_DISABLED=true", "NO_COLOR=1")
	began := time.Now()
	out, err := cmd.CombinedOutput()
	w.tb.Logf("terraform %s: %.0f s", args[0], time.Since(began).Seconds())
	if got := cmd.ProcessState.ExitCode(); got != code {
		w.tb.Fatalf("terraform %s: exit code %d, want %d (%v)\n%s", strings.Join(args, " "), got, code, err, out)
	}
}

var provider = regexp.MustCompile(`^(.+)/[^/]+/hashicorp/aws/([0-9.]+)/[a-z0-9_]+/terraform-provider-aws_[^/]+$`)

// find looks for the AWS provider where plug-ins of Terraform lie, and returns
// the mirror folder that holds it, and its version; "" if there is none.
// TF_PLUGIN_MIRROR names a further folder.
func find() (mirror, version string) {
	version = "not found"
	if _, err := exec.LookPath("terraform"); err != nil {
		return "", version
	}
	home, _ := os.UserHomeDir()
	roots := []string{os.Getenv("TF_PLUGIN_MIRROR"), filepath.Join(home, ".terraform.d"),
		"/usr/local/share/terraform", "/usr/share/terraform", "/usr/local/lib", "/usr/lib/terraform", "/opt"}
	for _, root := range roots {
		if root == "" {
			continue
		}
		filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || mirror != "" {
				return fs.SkipDir
			}
			if found := provider.FindStringSubmatch(path); found != nil && !entry.IsDir() {
				mirror, version = found[1], found[2]
				return fs.SkipAll
			}
			if entry.IsDir() && strings.Count(strings.TrimPrefix(path, root), "/") > 7 {
				return fs.SkipDir
			}
			return nil
		})
		if mirror != "" {
			break
		}
	}
	return mirror, version
}
