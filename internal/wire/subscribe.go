package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"millrace/internal/ops"
	"millrace/internal/wire/awsjson"
	"millrace/internal/wire/eventstream"
	"millrace/kinesis/types"
)

const (
	// eventType is the type of the events of SubscribeToShard.
	eventType = "SubscribeToShardEvent"
	// eventOverhead is more than the framing of an event takes.
	eventOverhead = 256
)

// subscribe drains a subscription into the answer: the head and the first
// message at once, then each event as it comes. It holds one event at a time;
// who reads slowly is held back by the connection's flow control, until the
// subscription ends.
func (x *exchange) subscribe(sub *ops.Subscription) {
	defer sub.Close()
	x.body.release() // it would be held for minutes
	limit := &sendLimit{control: x.control, time: x.h.cfg.Bounds.EndTime}
	defer limit.retire()
	defer context.AfterFunc(sub.Context(), limit.start)()
	defer context.AfterFunc(x.h.drained, limit.start)()
	ctx, cancel := context.WithCancel(x.r.Context())
	defer cancel()
	defer context.AfterFunc(x.h.drained, cancel)()

	x.beginStream()
	x.send(eventstream.AppendInitialResponse(nil))
	for {
		event, err := sub.Next(ctx, x.id)
		if err != nil {
			x.endStream(err, limit)
			return
		}
		x.send(event.Encoded(encodeEvent))
	}
}

// streamHeadStart is headStart for streams: their connection stays open, so
// that the whole of a failed one is lost, and they are opened once in minutes.
const streamHeadStart = 10 * time.Millisecond

// giveStreamHeadStart is giveHeadStart for an answer that has no end yet. What
// is put meanwhile is not missed: the subscription has its position.
func (x *exchange) giveStreamHeadStart() {
	if needsHeadStart(x.r) {
		time.Sleep(streamHeadStart)
	}
}

// beginStream sends the head of an answer without a length.
func (x *exchange) beginStream() {
	x.status = http.StatusOK
	x.giveStreamHeadStart()
	x.w.Header()["Content-Type"] = []string{eventstream.ContentType}
	_ = x.control.SetWriteDeadline(time.Time{})
	x.w.WriteHeader(http.StatusOK)
}

// send sends a message at once. A client that does not take it has its stream
// cut, so that half a message does not look whole.
func (x *exchange) send(message []byte) {
	_, err := x.w.Write(message)
	if err == nil {
		err = x.control.Flush()
	}
	if err != nil {
		x.h.log.Debug("the client did not take the event", "request_id", x.id, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// endStream ends the stream in order: with an exception in it where the client
// is to know why.
func (x *exchange) endStream(err error, limit *sendLimit) {
	limit.start()
	api, ok := errors.AsType[types.APIError](err)
	if !ok {
		// The end of the subscription, of the client or of the server.
		return
	}
	x.code = api.ErrorCode()
	payload, err := json.Marshal(struct {
		Message string `json:"message"`
	}{api.ErrorMessage()})
	if err != nil {
		panic(err) // a string
	}
	x.send(eventstream.AppendException(nil, api.ErrorCode(), mediaJSON, payload))
}

// encodeEvent makes the message of an event, in one allocation.
func encodeEvent(e *types.SubscribeToShardEvent) []byte {
	message := make([]byte, 0, awsjson.Size(e)+eventOverhead)
	message = eventstream.BeginEvent(message, eventType, mediaJSON)
	message = awsjson.Marshal(message, e)
	return eventstream.End(message, 0)
}

// sendLimit limits the time for sending, from when a stream is to end. The
// limit may come from any goroutine, and must not come after the handler has
// returned: the connection is somebody else's by then.
type sendLimit struct {
	time time.Duration

	mu      sync.Mutex // guards what follows
	control *http.ResponseController
	started bool
}

func (l *sendLimit) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.control != nil && !l.started {
		l.started = true
		_ = l.control.SetWriteDeadline(time.Now().Add(l.time))
	}
}

func (l *sendLimit) retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.control = nil
}
