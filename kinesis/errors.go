package kinesis

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"millrace/kinesis/types"
)

const (
	headerRequestID = "X-Amzn-Requestid"
	headerErrorType = "X-Amzn-Errortype"

	// maxExcerpt bounds what an error quotes of a body that is not JSON.
	maxExcerpt = 200
)

// ResponseError is an answer that says that the call failed.
type ResponseError struct {
	// Operation that was called, such as PutRecord.
	Operation string
	// StatusCode of the HTTP answer.
	StatusCode int
	// Code is the name of the error, such as ResourceNotFoundException, or ""
	// if the answer names none.
	Code string
	// Message is the service's own text.
	Message string
	// RequestID is the service's id of the last attempt, or "".
	RequestID string
	// Attempts that were made.
	Attempts int
	// Err is the typed error of Code (such as
	// *types.ResourceNotFoundException), or nil if the code is not known.
	Err error
}

// Error tells the operation, the code and message, and what support asks for.
func (e *ResponseError) Error() string {
	var b strings.Builder
	b.WriteString("kinesis: " + e.Operation + ": ")
	if e.Code != "" {
		b.WriteString(e.Code + ": ")
	}
	switch {
	case e.Message != "":
		b.WriteString(e.Message)
	case e.Err != nil && e.Code == "":
		b.WriteString(e.Err.Error())
	default:
		b.WriteString(strings.ToLower(http.StatusText(e.StatusCode)))
	}
	fmt.Fprintf(&b, " (status %d", e.StatusCode)
	if e.RequestID != "" {
		b.WriteString(", request id " + e.RequestID)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, ", %d attempts", e.Attempts)
	}
	b.WriteByte(')')
	return b.String()
}

// Unwrap gives the typed error.
func (e *ResponseError) Unwrap() error { return e.Err }

// RequestError is a call that got no answer: the request could not be made or
// sent, the connection failed, or the context ended.
type RequestError struct {
	// Operation that was called, such as PutRecord.
	Operation string
	// Attempts that were made; 0 if none could be.
	Attempts int
	// Err is what stood in the way of the last attempt.
	Err error
}

// Error tells the operation, the attempts and the reason.
func (e *RequestError) Error() string {
	if e.Attempts > 1 {
		return fmt.Sprintf("kinesis: %s: no answer after %d attempts: %v", e.Operation, e.Attempts, e.Err)
	}
	return fmt.Sprintf("kinesis: %s: %v", e.Operation, e.Err)
}

// Unwrap gives the reason.
func (e *RequestError) Unwrap() error { return e.Err }

func (c *call) requestError(err error) error {
	return &RequestError{Operation: c.operation, Attempts: c.attempts, Err: err}
}

func (c *call) responseError(a *answer, code, message string, err error) error {
	return &ResponseError{
		Operation: c.operation, StatusCode: a.status, Code: code, Message: message,
		RequestID: a.header.Get(headerRequestID), Attempts: c.attempts, Err: err,
	}
}

// failure reads an answer that is not a success.
func (c *call) failure(a *answer) error {
	code, message := decodeError(a.header.Get(headerErrorType), a.body)
	var typed error
	// A nil APIError must not become an error that is not nil.
	if known := types.NewError(code, message); known != nil {
		typed = known
	}
	return c.responseError(a, code, message, typed)
}

// decodeError finds the code and message of an error. The code is that of the
// header, else that of the body; the message is `message`, or `Message` as
// type checks spell it, or the beginning of a body that is not JSON.
func decodeError(header string, body []byte) (code, message string) {
	// Not a struct: encoding/json would take either spelling for both.
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return errorCode(header), excerpt(body)
	}
	text := func(names ...string) string {
		for _, name := range names {
			var s string
			if json.Unmarshal(members[name], &s) == nil && s != "" {
				return s
			}
		}
		return ""
	}
	if code = errorCode(header); code == "" {
		code = errorCode(text("__type", "code"))
	}
	return code, text("message", "Message")
}

// errorCode takes the bare name out of forms such as
// com.amazonaws.kinesis#Name and Name:http://explanation.
func errorCode(s string) string {
	if i := strings.IndexByte(s, ':'); i >= 0 {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '#'); i >= 0 {
		s = s[i+1:]
	}
	return strings.TrimSpace(s)
}

func excerpt(body []byte) string {
	s := strings.ToValidUTF8(string(body[:min(len(body), maxExcerpt)]), "")
	s = strings.Join(strings.Fields(s), " ")
	if len(body) > maxExcerpt {
		s += "..."
	}
	return s
}
