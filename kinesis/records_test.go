package kinesis

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"millrace/kinesis/types"
)

func read(t *testing.T, c *Client, p ShardPosition, most int) (data []string, err error) {
	t.Helper()
	for r, err := range c.Records(t.Context(), p) {
		if err != nil {
			return data, err
		}
		if data = append(data, string(r.Data)); len(data) == most {
			break
		}
	}
	return data, nil
}

// page answers with records of the given sequence numbers, whose data is "a".
func page(next string, behind string, sequence ...string) string {
	body := `{"Records":[`
	for i, n := range sequence {
		if i > 0 {
			body += ","
		}
		body += `{"SequenceNumber":"` + n + `","PartitionKey":"k","Data":"YQ=="}`
	}
	body += `],"MillisBehindLatest":` + behind
	if next != "" {
		body += `,"NextShardIterator":"` + next + `"`
	}
	return body + `}`
}

func TestRecordsToTheEndOfAClosedShard(t *testing.T) {
	s := newScript(t,
		ok(`{"ShardIterator":"i0"}`), ok(page("i1", "100", "1", "2")), ok(page("i2", "5")), ok(page("", "0", "3")),
	)
	c, waits := s.client()
	data, err := read(t, c, ShardPosition{Stream: "s", ShardID: "shardId-000000000000", Limit: 2}, -1)
	if err != nil || !slices.Equal(data, []string{"a", "a", "a"}) {
		t.Errorf("read %q, %v", data, err)
	}
	if len(*waits) != 0 {
		t.Errorf("waited %v behind the tip", *waits)
	}
	if got := s.requests[0].body["ShardIteratorType"]; got != "TRIM_HORIZON" {
		t.Errorf("iterator type = %v, want TRIM_HORIZON by default", got)
	}
	if b := s.requests[3].body; b["ShardIterator"] != "i2" || b["Limit"] != 2.0 {
		t.Errorf("last page asked for with %v", b)
	}
}

func TestExpiredIteratorIsRenewedBehindTheLastRecord(t *testing.T) {
	s := newScript(t,
		ok(`{"ShardIterator":"i0"}`), ok(page("i1", "1", "7")),
		fault("ExpiredIteratorException"), ok(`{"ShardIterator":"i2"}`), ok(page("", "0", "8")),
	)
	c, _ := s.client()
	data, err := read(t, c, ShardPosition{Stream: "s", ShardID: "x"}, -1)
	if err != nil || len(data) != 2 {
		t.Fatalf("read %q, %v", data, err)
	}
	b := s.requests[3].body
	if b["ShardIteratorType"] != "AFTER_SEQUENCE_NUMBER" || b["StartingSequenceNumber"] != "7" {
		t.Errorf("renewed with %v", b)
	}
}

func TestExpiredLatestMissesNothing(t *testing.T) {
	s := newScript(t,
		ok(`{"ShardIterator":"i0"}`), ok(page("i1", "0")),
		fault("ExpiredIteratorException"), ok(`{"ShardIterator":"i2"}`), ok(page("", "0", "8")),
	)
	c, _ := s.client()
	now := time.Unix(1_700_000_000, 0)
	c.now = func() time.Time { return now }
	if data, err := read(t, c, ShardPosition{Stream: "s", ShardID: "x", Start: Latest()}, -1); err != nil || len(data) != 1 {
		t.Fatalf("read %q, %v", data, err)
	}
	b := s.requests[3].body
	if b["ShardIteratorType"] != "AT_TIMESTAMP" || b["Timestamp"] != 1.7e9 {
		t.Errorf("renewed with %v, want the time of the first answer", b)
	}
}

func TestIteratorThatIsExpiredAtOnceIsAnError(t *testing.T) {
	s := newScript(t, ok(`{"ShardIterator":"i0"}`), fault("ExpiredIteratorException"))
	c, _ := s.client()
	if _, err := read(t, c, ShardPosition{Stream: "s", ShardID: "x"}, -1); !IsExpiredIterator(err) || s.calls() != 2 {
		t.Errorf("error %v after %d calls", err, s.calls())
	}
}

func TestThrottlingOnlySlowsReadingDown(t *testing.T) {
	answers := list(ok(`{"ShardIterator":"i0"}`))
	for range 7 {
		answers = append(answers, fault("ProvisionedThroughputExceededException"))
	}
	s := newScript(t, append(answers, ok(page("", "0", "1")))...)
	c, waits := s.client(func(o *Options) { o.MaxAttempts = 3 })
	if data, err := read(t, c, ShardPosition{Stream: "s", ShardID: "x"}, -1); err != nil || len(data) != 1 {
		t.Fatalf("read %q, %v", data, err)
	}
	if len(*waits) != 7 {
		t.Errorf("%d waits for 7 refusals", len(*waits))
	}
}

func TestWaitsAtTheTip(t *testing.T) {
	s := newScript(t,
		ok(`{"ShardIterator":"i0"}`), ok(page("i1", "0", "1")), ok(page("i2", "0")), ok(page("i3", "0")), ok(page("i4", "0")), ok(page("i5", "0", "2")), ok(page("", "0")),
	)
	c, waits := s.client()
	if _, err := read(t, c, ShardPosition{Stream: "s", ShardID: "x"}, -1); err != nil {
		t.Fatal(err)
	}
	ms := time.Millisecond
	if want := []time.Duration{250 * ms, 500 * ms, 1000 * ms, 1000 * ms, 250 * ms}; !slices.Equal(*waits, want) {
		t.Errorf("waits = %v, want %v", *waits, want)
	}
}

func TestRecordsEndWithTheContext(t *testing.T) {
	s := newScript(t, ok(`{"ShardIterator":"i0"}`), ok(page("i1", "0")))
	c, _ := s.client()
	ctx, cancel := context.WithCancel(t.Context())
	c.sleep = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}
	var last error
	for _, err := range c.Records(ctx, ShardPosition{Stream: "s", ShardID: "x"}) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
}

func TestStartPositions(t *testing.T) {
	at := time.UnixMilli(1441215410867)
	for _, tc := range []struct {
		start Start
		typ   types.ShardIteratorType
		name  string
		value any
	}{
		{TrimHorizon(), "TRIM_HORIZON", "", nil},
		{Latest(), "LATEST", "", nil},
		{AtSequenceNumber("5"), "AT_SEQUENCE_NUMBER", "StartingSequenceNumber", "5"},
		{AfterSequenceNumber("5"), "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber", "5"},
		{AtTimestamp(at), "AT_TIMESTAMP", "Timestamp", 1441215410.867},
	} {
		t.Run(string(tc.typ), func(t *testing.T) {
			s := newScript(t, ok(`{"ShardIterator":"i0"}`), ok(page("", "0")))
			c, _ := s.client()
			read(t, c, ShardPosition{Stream: "s", ShardID: "x", Start: tc.start}, -1)
			b := s.requests[0].body
			if b["ShardIteratorType"] != string(tc.typ) || tc.name != "" && b[tc.name] != tc.value {
				t.Errorf("asked with %v", b)
			}
		})
	}
}
