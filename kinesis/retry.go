package kinesis

import (
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"millrace/kinesis/types"
)

// retryCodes are the errors that pass by themselves.
var retryCodes = map[string]bool{
	"ProvisionedThroughputExceededException": true,
	"LimitExceededException":                 true,
	"ThrottlingException":                    true,
	"Throttling":                             true,
	"RequestTimeout":                         true,
	"RequestTimeoutException":                true,
	"InternalFailure":                        true,
	"InternalFailureException":               true,
	"ServiceUnavailable":                     true,
	"KMSThrottlingException":                 true,
}

// permanent marks an error that another attempt does not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// retryable says whether another attempt may succeed. The end of the caller's
// context is dealt with before this is asked.
func retryable(err error) bool {
	if e, ok := errors.AsType[*ResponseError](err); ok {
		return retryCodes[e.Code] || e.StatusCode >= http.StatusInternalServerError ||
			e.StatusCode == http.StatusTooManyRequests
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false // a certificate does not become trusted by asking again
	}
	_, never := errors.AsType[permanent](err)
	return !never
}

// backoff draws the wait after the given number of attempts.
func (c *Client) backoff(attempts int) time.Duration {
	most := c.options.BackoffCap
	if doublings := attempts - 1; doublings < 32 {
		if d := c.options.BackoffBase << doublings; d > 0 && d < most {
			most = d
		}
	}
	return time.Duration(c.jitter() * float64(most))
}

// IsThrottled says whether err is the service asking to be called less often:
// a shard's throughput or an account's rate of calls was exceeded.
func IsThrottled(err error) bool {
	_, shard := errors.AsType[*types.ProvisionedThroughputExceededException](err)
	_, limit := errors.AsType[*types.LimitExceededException](err)
	_, calls := errors.AsType[*types.ThrottlingException](err)
	return shard || limit || calls
}

// IsExpiredIterator says whether err is that of a shard iterator older than
// five minutes. Take a new one at the last sequence number read.
func IsExpiredIterator(err error) bool {
	_, ok := errors.AsType[*types.ExpiredIteratorException](err)
	return ok
}

// IsNotFound says whether err is that of a stream, shard or consumer that does
// not exist.
func IsNotFound(err error) bool {
	_, ok := errors.AsType[*types.ResourceNotFoundException](err)
	return ok
}

// IsInUse says whether err is that of a stream that exists already or is not
// in the state that the operation needs.
func IsInUse(err error) bool {
	_, ok := errors.AsType[*types.ResourceInUseException](err)
	return ok
}
