package kinesis

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

const (
	targetPrefix = "Kinesis_20131202."
	contentType  = "application/x-amz-json-1.1"
	service      = "kinesis"

	// maxAnswerBytes bounds the body of an answer. The largest that the API
	// gives is a GetRecords of 10 MiB of data, some 14 MiB in base64.
	maxAnswerBytes = 32 << 20
)

// errTooLarge says that an answer passed maxAnswerBytes.
var errTooLarge = fmt.Errorf("the answer is larger than %d bytes", maxAnswerBytes)

// call is one operation on its way, over all its attempts.
type call struct {
	client    *Client
	operation string
	body      []byte
	log       *slog.Logger

	// streams says that the answer is a stream of events.
	streams bool

	attempts int
	// skewTried says that the clock was set once in this call already.
	skewTried bool
}

// answer is what came back over HTTP, whatever it says.
type answer struct {
	status int
	header http.Header
	body   []byte
	stream *eventReader // in the place of body, where the answer is a stream
}

// run tries until an answer is good, is an error that trying again does not
// mend, or attempts or ctx are at their end.
func (c *call) run(ctx context.Context) (*answer, error) {
	for {
		c.attempts++
		a, err := c.once(ctx)
		if err == nil && a.status == http.StatusOK {
			return a, nil
		}
		again := false
		if err == nil {
			err = c.failure(a)
			again = c.resetClock(a, err)
		}
		if !again {
			if ended := ctx.Err(); ended != nil {
				return nil, c.requestError(endedBy(ended, err))
			}
			if c.attempts >= c.client.options.MaxAttempts || !retryable(err) {
				return nil, c.final(err)
			}
			wait := c.client.backoff(c.attempts)
			c.log.Debug("retry", slog.Int("attempt", c.attempts), slog.Duration("wait", wait), slog.Any("error", err))
			if ended := c.client.sleep(ctx, wait); ended != nil {
				return nil, c.requestError(endedBy(ended, err))
			}
		}
	}
}

// final makes the error of the last attempt the error of the call.
func (c *call) final(err error) error {
	if _, ok := errors.AsType[*ResponseError](err); ok {
		return err
	}
	return c.requestError(err)
}

// endedBy is the end of a context, with what the last attempt came to.
func endedBy(ended, last error) error {
	if last == nil || errors.Is(last, ended) {
		return ended
	}
	return fmt.Errorf("%w; the last attempt: %w", ended, last)
}

// once makes one attempt.
func (c *call) once(ctx context.Context) (*answer, error) {
	if c.streams {
		return c.open(ctx)
	}
	return c.attempt(ctx)
}

// attempt signs and sends the request once and reads the whole answer.
func (c *call) attempt(ctx context.Context) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.client.options.AttemptTimeout)
	defer cancel()
	req, err := c.request(ctx)
	if err != nil {
		return nil, permanent{err}
	}
	start := time.Now()
	resp, err := c.client.options.HTTPClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := readAnswer(resp)
	if err != nil {
		return nil, err
	}
	c.log.Debug("answer", slog.Int("status", resp.StatusCode), slog.Int("attempt", c.attempts),
		slog.String("request_id", resp.Header.Get(headerRequestID)), slog.Duration("took", time.Since(start)))
	return &answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// request makes the signed request of one attempt: the signature holds the
// time, so that none can be sent twice.
func (c *call) request(ctx context.Context) (*http.Request, error) {
	t := &c.client.target
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Amz-Target", targetPrefix+c.operation)
	creds, err := t.credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("no credentials to sign with: %w", err)
	}
	sum := sha256.Sum256(c.body)
	err = c.client.signer.SignHTTP(ctx, creds, req, hex.EncodeToString(sum[:]), service, t.region, c.client.serviceTime())
	if err != nil {
		return nil, err
	}
	// After signing: intermediaries may change these.
	req.Header.Set("User-Agent", c.client.options.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	return req, nil
}

// readAnswer reads a body to its end, which lets the connection be used again.
func readAnswer(resp *http.Response) ([]byte, error) {
	if resp.ContentLength > maxAnswerBytes {
		return nil, permanent{errTooLarge}
	}
	var buf bytes.Buffer
	if resp.ContentLength > 0 {
		buf.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, maxAnswerBytes+1))
	if n > maxAnswerBytes {
		return nil, permanent{errTooLarge}
	}
	return buf.Bytes(), err
}
