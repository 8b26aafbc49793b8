package wire

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"millrace/internal/ops"
	"millrace/kinesis/types"
)

const (
	// largestPage is the most that one GetRecords returns, in bytes of data.
	largestPage = 10 << 20
	// smallAnswer needs no share of the budget for answers.
	smallAnswer = 256 << 10
	// streamedAnswer and larger is encoded on its way out, not in memory first.
	streamedAnswer = 1 << 20
	// pooledAnswer is the largest buffer that goes back to the pool.
	pooledAnswer = 2 << 20
)

var answerBuffers = sync.Pool{New: func() any { return new(make([]byte, 0, 4<<10)) }}

// reserveAnswer takes what the answer may hold in memory, before anything is
// read for it. It answers itself where there is no room in time.
func (x *exchange) reserveAnswer(ctx context.Context, op ops.Operation) (held int64, ok bool) {
	if op.Name != "GetRecords" {
		return 0, true
	}
	ctx, cancel := context.WithTimeout(ctx, x.h.cfg.Bounds.QueueTime)
	defer cancel()
	held, err := x.h.answers.acquire(ctx, largestPage)
	if err != nil {
		x.fail(http.StatusServiceUnavailable, "ServiceUnavailable", "The server is sending as many large answers as it can.")
		return 0, false
	}
	return held, true
}

// shrinkAnswer gives back what the answer turned out not to need.
func (x *exchange) shrinkAnswer(held int64, out any) int64 {
	need := int64(dataBytes(out))
	if need <= smallAnswer {
		need = 0
	}
	need = min(need, held)
	x.h.answers.release(held - need)
	return need
}

// dataBytes is how much record data an answer carries.
func dataBytes(out any) (n int) {
	if page, ok := out.(*types.GetRecordsOutput); ok && page != nil {
		for i := range page.Records {
			n += len(page.Records[i].Data)
		}
	}
	return n
}

// answer sends the output of an operation; one without output gets an empty body.
func (x *exchange) answer(op ops.Operation, out any) {
	x.w.Header()["Content-Type"] = []string{x.codec.media}
	switch {
	case !op.HasOutput || out == nil:
		x.begin(http.StatusOK, 0)
	case dataBytes(out) >= streamedAnswer:
		x.stream(out)
	default:
		buffer := answerBuffers.Get().(*[]byte)
		*buffer = x.codec.marshal((*buffer)[:0], out)
		x.write(http.StatusOK, *buffer)
		if cap(*buffer) <= pooledAnswer {
			answerBuffers.Put(buffer)
		}
	}
}

func (x *exchange) stream(out any) {
	x.begin(http.StatusOK, x.codec.size(out))
	w := &pacedWriter{x: x, last: time.Now().Add(x.h.cfg.Bounds.AnswerTime)}
	if err := x.codec.encode(w, out); err != nil {
		x.h.log.Debug("the client did not take the answer", "request_id", x.id, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// pacedWriter cuts clients that stop reading a large answer: each piece must
// go out within a quarter of the time for the whole.
type pacedWriter struct {
	x    *exchange
	last time.Time
}

var _ io.Writer = (*pacedWriter)(nil)

func (w *pacedWriter) Write(p []byte) (int, error) {
	deadline := time.Now().Add(w.x.h.cfg.Bounds.AnswerTime / 4)
	if deadline.After(w.last) {
		deadline = w.last
	}
	_ = w.x.control.SetWriteDeadline(deadline)
	return w.x.w.Write(p)
}
