// Package java runs the AWS SDKs for Java, v2 and v1, against the real server.
package java

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"millrace/test/harness"
	"millrace/test/java/jvm"
)

// within bounds one run of a suite.
const within = 4 * time.Minute

func TestSDK2(t *testing.T) {
	for _, protocol := range []string{"CBOR", "JSON"} {
		t.Run(protocol, func(t *testing.T) {
			jvm.Need(t)
			detail := jvm.Result(t, "AWS SDK for Java v2", jvm.Version(t, "awssdk.version"),
				protocol+signed(protocol)+": sync and async, HTTP/1.1, HTTP/2, TLS")
			// Signatures are verified in one of the two runs.
			server := harness.Start(t, harness.Options{Verify: signed(protocol) != ""})
			detail(suite(t, "sdk2", "millrace.sdk2",
				"millrace.endpoint="+server.Endpoint,
				fmt.Sprintf("aws.cborEnabled=%t", protocol == "CBOR")))
		})
	}
}

func TestSDK1(t *testing.T) {
	for _, protocol := range []string{"CBOR", "JSON"} {
		t.Run(protocol, func(t *testing.T) {
			jvm.Need(t)
			detail := jvm.Result(t, "AWS SDK for Java v1", jvm.Version(t, "awssdk1.version"),
				protocol+signed(protocol)+": HTTP/1.1 and TLS")
			server := harness.Start(t, harness.Options{Verify: signed(protocol) != ""})
			properties := []string{"millrace.endpoint=" + server.Endpoint}
			if protocol == "JSON" {
				properties = append(properties, "com.amazonaws.sdk.disableCbor=true")
			}
			detail(suite(t, "sdk1", "millrace.sdk1", properties...))
		})
	}
}

// signed says whether the run of a protocol verifies signatures.
func signed(protocol string) string {
	if protocol == "CBOR" {
		return ", signatures verified"
	}
	return ""
}

var counted = regexp.MustCompile(`\[ +(\d+) tests (successful|failed|aborted|skipped) +\]`)

// suite runs the JUnit tests of a Java package and returns how many tests
// passed and how many operations were answered. JAVA_EXCLUDE names tags to
// leave out, separated by commas.
func suite(t *testing.T, module, pkg string, properties ...string) string {
	t.Helper()
	args := []string{"execute", "--disable-banner", "--disable-ansi-colors", "--details=tree",
		"--details-theme=ascii", "--select-package=" + pkg, "--include-classname=.*Clients.*",
		"--fail-if-no-tests"}
	for tag := range strings.SplitSeq(os.Getenv("JAVA_EXCLUDE"), ",") {
		if tag != "" {
			args = append(args, "--exclude-tag="+tag)
		}
	}
	p := jvm.Start(t, module, jvm.Options{
		Name: module, Main: "org.junit.platform.console.ConsoleLauncher", Args: args,
		Properties: append(properties,
			"millrace.accessKey="+harness.AccessKey, "millrace.secretKey="+harness.SecretKey),
	})
	if code := p.Wait(t, within); code != 0 {
		t.Errorf("exit code %d\n%s", code, brief(p.Output()))
	}
	passed := 0
	for _, found := range counted.FindAllStringSubmatch(p.Output(), -1) {
		count, _ := strconv.Atoi(found[1])
		if found[2] == "successful" {
			passed = count
		} else if count > 0 {
			t.Errorf("%d tests %s", count, found[2])
		}
	}
	if passed == 0 {
		t.Error("no test passed")
	}
	return fmt.Sprintf("%d tests, %d operations", passed, len(heard(p.Output())))
}

// heard returns the operations that the suites saw answered.
func heard(output string) []string {
	var all []string
	for line := range strings.Lines(output) {
		if rest, ok := strings.CutPrefix(line, "HEARD | "); ok {
			_, operations, _ := strings.Cut(rest, " | ")
			all = append(all, strings.Fields(operations)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// brief leaves out the lines of stack traces that are not ours.
func brief(output string) string {
	var kept strings.Builder
	for line := range strings.Lines(output) {
		code := strings.TrimSpace(line)
		if strings.HasPrefix(code, "software.amazon.") || strings.HasPrefix(code, "org.junit.") ||
			strings.HasPrefix(code, "java.base/") || strings.HasPrefix(code, "[...]") {
			continue
		}
		kept.WriteString(line)
	}
	text := kept.String()
	return text[:min(len(text), 12000)]
}
