package kinesis

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"millrace/internal/wire/awsjson"
)

// Client calls the Kinesis API. Make it with NewClient; its methods may be
// called from any number of goroutines.
type Client struct {
	options Options
	given   Options // as NewClient got them, to be completed by target
	target  target
	signer  *v4.Signer

	// skew is what must be added to the machine's clock to have the
	// service's, in nanoseconds. Zero until a signature is refused for it.
	skew atomic.Int64

	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	jitter func() float64 // from 0 to 1
}

// NewClient makes a client. It does nothing that can fail: an endpoint that is
// no URL and settings that cannot be read are the error of the first call.
func NewClient(o Options) *Client {
	return &Client{
		options: o.withDefaults(),
		given:   o,
		signer:  v4.NewSigner(),
		now:     time.Now,
		sleep:   sleep,
		jitter:  rand.Float64,
	}
}

// invoke carries out one operation: every method of the API comes through
// here. in is encoded once; out is filled if the answer has a body.
func (c *Client) invoke(ctx context.Context, operation string, in, out any) error {
	answer, call, err := c.send(ctx, operation, in, false)
	if err != nil {
		return err
	}
	if out == nil || len(answer.body) == 0 {
		return nil
	}
	if err := awsjson.Unmarshal(answer.body, out); err != nil {
		// The codec's error is dressed as one of the service's, which it is
		// not here: keep its text only.
		return call.responseError(answer, "", "", errors.New("the answer is not of the operation's shape: "+err.Error()))
	}
	return nil
}

// send carries a call up to its answer.
func (c *Client) send(ctx context.Context, operation string, in any, streams bool) (*answer, *call, error) {
	if err := c.target.resolve(ctx, c.given); err != nil {
		return nil, nil, &RequestError{Operation: operation, Err: err}
	}
	call := &call{
		client:    c,
		operation: operation,
		body:      awsjson.Marshal(nil, in),
		log:       c.options.Logger.With(slog.String("operation", operation)),
		streams:   streams,
	}
	a, err := call.run(ctx)
	return a, call, err
}

// CloseIdleConnections closes connections that no call uses. A client needs no
// closing otherwise; this is for those that are done with it for good.
func (c *Client) CloseIdleConnections() {
	if h, ok := c.options.HTTPClient.(interface{ CloseIdleConnections() }); ok {
		h.CloseIdleConnections()
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
