package kinesis

import (
	"errors"
	"strconv"
	"testing"

	"millrace/kinesis/types"
)

func entries(n, size int) []types.PutRecordsRequestEntry {
	list := make([]types.PutRecordsRequestEntry, n)
	for i := range list {
		list[i] = types.PutRecordsRequestEntry{PartitionKey: new("k" + strconv.Itoa(i)), Data: make([]byte, size)}
	}
	return list
}

const (
	stored    = `{"ShardId":"shardId-000000000000","SequenceNumber":"1"}`
	throttled = `{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"slow down"}`
)

func TestPutAllSendsAgainOnlyWhatFailed(t *testing.T) {
	s := newScript(t,
		ok(`{"FailedRecordCount":2,"Records":[`+throttled+`,`+stored+`,`+throttled+`]}`),
		ok(`{"FailedRecordCount":1,"Records":[`+stored+`,`+throttled+`]}`),
		ok(`{"FailedRecordCount":0,"Records":[`+stored+`]}`),
	)
	c, waits := s.client()
	results, err := c.PutAll(t.Context(), "s", entries(3, 1))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.SequenceNumber == nil || r.ErrorCode != nil {
			t.Errorf("record %d: %v", i, r)
		}
	}
	keys := func(i int) (list []string) {
		for _, r := range s.requests[i].body["Records"].([]any) {
			list = append(list, r.(map[string]any)["PartitionKey"].(string))
		}
		return list
	}
	if k := keys(1); len(k) != 2 || k[0] != "k0" || k[1] != "k2" {
		t.Errorf("second call sent %v", k)
	}
	if k := keys(2); len(k) != 1 || k[0] != "k2" {
		t.Errorf("third call sent %v", k)
	}
	if len(*waits) != 2 {
		t.Errorf("%d waits", len(*waits))
	}
}

func TestPutAllGivesUp(t *testing.T) {
	s := newScript(t, ok(`{"FailedRecordCount":1,"Records":[`+throttled+`]}`))
	c, _ := s.client(func(o *Options) { o.MaxAttempts = 4 })
	results, err := c.PutAll(t.Context(), "s", entries(1, 1))
	e, isPut := errors.AsType[*PutError](err)
	if !isPut || e.Failed != 1 || e.Attempts != 4 || s.calls() != 4 || !IsThrottled(err) {
		t.Errorf("error = %v after %d calls", err, s.calls())
	}
	if *results[0].ErrorCode != "ProvisionedThroughputExceededException" {
		t.Errorf("result = %v", results[0])
	}
}

func TestPutAllOfACallThatFails(t *testing.T) {
	s := newScript(t, fault("ResourceNotFoundException"))
	c, _ := s.client()
	_, err := c.PutAll(t.Context(), "s", entries(600, 1))
	if e, isPut := errors.AsType[*PutError](err); !isPut || e.Failed != 600 || !IsNotFound(err) || s.calls() != 1 {
		t.Errorf("error = %v after %d calls", err, s.calls())
	}
}

func TestBatches(t *testing.T) {
	for _, tc := range []struct {
		name          string
		n, size, want int
	}{
		{"few", 3, 10, 3},
		{"by count", 501, 10, 500},
		{"by bytes", 20, 1 << 20, 4},
		{"one that is large", 2, 6 << 20, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := batchLen(entries(tc.n, tc.size)); got != tc.want {
				t.Errorf("batch of %d, want %d", got, tc.want)
			}
		})
	}
}
