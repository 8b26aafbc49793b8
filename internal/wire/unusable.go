package wire

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"millrace/internal/sigv4"
)

// unusable answers a POST whose body we cannot read for its media type. It
// does so as Kinesis does, in odd company: CBOR for an empty body, XML else.
func (x *exchange) unusable(hasTarget, known bool) {
	switch {
	case x.bodyIsEmpty():
		x.codec = cborCodec
		x.fail(http.StatusBadRequest, emptyBodyCode(known), "")
	case !hasTarget:
		x.denyXML()
	default:
		x.writeXML(http.StatusNotFound, "UnknownOperationException", "<UnknownOperationException/>\n")
	}
}

// bodyIsEmpty finds out with one byte.
func (x *exchange) bodyIsEmpty() bool {
	if x.r.ContentLength >= 0 {
		return x.r.ContentLength == 0
	}
	_ = x.control.SetReadDeadline(time.Now().Add(x.h.cfg.Bounds.BodyWindow))
	n, _ := io.ReadFull(x.r.Body, make([]byte, 1))
	_ = x.control.SetReadDeadline(time.Time{})
	return n == 0
}

// denyXML says that nothing tells which operation is meant, or, before that,
// what is wrong with the signature.
func (x *exchange) denyXML() {
	code, message := "AccessDeniedException", "Unable to determine service/operation name to be authorized"
	if _, err := sigv4.Presence(x.r); err != nil {
		if refusal, ok := errors.AsType[*sigv4.Refusal](err); ok {
			code, message = refusal.Code, refusal.Message
		}
	}
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(message)) // a Builder does not fail
	x.writeXML(http.StatusForbidden, code, "<"+code+">\n  <Message>"+escaped.String()+"</Message>\n</"+code+">\n")
}

// writeXML answers without a Content-Type, as Kinesis does.
func (x *exchange) writeXML(status int, code, text string) {
	x.code = code
	x.w.Header()["Content-Type"] = nil // keeps net/http from guessing one
	x.write(status, []byte(text))
}

// write sends a whole answer whose media type has been set.
func (x *exchange) write(status int, body []byte) {
	x.begin(status, len(body))
	if _, err := x.w.Write(body); err != nil {
		x.h.log.Debug("the client did not take the answer", "request_id", x.id, "error", err)
	}
}

// linger is how long a client may go on sending a body that nobody wants, so
// that it gets to see the answer before the connection closes.
const linger = 500 * time.Millisecond

// begin sends the head of an answer of the given length. With an unread rest
// of a body, the connection ends: net/http would read on for as long as it
// takes.
func (x *exchange) begin(status, length int) {
	x.status = status
	x.giveHeadStart(length)
	if !x.bodyRead && x.r.ContentLength != 0 {
		x.closeAfter()
		_ = x.control.SetReadDeadline(time.Now().Add(linger))
	}
	header := x.w.Header()
	header["Content-Length"] = []string{strconv.Itoa(length)}
	_ = x.control.SetWriteDeadline(time.Now().Add(x.h.cfg.Bounds.AnswerTime))
	x.w.WriteHeader(status)
}

// closeAfter ends the connection with this answer, so that nobody waits for
// the rest of a body that is not wanted. HTTP/2 ends the stream by itself.
func (x *exchange) closeAfter() {
	if x.r.ProtoMajor == 1 {
		x.w.Header()["Connection"] = []string{"close"}
	}
}
