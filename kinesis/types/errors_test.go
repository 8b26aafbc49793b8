package types_test

import (
	"errors"
	"fmt"
	"testing"

	"millrace/internal/wire/shape"
	"millrace/kinesis/types"
)

func TestNewError(t *testing.T) {
	err := fmt.Errorf("call: %w", types.NewError("ResourceNotFoundException", "Stream x not found."))
	var typed *types.ResourceNotFoundException
	if !errors.As(err, &typed) || typed.Message != "Stream x not found." {
		t.Fatalf("%v is not typed", err)
	}
	if got := typed.Error(); got != "ResourceNotFoundException: Stream x not found." {
		t.Errorf("Error %q", got)
	}
	if got := (&types.InternalFailure{}).Error(); got != "InternalFailure" {
		t.Errorf("Error without message %q", got)
	}
	if err := types.NewError("Nope", "x"); err != nil {
		t.Errorf("an unknown code made %v", err)
	}
}

// TestErrorsOfOperations: each error that an operation may give is typed.
func TestErrorsOfOperations(t *testing.T) {
	for _, op := range shape.Operations {
		for _, code := range op.Errors {
			err := types.NewError(code, "m")
			if err == nil || err.ErrorCode() != code || err.ErrorMessage() != "m" {
				t.Errorf("%s: %s makes %v", op.Name, code, err)
			}
		}
	}
}

func TestHTTPStatus(t *testing.T) {
	for code, want := range map[string]int{
		"InternalFailure": 500, "InternalFailureException": 500, "ServiceUnavailable": 503, "RequestEntityTooLargeException": 413,
		"ResourceNotFoundException": 400, "AccessDeniedException": 400, "UnknownOperationException": 400, "Nope": 400,
	} {
		if got := types.HTTPStatus(code); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}
