package types

// APIError is an error that the API gives. Every error type of this package is
// one, with a pointer receiver; use errors.As or errors.AsType to tell them apart.
type APIError interface {
	error
	// ErrorCode is the name of the error on the wire, such as ResourceNotFoundException.
	ErrorCode() string
	// ErrorMessage is the text for people; it may be empty.
	ErrorMessage() string
}

// NewError makes the typed error for a code; nil if the code is not known.
func NewError(code, message string) APIError { return newError(code, message) }

// HTTPStatus is the status that an error with the code is answered with: 500
// for internal failures, 503 for ServiceUnavailable, 413 for
// RequestEntityTooLargeException, 400 for all others (API reference, Common Errors,
// with the 400 that the JSON front end gives for signature failures).
func HTTPStatus(code string) int { return httpStatus(code) }

func errorText(code, message string) string {
	if message == "" {
		return code
	}
	return code + ": " + message
}
