package kinesis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync"
	"time"

	"millrace/internal/wire/awsjson"
	"millrace/internal/wire/eventstream"
	"millrace/kinesis/types"
)

// SubscribeToShard opens a stream of the records of a shard for a registered
// consumer. It returns once the service has begun the stream, which lasts five
// minutes at most, or until the end of a closed shard. ctx ends the stream as
// well as the call.
//
// A consumer has one stream of a shard at a time: a second one within five
// seconds is refused with *types.ResourceInUseException, and from then on it
// takes over.
func (c *Client) SubscribeToShard(ctx context.Context, in *types.SubscribeToShardInput) (*Subscription, error) {
	const operation = "SubscribeToShard"
	a, call, err := c.send(ctx, operation, in, true)
	if err != nil {
		return nil, err
	}
	return &Subscription{call: call, head: a, stream: a.stream}, nil
}

// Subscription is an open stream of SubscribeToShard. One goroutine walks over
// it; Close may be called from any.
type Subscription struct {
	call   *call
	head   *answer
	stream *eventReader
}

// Events walks over the events of the stream, once. It ends with the stream;
// if it ends otherwise, the last pair has the error: a *ResponseError with one
// of the service's exceptions, such as *types.ResourceInUseException where
// another subscription took over, or a *RequestError. Resume behind the
// ContinuationSequenceNumber of the last event that has one. The stream is
// closed when the walk ends.
func (s *Subscription) Events() iter.Seq2[*types.SubscribeToShardEvent, error] {
	return func(yield func(*types.SubscribeToShardEvent, error) bool) {
		defer s.Close()
		for {
			e, err := s.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if e != nil && !yield(e, nil) {
				return
			}
		}
	}
}

// Close ends the stream. It may be called more than once.
func (s *Subscription) Close() error { return s.stream.close() }

// next reads a message: nil without an error for one of a kind that is not known.
func (s *Subscription) next() (*types.SubscribeToShardEvent, error) {
	m, err := s.stream.decoder.Next()
	if err == io.EOF {
		return nil, err
	}
	if err != nil {
		return nil, s.call.requestError(err)
	}
	kind, _ := m.Text(eventstream.HeaderMessageType)
	switch kind {
	case eventstream.MessageEvent:
		if name, _ := m.Text(eventstream.HeaderEventType); name != "SubscribeToShardEvent" {
			return nil, nil
		}
		e := new(types.SubscribeToShardEvent)
		if err := awsjson.UnmarshalOutput(m.Payload, e); err != nil {
			return nil, s.call.requestError(errors.New("the event is not of its shape: " + err.Error()))
		}
		return e, nil
	case eventstream.MessageException:
		code, _ := m.Text(eventstream.HeaderExceptionType)
		_, message := decodeError(code, m.Payload)
		return nil, s.failure(code, message)
	case eventstream.MessageError:
		code, _ := m.Text(eventstream.HeaderErrorCode)
		message, _ := m.Text(eventstream.HeaderErrorMessage)
		return nil, s.failure(code, message)
	}
	return nil, nil
}

func (s *Subscription) failure(code, message string) error {
	var typed error
	if known := types.NewError(code, message); known != nil {
		typed = known
	}
	return s.call.responseError(s.head, code, message, typed)
}

// eventReader is the body of an answer that is a stream.
type eventReader struct {
	decoder *eventstream.Decoder
	body    io.Closer
	cancel  context.CancelFunc
	once    sync.Once
	err     error
}

func (r *eventReader) close() error {
	r.once.Do(func() {
		r.cancel()
		r.err = r.body.Close()
	})
	return r.err
}

// open is attempt for an answer that is a stream: AttemptTimeout bounds the
// time to its first message.
func (c *call) open(ctx context.Context) (*answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(c.client.options.AttemptTimeout, cancel)
	a, err := c.begin(ctx)
	if !timer.Stop() {
		a.end()
		err = errSlowStream
	}
	if err != nil || a.stream == nil {
		cancel()
		return a, err
	}
	a.stream.cancel = cancel
	return a, nil
}

// errSlowStream says that AttemptTimeout passed before a stream began.
var errSlowStream = errors.New("the stream did not begin in time")

func (a *answer) end() {
	if a != nil && a.stream != nil {
		_ = a.stream.body.Close()
	}
}

// begin sends the request and reads what a stream begins with, or the whole of
// an answer that is none.
func (c *call) begin(ctx context.Context) (*answer, error) {
	req, err := c.request(ctx)
	if err != nil {
		return nil, permanent{err}
	}
	resp, err := c.client.options.HTTPClient.Do(req)
	if err != nil {
		return nil, err
	}
	a := &answer{status: resp.StatusCode, header: resp.Header}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		a.body, err = readAnswer(resp)
		return a, err
	}
	d := eventstream.NewDecoder(resp.Body)
	m, err := d.Next()
	if err == nil {
		if kind, _ := m.Text(eventstream.HeaderEventType); kind != eventstream.EventInitialResponse {
			err = permanent{fmt.Errorf("the stream begins with %q", kind)}
		}
	}
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	a.stream = &eventReader{decoder: d, body: resp.Body}
	return a, nil
}
