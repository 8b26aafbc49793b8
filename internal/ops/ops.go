// Package ops is the Kinesis API as operations: each is validated, metered
// and carried out on package streams, and what goes wrong is named as Kinesis
// names it. It is called by the front doors (package wire) and knows nothing
// of HTTP. AWS shapes stop here: below, the types are ours.
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
	// Verified says that the signature proved who the caller is. Where it
	// did not, an ARN of any account and region finds the caller's stream of
	// that name.
	Verified bool
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

// answers makes the row of an operation that has output members.
func answers[I, O any](name string, f func(*Service, context.Context, Caller, *I) (*O, error)) Operation {
	return Operation{
		Name:      name,
		NewInput:  func() any { return new(I) },
		HasOutput: true,
		do: func(s *Service, ctx context.Context, c Caller, in any) (any, error) {
			out, err := f(s, ctx, c, in.(*I))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
}

// obeys makes the row of an operation without output members.
func obeys[I any](name string, f func(*Service, context.Context, Caller, *I) error) Operation {
	return Operation{
		Name:     name,
		NewInput: func() any { return new(I) },
		do: func(s *Service, ctx context.Context, c Caller, in any) (any, error) {
			return nil, f(s, ctx, c, in.(*I))
		},
	}
}
