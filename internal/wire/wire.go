// Package wire turns HTTP requests into calls of package ops and what those
// return into answers, byte for byte as clients of Kinesis expect them.
//
// Handler is the whole of the API port: it decides which hosts and web pages
// may talk to it, bounds what a request may cost, takes the protocol apart in
// the order in which Kinesis checks things, asks package sigv4 who calls, and
// renders results and errors. Package server gives it a listener.
//
// Handler is safe for concurrent use. What requests share is: the byte budgets
// (budget.mu), the source of request ids (ids.mu) and pools of buffers. No
// lock is held while reading, writing or calling an operation.
package wire

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"millrace/internal/ops"
	"millrace/internal/sigv4"
)

// targetPrefix stands before the operation's name in X-Amz-Target.
const targetPrefix = "Kinesis_20131202."

// Identity used where a request does not say better.
const (
	DefaultRegion  = "us-east-1"
	DefaultAccount = "000000000000"
)

// dispatcher carries out operations; *ops.Service is the one.
type dispatcher interface {
	Do(ctx context.Context, c ops.Caller, op ops.Operation, requestID string, in any) (out any, err error)
}

// Config says how a Handler behaves. Ops is required; the zero value of all
// else is a sensible default.
type Config struct {
	// Ops carries out operations.
	Ops dispatcher
	// Verifier proves signatures. nil is authentication off: a signature must
	// be there, in the right form, but is not verified.
	Verifier *sigv4.Verifier
	// Region and Account are used where the request names no real ones.
	Region, Account string
	// CORS lists origins of web pages that may call, such as
	// https://app.example.com, or "*" for all. With authentication on every
	// page may call anyway, as on AWS; with it off, pages of this machine
	// (loopback origins) may, and requests from others are refused.
	CORS []string
	// Hosts lists further names by which the server may be addressed; "*" is
	// any. See hostAllowed for those that always may.
	Hosts []string
	// Bounds limit what requests may cost.
	Bounds Bounds
	// Log takes failures at error level and each request at debug level; nil
	// logs nothing.
	Log *slog.Logger
	// Rand seeds the source of request ids; nil is the system's.
	Rand io.Reader
}

// Bounds limit what requests may cost, mostly before anybody is known to be
// entitled to a cost. Zero fields take the defaults named here.
type Bounds struct {
	// BodyBytes is the largest request body; default and most are 16 MiB,
	// which hold the 10 MiB of data that PutRecords may carry, in base64.
	BodyBytes int64
	// BodiesBytes bounds the bodies in memory at the same time, not counting
	// those below 16 KiB; default 96 MiB.
	BodiesBytes int64
	// AnswersBytes bounds the large answers in memory at the same time;
	// default 64 MiB.
	AnswersBytes int64
	// Requests is how many requests may be under way; default 16384.
	Requests int64
	// QueueTime is how long a request waits for its share of BodiesBytes or
	// AnswersBytes before it is answered ServiceUnavailable; default 10 s.
	QueueTime time.Duration
	// BodyWindow is how long a body may arrive at less than 1 KiB/s before it
	// is cut; default 30 s.
	BodyWindow time.Duration
	// BodyTime is how long a whole body may take; default 5 min.
	BodyTime time.Duration
	// CallTime bounds an operation; default 60 s.
	CallTime time.Duration
	// AnswerTime is how long a client may take to read its answer; default 2 min.
	AnswerTime time.Duration
	// EndTime is how long the client of a stream of events may take, from when
	// the stream is to end, for what is still to be sent; default 3 s, as
	// closing a connection in TLS that is stuck takes another 5. Before that a
	// slow one is only held back.
	EndTime time.Duration
}

func (b Bounds) withDefaults() Bounds {
	b.BodyBytes = min(cmp.Or(b.BodyBytes, maxBodyBytes), maxBodyBytes)
	b.BodiesBytes = max(cmp.Or(b.BodiesBytes, 96<<20), maxBodyBytes)
	b.AnswersBytes = max(cmp.Or(b.AnswersBytes, 64<<20), largestPage)
	b.Requests = cmp.Or(b.Requests, 16384)
	b.QueueTime = cmp.Or(b.QueueTime, 10*time.Second)
	b.BodyWindow = cmp.Or(b.BodyWindow, 30*time.Second)
	b.BodyTime = cmp.Or(b.BodyTime, 5*time.Minute)
	b.CallTime = cmp.Or(b.CallTime, time.Minute)
	b.AnswerTime = cmp.Or(b.AnswerTime, 2*time.Minute)
	b.EndTime = cmp.Or(b.EndTime, 3*time.Second)
	return b
}

// Handler serves the API. Make it with New.
type Handler struct {
	cfg     Config
	log     *slog.Logger
	hosts   hostList
	origins originList
	bodies  *budget
	answers *budget
	ids     *ids
	// lookup is ops.Lookup; tests put operations of their own here.
	lookup func(name string) (ops.Operation, bool)

	active   atomic.Int64
	draining atomic.Bool
	// drained ends when draining begins, and with it the streams of events.
	drained    context.Context
	endStreams context.CancelFunc
}

// New makes a Handler. It fails only where Rand does.
func New(cfg Config) (*Handler, error) {
	cfg.Region = cmp.Or(cfg.Region, DefaultRegion)
	cfg.Account = cmp.Or(cfg.Account, DefaultAccount)
	cfg.Bounds = cfg.Bounds.withDefaults()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	ids, err := newIDs(cfg.Rand)
	if err != nil {
		return nil, err
	}
	drained, endStreams := context.WithCancel(context.Background())
	return &Handler{
		drained: drained, endStreams: endStreams,
		cfg:     cfg,
		log:     cfg.Log,
		hosts:   newHostList(cfg.Hosts),
		origins: newOriginList(cfg.CORS, cfg.Verifier != nil),
		bodies:  newBudget(cfg.Bounds.BodiesBytes),
		answers: newBudget(cfg.Bounds.AnswersBytes),
		ids:     ids,
		lookup:  ops.Lookup,
	}, nil
}

// Drain makes every answer from now on ask its client to close the connection,
// so that a shutdown finds few of them open, and ends streams of events.
func (h *Handler) Drain() {
	h.draining.Store(true)
	h.endStreams()
}

// Active is how many requests are under way.
func (h *Handler) Active() int64 { return h.active.Load() }

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchange{h: h, w: w, r: r, control: http.NewResponseController(w), start: time.Now(), id: h.ids.requestID()}
	active := h.active.Add(1)
	defer x.finish()
	if h.draining.Load() {
		x.closeAfter()
	}
	if active > h.cfg.Bounds.Requests {
		x.closeAfter()
		x.fail(http.StatusServiceUnavailable, "ServiceUnavailable", "Too many requests are under way.")
		return
	}
	x.serve()
}
