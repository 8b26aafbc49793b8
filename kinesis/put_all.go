package kinesis

import (
	"context"
	"errors"
	"fmt"

	"millrace/kinesis/types"
)

// The most that PutAll puts into one PutRecords. The service takes 10 MiB
// today and took 5 MiB before; half of that bounds what a retry sends again.
const (
	maxBatchRecords = 500
	maxBatchBytes   = 5 << 20
)

// PutError says that some records of a PutAll were not stored.
type PutError struct {
	// Failed is how many of the records were not stored, as far as is known.
	Failed int
	// Attempts that were made for the last of them.
	Attempts int
	// Code and Message are those of the last record that failed.
	Code, Message string
	// Err is the typed error of Code, or the error of the last call if that
	// failed as a whole.
	Err error
}

// Error tells how many failed, and the reason of the last.
func (e *PutError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("kinesis: PutRecords: %d records not stored: %v", e.Failed, e.Err)
	}
	return fmt.Sprintf("kinesis: PutRecords: %d records not stored after %d attempts: %s: %s",
		e.Failed, e.Attempts, e.Code, e.Message)
}

// Unwrap gives the typed error.
func (e *PutError) Unwrap() error { return e.Err }

// PutAll stores any number of records, in as many PutRecords as it takes, and
// sends again those that failed, with back-off, up to the client's attempts.
// The stream is its name or its ARN. The results are in the order of the
// records. If some could not be stored the error is a *PutError and their
// results have an ErrorCode; results without SequenceNumber and ErrorCode are
// those of records that were not tried or whose answer was lost.
//
// A record that is sent again lands behind those that were stored at once:
// records of one partition key may change places.
func (c *Client) PutAll(ctx context.Context, stream string, records []types.PutRecordsRequestEntry) ([]types.PutRecordsResultEntry, error) {
	results := make([]types.PutRecordsResultEntry, len(records))
	var failed *PutError
	for first := 0; first < len(records); {
		end := first + batchLen(records[first:])
		err := c.putBatch(ctx, stream, records[first:end], results[first:end])
		if e, ok := errors.AsType[*PutError](err); ok {
			if failed != nil {
				e.Failed += failed.Failed
			}
			failed = e
		} else if err != nil {
			unknown := end - first
			for _, r := range results[first:end] {
				if r.SequenceNumber != nil {
					unknown--
				}
			}
			if failed != nil {
				unknown += failed.Failed
			}
			return results, &PutError{Failed: unknown + len(records) - end, Err: err}
		}
		first = end
	}
	if failed != nil {
		return results, failed
	}
	return results, nil
}

// batchLen is how many of the records fit into one call; at least one.
func batchLen(records []types.PutRecordsRequestEntry) int {
	bytes := 0
	for i, r := range records {
		bytes += len(r.Data) + len(deref(r.PartitionKey))
		if i == maxBatchRecords || i > 0 && bytes > maxBatchBytes {
			return i
		}
	}
	return len(records)
}

// putBatch puts one batch, and what failed of it again.
func (c *Client) putBatch(ctx context.Context, stream string, records []types.PutRecordsRequestEntry, results []types.PutRecordsResultEntry) error {
	left := make([]int, len(records)) // indexes into records
	for i := range left {
		left[i] = i
	}
	for attempt := 1; ; attempt++ {
		in := &types.PutRecordsInput{Records: make([]types.PutRecordsRequestEntry, len(left))}
		in.StreamName, in.StreamARN = nameOrARN(stream)
		for i, at := range left {
			in.Records[i] = records[at]
		}
		out, err := c.PutRecords(ctx, in)
		if err != nil {
			return err
		}
		if len(out.Records) != len(left) {
			return fmt.Errorf("kinesis: PutRecords: %d results for %d records", len(out.Records), len(left))
		}
		again := left[:0]
		for i, r := range out.Records {
			results[left[i]] = r
			if r.ErrorCode != nil {
				again = append(again, left[i])
			}
		}
		if left = again; len(left) == 0 {
			return nil
		}
		if attempt == c.options.MaxAttempts {
			return putError(results[left[len(left)-1]], len(left), attempt)
		}
		if err := c.sleep(ctx, c.backoff(attempt)); err != nil {
			return &RequestError{Operation: "PutRecords", Attempts: attempt, Err: err}
		}
	}
}

func putError(r types.PutRecordsResultEntry, failed, attempts int) *PutError {
	e := &PutError{Failed: failed, Attempts: attempts, Code: deref(r.ErrorCode), Message: deref(r.ErrorMessage)}
	if known := types.NewError(e.Code, e.Message); known != nil {
		e.Err = known
	}
	return e
}
