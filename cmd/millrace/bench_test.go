package main

import (
	"strings"
	"testing"
	"time"
)

func TestBench(t *testing.T) {
	startServer(t)
	for _, tc := range []struct {
		name, args string
		put, get   float64 // records
	}{
		{"PutRecords", "--records 1050 --records-per-call 100 --size 10", 1050, -1},
		{"PutRecord", "--records 20 --records-per-call 1 --concurrency 3", 20, -1},
		{"both", "--records 500 --mode both", 500, 500},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := append([]string{"bench", "-o", "json"}, strings.Fields(tc.args)...)
			o := objects(t, must(t, args...))[0]
			put := o["Put"].(map[string]any)
			if put["Records"] != tc.put || put["FailedCalls"] != 0.0 || put["Latency"].(map[string]any)["Max"] == 0.0 {
				t.Errorf("put: %v", put)
			}
			if get, _ := o["Get"].(map[string]any); tc.get >= 0 && get["Records"] != tc.get {
				t.Errorf("get: %v", get)
			}
			if _, there := o["PutToGet"]; there != (tc.get >= 0) {
				t.Errorf("put to get: %v", o["PutToGet"])
			}
		})
	}
	if out := must(t, "streams", "list"); !strings.Contains(out, "no streams") {
		t.Errorf("streams are left behind:\n%s", out)
	}
}

func TestBenchOfAStreamThatIsThere(t *testing.T) {
	startServer(t)
	must(t, "bench", "--stream", "mine", "--records", "300", "--keep", "--size", "10")
	o := objects(t, must(t, "bench", "--stream", "mine", "--mode", "get", "-o", "json"))[0]
	if get := o["Get"].(map[string]any); get["Records"] != 300.0 || get["Bytes"] != 3000.0 {
		t.Errorf("get: %v", get)
	}
	if out := must(t, "bench", "--stream", "mine", "--duration", "30ms"); !strings.Contains(out, "RECORDS/S") {
		t.Errorf("bench: %s", out)
	}
	if out := must(t, "streams", "list"); !strings.Contains(out, "mine") {
		t.Errorf("a stream of the user's was deleted:\n%s", out)
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	if h.quantile(.5) != 0 {
		t.Error("quantile of nothing")
	}
	for i := range 10000 {
		h.add(time.Duration(i+1) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{.5: 5 * time.Millisecond, .99: 9900 * time.Microsecond, .999: 9990 * time.Microsecond} {
		if got := h.quantile(q); got < want || got > want+want/32 {
			t.Errorf("quantile %v = %v, want %v and at most 1/32 more", q, got, want)
		}
	}
	var sum histogram
	sum.merge(&h)
	if sum != h || sum.quantile(1) != 10*time.Millisecond {
		t.Errorf("sum of one: max %v", sum.quantile(1))
	}
}

func TestBucketsHoldTheirDurations(t *testing.T) {
	last := -1
	for d := time.Duration(1); d > 0; d += d/7 + 1 {
		b := bucketOf(d)
		if b < last || b >= histogramBuckets {
			t.Fatalf("bucket of %d = %d after %d", d, b, last)
		}
		if top := bucketTop(b); top < d || top-d > d/16 {
			t.Fatalf("bucket of %d ends at %d", d, top)
		}
		last = b
	}
}

func TestBenchThatIsInterruptedReportsAndCleansUp(t *testing.T) {
	startServer(t)
	stdout, _, stop := background(t, "bench", "--duration", "1h", "--size", "10")
	// It says nothing until its end: the stream tells that it runs.
	for !strings.Contains(must(t, "streams", "list"), "millrace-bench-") {
	}
	if code := stop(); code != exitOK && code != exitFailure {
		t.Errorf("exit code = %d", code)
	}
	if out := must(t, "streams", "list"); !strings.Contains(out, "no streams") {
		t.Errorf("streams are left behind:\n%s\n%s", out, stdout)
	}
}
