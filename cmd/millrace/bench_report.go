package main

import (
	"fmt"
	"time"
)

// benchReport is what bench writes.
type benchReport struct {
	Endpoint       string
	Stream         string
	Mode           string
	RecordsPerCall int
	RecordBytes    int
	Concurrency    int
	Put            *sideReport    `json:",omitempty"`
	Get            *sideReport    `json:",omitempty"`
	PutToGet       *latencyReport `json:",omitempty"`
}

// sideReport is what putting or getting came to.
type sideReport struct {
	Seconds          float64
	Calls            int64
	Records          int64
	Bytes            int64
	RecordsPerSecond float64
	MBPerSecond      float64
	FailedCalls      int64
	ThrottledCalls   int64
	FailedRecords    int64
	ThrottledRecords int64
	LastError        string `json:",omitempty"`
	Latency          latencyReport
}

// latencyReport holds milliseconds.
type latencyReport struct {
	P50, P90, P99, P999, Max float64
}

func (b *benchRun) report() *benchReport {
	r := &benchReport{
		Stream: b.flags.stream, Mode: b.flags.mode, RecordsPerCall: b.flags.recordsPerCall,
		RecordBytes: b.flags.size, Concurrency: b.flags.concurrency,
	}
	if b.flags.mode != "get" {
		r.Put = b.put.report()
	}
	if b.flags.mode != "put" {
		r.Get = b.get.report()
	}
	if b.flags.mode == "both" {
		r.PutToGet = new(latencyOf(&b.delay))
	}
	return r
}

func (s *side) report() *sideReport {
	r := &sideReport{
		Seconds: s.last.Sub(s.first).Seconds(), Calls: s.calls, Records: s.records, Bytes: s.bytes,
		FailedCalls: s.failedCalls, ThrottledCalls: s.throttledCalls,
		FailedRecords: s.failedRecords, ThrottledRecords: s.throttledRecords,
		Latency: latencyOf(&s.latency),
	}
	if r.Seconds > 0 {
		r.RecordsPerSecond = float64(r.Records) / r.Seconds
		r.MBPerSecond = float64(r.Bytes) / 1e6 / r.Seconds
	}
	if s.lastError != nil {
		r.LastError = s.lastError.Error()
	}
	return r
}

func latencyOf(h *histogram) latencyReport {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return latencyReport{
		P50: ms(h.quantile(.5)), P90: ms(h.quantile(.9)), P99: ms(h.quantile(.99)), P999: ms(h.quantile(.999)), Max: ms(h.max),
	}
}

func (a *app) printBench(r *benchReport) error {
	r.Endpoint = a.address
	if a.output == "json" {
		return a.printJSON(r)
	}
	a.say("%s, stream %s: %d bytes a record, %s a call, %d at once",
		r.Endpoint, r.Stream, r.RecordBytes, count(r.RecordsPerCall, "record"), r.Concurrency)
	rows := [][]string{{"", "RECORDS/S", "MB/S", "RECORDS", "CALLS", "FAILED", "THROTTLED", "P50 MS", "P90", "P99", "P99.9", "MAX"}}
	for _, s := range []struct {
		name string
		side *sideReport
	}{{"put", r.Put}, {"get", r.Get}} {
		if s.side != nil {
			rows = append(rows, append([]string{s.name}, s.side.row()...))
		}
	}
	if l := r.PutToGet; l != nil {
		rows = append(rows, append([]string{"put to get", "", "", "", "", "", ""}, l.row()...))
	}
	if err := table(a.stdout, rows); err != nil {
		return err
	}
	for _, s := range []*sideReport{r.Put, r.Get} {
		if s != nil && s.LastError != "" {
			a.say("last error: %s", s.LastError)
		}
	}
	return nil
}

func (r *sideReport) row() []string {
	return append([]string{
		fmt.Sprintf("%.0f", r.RecordsPerSecond), fmt.Sprintf("%.2f", r.MBPerSecond),
		fmt.Sprint(r.Records), fmt.Sprint(r.Calls),
		refused(r.FailedCalls-r.ThrottledCalls, r.FailedRecords-r.ThrottledRecords), refused(r.ThrottledCalls, r.ThrottledRecords),
	}, r.Latency.row()...)
}

// refused says how many calls and records were.
func refused(calls, records int64) string {
	if records == 0 {
		return fmt.Sprint(calls)
	}
	return fmt.Sprintf("%d + %d records", calls, records)
}

func (l latencyReport) row() []string {
	var row []string
	for _, v := range []float64{l.P50, l.P90, l.P99, l.P999, l.Max} {
		row = append(row, fmt.Sprintf("%.2f", v))
	}
	return row
}
