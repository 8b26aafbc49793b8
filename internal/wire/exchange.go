package wire

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"millrace/internal/ops"
	"millrace/internal/sigv4"
	"millrace/kinesis/types"
)

// exchange is one request and its answer. It lives on one goroutine.
type exchange struct {
	h       *Handler
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	start   time.Time
	id      string // request id

	codec     *codec // nil until the request's is known
	operation string // for the log
	status    int    // 0 until the answer has begun
	code      string // error code answered, for the log
	body      body
	bodyRead  bool // to its end
}

// serve checks in the order in which Kinesis does (seen with some 3,000
// requests that were wrong in more than one way). Hosts and origins come before
// all of it: they are ours.
func (x *exchange) serve() {
	header := x.w.Header()
	header["x-amzn-RequestId"] = []string{x.id}
	if !x.h.hosts.allow(x.r.Host) {
		x.fail(http.StatusForbidden, "AccessDeniedException",
			"The host name of this request is not one that the server answers to; see the option --hosts.")
		return
	}
	if !x.checkOrigin() {
		return
	}
	header["x-amz-id-2"] = []string{x.h.ids.extendedID()}
	if x.r.Method != http.MethodPost {
		x.denyXML()
		return
	}
	x.post()
}

func (x *exchange) post() {
	target := x.r.Header.Get("X-Amz-Target")
	name, ours := strings.CutPrefix(target, targetPrefix)
	op, known := ops.Operation{}, false
	if ours {
		op, known = x.h.lookup(name)
	}
	if known {
		x.operation = op.Name
	}
	if x.codec = codecFor(x.r.Header.Get("Content-Type")); x.codec == nil {
		x.unusable(target != "", known)
		return
	}
	if !x.readBody() {
		return
	}
	defer x.body.release()
	switch {
	case len(x.body.bytes) == 0:
		x.fail(http.StatusBadRequest, emptyBodyCode(known), "")
	case known:
		x.call(op)
	case !x.codec.valid(x.body.bytes):
		x.fail(http.StatusBadRequest, "SerializationException", "")
	default:
		x.fail(http.StatusBadRequest, "UnknownOperationException", "")
	}
}

// subscribeToShard is the one operation that answers with a stream of events.
const subscribeToShard = "SubscribeToShard"

func emptyBodyCode(known bool) string {
	if known {
		return "SerializationException"
	}
	return "UnknownOperationException"
}

// call authenticates, decodes, carries out and answers.
func (x *exchange) call(op ops.Operation) {
	caller, err := x.authenticate()
	if err != nil {
		// A body that is no object is reported before a bad signature. Only
		// requests that fail anyway pay for looking.
		if !x.codec.valid(x.body.bytes) {
			x.fail(http.StatusBadRequest, "SerializationException", "")
			return
		}
		x.failWith(err)
		return
	}
	if op.Name == subscribeToShard && !x.codec.events {
		x.fail(http.StatusInternalServerError, "InternalFailure", "")
		return
	}
	in, release, err := x.codec.decode(op, x.body.bytes)
	if err != nil {
		x.failWith(err)
		return
	}
	defer release()

	// The call is not tied to the connection: what was accepted is finished,
	// and a client that has closed only its sending side gets its answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.r.Context()), x.h.cfg.Bounds.CallTime)
	defer cancel()
	held, ok := x.reserveAnswer(ctx, op)
	if !ok {
		return
	}
	defer func() { x.h.answers.release(held) }()
	out, err := x.h.cfg.Ops.Do(ctx, caller, op, x.id, in)
	held = x.shrinkAnswer(held, out)
	if err != nil {
		x.failWith(err)
		return
	}
	if sub, ok := out.(*ops.Subscription); ok {
		x.subscribe(sub)
		return
	}
	x.answer(op, out)
}

// authenticate says who calls: proven with a verifier, else as claimed.
func (x *exchange) authenticate() (ops.Caller, error) {
	var id sigv4.Identity
	var err error
	if v := x.h.cfg.Verifier; v != nil {
		if id, err = v.Verify(x.r, x.body.bytes); err == nil {
			err = id.ForKinesis()
		}
	} else {
		id, err = sigv4.Presence(x.r)
	}
	if err != nil {
		return ops.Caller{}, err
	}
	return x.h.caller(id), nil
}

// failWith answers an error of the layers below.
func (x *exchange) failWith(err error) {
	if refusal, ok := errors.AsType[*sigv4.Refusal](err); ok {
		x.fail(http.StatusBadRequest, refusal.Code, refusal.Message)
		return
	}
	if api, ok := errors.AsType[types.APIError](err); ok {
		x.fail(types.HTTPStatus(api.ErrorCode()), api.ErrorCode(), api.ErrorMessage())
		return
	}
	x.h.log.Error("operation failed without a name for it", "request_id", x.id, "operation", x.operation, "error", err)
	x.fail(http.StatusInternalServerError, "InternalFailure", "")
}

// finish ends the exchange, whatever happened: a panic below becomes an
// InternalFailure, of which the client learns no more.
func (x *exchange) finish() {
	x.h.active.Add(-1)
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		x.h.log.Error("panic in a request", "request_id", x.id, "operation", x.operation,
			"panic", p, "stack", string(debug.Stack()))
		if x.status != 0 {
			panic(http.ErrAbortHandler) // half an answer must not look whole
		}
		x.closeAfter()
		x.fail(http.StatusInternalServerError, "InternalFailure", "")
	}
	if ctx := x.r.Context(); x.h.log.Enabled(ctx, levelAccess) {
		x.h.log.LogAttrs(ctx, levelAccess, "request", x.attrs()...)
	}
}
