// Package kcl runs real applications of the Kinesis Client Library, versions 3
// and 2, through splits, a merge and the loss of a worker.
package kcl

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"millrace/test/java/jvm"
)

// records is how many records a run puts; KCL_RECORDS overrides it.
func records(tb testing.TB) int {
	set := os.Getenv("KCL_RECORDS")
	if set == "" {
		return 20_000
	}
	n, err := strconv.Atoi(set)
	if err != nil || n <= 0 {
		tb.Fatalf("KCL_RECORDS is %q", set)
	}
	return n
}

func TestPolling(t *testing.T) { versions(t, "polling") }

func TestFanOut(t *testing.T) { versions(t, "fanout") }

func versions(t *testing.T, mode string) {
	for _, module := range []string{"kcl3", "kcl2"} {
		t.Run(module, func(t *testing.T) {
			jvm.Need(t)
			what := map[string]string{"polling": "polling", "fanout": "enhanced fan-out"}[mode]
			detail := jvm.Result(t, "KCL", jvm.Version(t, module+".version"),
				what+", two workers, 2 splits, 1 merge, a worker killed")
			r := start(t, module, mode)
			r.play()
			summary := r.check()
			detail(fmt.Sprintf("%d records of %d shards once at least and in order, %d again",
				summary.Records, len(summary.Shards), summary.Repeats))
		})
	}
}
