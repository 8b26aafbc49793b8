// Package ops is the Kinesis API as operations: each validates, meters, calls
// package streams and names the error, in that order. It is called by the
// front doors (package wire, the console) and knows nothing of HTTP.
package ops

import "context"

// Caller is who makes a call, as the front door established it.
type Caller struct {
	// AccessKey is the access key id of the request.
	AccessKey string
	// Account is the 12-digit account that the key belongs to.
	Account string
	// Region is where the call was addressed to.
	Region string
}

// Operation is one row of the table of operations.
type Operation struct {
	// Name is the operation's name on the wire, such as PutRecord.
	Name string
	// NewInput makes the empty input shape, a pointer to a type of kinesis/types.
	NewInput func() any
	// HasOutput says whether the answer has a body.
	HasOutput bool

	do func(s *Service, ctx context.Context, c Caller, in any) (any, error)
}

// Lookup finds an operation that is built. ok is false for an unknown name
// and for an operation of the model that is not built yet.
func Lookup(name string) (op Operation, ok bool) { panic("not built") }

// Service carries out operations.
type Service struct{}

// Do carries out one call. in is what op.NewInput made, filled. out is a
// pointer to the output shape of kinesis/types, nil where the operation has
// none. Every error is a types.APIError; one that is not the caller's fault is
// an InternalFailure, whose cause has been logged under requestID.
func (s *Service) Do(ctx context.Context, c Caller, op Operation, requestID string, in any) (out any, err error) {
	panic("not built")
}
