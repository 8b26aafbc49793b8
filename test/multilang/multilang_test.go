// Package multilang runs the MultiLangDaemon with a record processor in Python.
package multilang

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
	"millrace/test/java/jvm"
	"millrace/test/kcl/leases"
	"millrace/test/kcl/ledger"
)

const (
	stream = "orders"
	keys   = 20
	perKey = 100
	size   = 120
	// within bounds a run from the start of the daemon on.
	within = 120 * time.Second
)

func TestMultiLangDaemon(t *testing.T) {
	for mode, name := range map[string]string{"POLLING": "polling", "FANOUT": "enhanced fan-out"} {
		t.Run(mode, func(t *testing.T) {
			jvm.Need(t)
			detail := jvm.Result(t, "MultiLangDaemon", jvm.Version(t, "multilang.version"),
				name+", a record processor in Python, a split")
			server := harness.Start(t, harness.Options{})
			client := server.Client()
			create(t, client)
			folder := daemon(t, server.Endpoint, mode)
			for count := range perKey {
				if count == perKey/2 {
					split(t, client)
				}
				put(t, client, count)
			}
			summary := wait(t, folder)
			detail(fmt.Sprintf("%d records of %d shards once at least and in order, amazon_kclpy %s",
				summary.Records, len(summary.Shards), kclpy(t)))
		})
	}
}

// library installs the Python side and returns its folder. Its own installer
// would fetch the jars of a daemon as well; Maven has brought those already.
func library(tb testing.TB) string {
	tb.Helper()
	folder := filepath.Join(harness.Root(), ".cache", "kclpy", kclpy(tb))
	source := filepath.Join(folder, "amazon_kclpy-"+kclpy(tb))
	defer jvm.Lock(tb, "kclpy")()
	if _, err := os.Stat(source); err == nil {
		return source
	}
	for _, command := range [][]string{
		{"python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
			"--no-binary", ":all:", "--dest", folder, "-r", "requirements.txt"},
		{"tar", "-xzf", source + ".tar.gz", "-C", folder},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			tb.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	return source
}

func kclpy(tb testing.TB) string {
	text, err := os.ReadFile("requirements.txt")
	if err != nil {
		tb.Fatal(err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(text)), "==")
	return version
}

// daemon starts the daemon and returns the folder that its processors write to.
func daemon(tb testing.TB, endpoint, mode string) string {
	tb.Helper()
	folder := tb.TempDir()
	processor, err := filepath.Abs("processor.py")
	if err != nil {
		tb.Fatal(err)
	}
	properties := filepath.Join(folder, "daemon.properties")
	text := strings.Join([]string{
		"executableName = python3 " + processor,
		"processingLanguage = python/3",
		"streamName = " + stream,
		"applicationName = app",
		"initialPositionInStream = TRIM_HORIZON",
		"regionName = us-east-1",
		"kinesisEndpoint = " + endpoint,
		"dynamoDBEndpoint = " + leases.Start(tb),
		"AwsCredentialsProvider = DefaultCredentialsProvider",
		"metricsLevel = NONE",
		"retrievalMode = " + mode,
		"idleTimeBetweenReadsInMillis = 200",
		"failoverTimeMillis = 4000",
		"leaseAssignmentIntervalMillis = 1000",
		"parentShardPollIntervalMillis = 200",
		"shardSyncIntervalMillis = 2000",
		"workerMetricsReporterFreqInMillis = 1000",
		"disableWorkerMetrics = true",
	}, "\n")
	if err := os.WriteFile(properties, []byte(text), 0o666); err != nil {
		tb.Fatal(err)
	}
	jvm.Start(tb, "multilang", jvm.Options{
		Name: "daemon",
		Main: "software.amazon.kinesis.multilang.MultiLangDaemon",
		Args: []string{"--properties-file", properties},
		Env: []string{
			"LEDGER=" + filepath.Join(folder, "ledger"), "PYTHONPATH=" + library(tb),
			"AWS_ACCESS_KEY_ID=AK", "AWS_SECRET_ACCESS_KEY=SK", "AWS_REGION=us-east-1",
		},
	})
	return folder
}

// wait waits until all is processed and checks it.
func wait(tb testing.TB, folder string) ledger.Summary {
	tb.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(200 * time.Millisecond) {
		paths, err := filepath.Glob(filepath.Join(folder, "ledger-*"))
		if err != nil {
			tb.Fatal(err)
		}
		entries, err := ledger.Read(size, paths...)
		if err != nil {
			tb.Fatal(err)
		}
		summary := ledger.Summarize(entries)
		if summary.Records < keys*perKey && time.Now().Before(deadline) {
			continue
		}
		for i, fault := range ledger.Check(entries, ledger.Keys(keys), perKey) {
			if i < 20 {
				tb.Error(fault)
			}
		}
		return summary
	}
}

func create(tb testing.TB, client *kinesis.Client) {
	tb.Helper()
	in := &kinesis.CreateStreamInput{StreamName: aws.String(stream), ShardCount: aws.Int32(2)}
	if _, err := client.CreateStream(tb.Context(), in); err != nil {
		tb.Fatal(err)
	}
	active(tb, client)
}

func split(tb testing.TB, client *kinesis.Client) {
	tb.Helper()
	in := &kinesis.SplitShardInput{
		StreamName: aws.String(stream), ShardToSplit: aws.String("shardId-000000000000"),
		NewStartingHashKey: aws.String("85070591730234615865843651857942052864"),
	}
	if _, err := client.SplitShard(tb.Context(), in); err != nil {
		tb.Fatal(err)
	}
	active(tb, client)
}

func active(tb testing.TB, client *kinesis.Client) {
	tb.Helper()
	harness.Eventually(tb, "the stream is ACTIVE", func() bool {
		out, err := client.DescribeStreamSummary(tb.Context(),
			&kinesis.DescribeStreamSummaryInput{StreamName: aws.String(stream)})
		return err == nil && out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive
	})
}

func put(tb testing.TB, client *kinesis.Client, count int) {
	tb.Helper()
	in := &kinesis.PutRecordsInput{StreamName: aws.String(stream)}
	for _, key := range ledger.Keys(keys) {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{
			PartitionKey: aws.String(key), Data: ledger.Data(key, count, size),
		})
	}
	out, err := client.PutRecords(tb.Context(), in)
	if err != nil {
		tb.Fatal(err)
	}
	if *out.FailedRecordCount != 0 {
		tb.Fatalf("%d records failed", *out.FailedRecordCount)
	}
}
