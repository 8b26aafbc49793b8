package ops

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"millrace/internal/clock"
	"millrace/internal/constraint"
	"millrace/internal/limits"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// Config is what a Service works with. All members are needed.
type Config struct {
	Streams *streams.Service
	Limits  *limits.Limits
	Clock   clock.Clock
	Log     *slog.Logger
}

// Service carries out operations. Its methods may be called concurrently; the
// meter alone holds state, behind its own lock.
type Service struct {
	streams *streams.Service
	limits  *limits.Limits
	clock   clock.Clock
	log     *slog.Logger
	meter   *meter
}

// New returns the operations over the streams of one installation.
func New(c Config) *Service {
	return &Service{
		streams: c.Streams,
		limits:  c.Limits,
		clock:   c.Clock,
		log:     c.Log,
		meter:   newMeter(c.Limits),
	}
}

// Do carries out one call. in is what op.NewInput made, filled. out is a
// pointer to the output shape of kinesis/types, nil where the operation has
// no output members. Every error is a types.APIError; one that is not the
// caller's fault is an InternalFailure or ServiceUnavailable, whose cause has
// been logged beside requestID.
func (s *Service) Do(ctx context.Context, c Caller, op Operation, requestID string, in any) (any, error) {
	if err := constraint.Check(in); err != nil {
		return nil, err
	}
	if err := s.meterControl(c, op); err != nil {
		return nil, err
	}
	out, err := op.do(s, ctx, c, in)
	if err != nil {
		return nil, s.settle(ctx, op, requestID, err)
	}
	return out, nil
}

// settle makes an error of any layer the caller's error, and logs what must
// not be sent.
func (s *Service) settle(ctx context.Context, op Operation, requestID string, err error) error {
	if api, ok := errors.AsType[types.APIError](err); ok {
		return api
	}
	if api := translate(err); api != nil {
		return api
	}
	if errors.Is(err, streams.ErrUnavailable) {
		s.log.WarnContext(ctx, "call refused", "operation", op.Name, "request_id", requestID, "error", err)
		return types.NewError("ServiceUnavailable", noSpaceText)
	}
	if ctx.Err() == nil {
		s.log.ErrorContext(ctx, "call failed", "operation", op.Name, "request_id", requestID, "error", err)
	}
	return types.NewError("InternalFailure", "")
}

const noSpaceText = "There is no room left to store what was sent. Reads go on; retry later."

// nowMs is the wall clock time in Unix milliseconds.
func (s *Service) nowMs() int64 { return s.clock.Now().UnixMilli() }

// timestamp is a wire timestamp for Unix milliseconds.
func timestamp(ms int64) *time.Time { return new(time.UnixMilli(ms).UTC()) }

func invalidArgument(message string) error {
	return types.NewError("InvalidArgumentException", message)
}

func notFound(message string) error {
	return types.NewError("ResourceNotFoundException", message)
}
