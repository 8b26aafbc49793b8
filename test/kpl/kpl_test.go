// Package kpl puts records through the Kinesis Producer Library, aggregated and
// over TLS, into a consumer of the Kinesis Client Library that opens the
// aggregates.
package kpl

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
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
	keys   = 100
	perKey = 200
	size   = 100
	// within bounds each of the two sides.
	within = 120 * time.Second
)

func TestAggregates(t *testing.T) {
	jvm.Need(t)
	detail := jvm.Result(t, "KPL", jvm.Version(t, "kpl.version"),
		"TLS, aggregation, into KCL "+jvm.Version(t, "kcl3.version")+" by enhanced fan-out over TLS")
	server := harness.Start(t, harness.Options{})
	client := server.Client()
	create(t, client)
	out := consume(t, strings.Replace(server.Endpoint, "http:", "https:", 1))
	put := produce(t, server.Endpoint)
	if put.records >= put.user/4 {
		t.Errorf("%d user records in %d records: aggregation is hardly on", put.user, put.records)
	}
	entries := wait(t, out)
	faults := ledger.Missing(entries, ledger.Keys(keys), perKey)
	for i, fault := range faults {
		if i < 20 {
			t.Error(fault)
		}
	}
	summary := ledger.Summarize(entries)
	detail(fmt.Sprintf("%d user records in %d records, each processed once at least with its content, %d again",
		summary.Records, put.records, summary.Repeats))
}

// counts is what the producer says of its run.
type counts struct{ user, records int }

var said = regexp.MustCompile(`PUT \| (\d+) user records in (\d+) records`)

// produce runs the producer to its end.
func produce(tb testing.TB, endpoint string) (c counts) {
	tb.Helper()
	at, err := url.Parse(endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	p := jvm.Start(tb, "kpl", jvm.Options{
		Name: "producer",
		Main: "millrace.kpl.Producer",
		Args: []string{at.Port(), stream, tb.TempDir(), strconv.Itoa(keys), strconv.Itoa(perKey), strconv.Itoa(size)},
	})
	if code := p.Wait(tb, within); code != 0 {
		tb.Fatalf("the producer ended with %d", code)
	}
	found := said.FindStringSubmatch(p.Output())
	if found == nil {
		tb.Fatalf("the producer did not say what it put:\n%s", p.Output())
	}
	c.user, _ = strconv.Atoi(found[1])
	c.records, _ = strconv.Atoi(found[2])
	return c
}

// consume starts a KCL worker and returns the file that it writes to.
func consume(tb testing.TB, endpoint string) string {
	tb.Helper()
	out := filepath.Join(jvm.Folder(tb), "worker")
	jvm.Start(tb, "kcl3", jvm.Options{
		Name: "consumer",
		Main: "millrace.kcl.Worker",
		Args: []string{
			"--application", "app", "--stream", stream, "--mode", "fanout", "--worker", "worker",
			"--endpoint", endpoint, "--leases", leases.Start(tb), "--out", out,
		},
	})
	return out
}

// wait waits until everything has been processed, or for too long.
func wait(tb testing.TB, out string) []ledger.Entry {
	tb.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(200 * time.Millisecond) {
		entries, err := ledger.Read(size, out)
		if err != nil {
			tb.Fatal(err)
		}
		if ledger.Summarize(entries).Records == keys*perKey || time.Now().After(deadline) {
			return entries
		}
	}
}

func create(tb testing.TB, client *kinesis.Client) {
	tb.Helper()
	in := &kinesis.CreateStreamInput{StreamName: aws.String(stream), ShardCount: aws.Int32(4)}
	if _, err := client.CreateStream(tb.Context(), in); err != nil {
		tb.Fatal(err)
	}
	harness.Eventually(tb, "the stream is ACTIVE", func() bool {
		out, err := client.DescribeStreamSummary(tb.Context(),
			&kinesis.DescribeStreamSummaryInput{StreamName: aws.String(stream)})
		return err == nil && out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive
	})
}
