package wire

import (
	"net/http"
	"strings"
	"time"
)

const (
	// headStart is how long the AWS SDK for Go gets to end its request before
	// it sees the head of a large answer.
	headStart = 200 * time.Microsecond
	// atOnce is the length of an answer that needs none: with its head it fits
	// into the buffer that the client reads into at once.
	atOnce = 3 << 10
)

// giveHeadStart waits a moment for a client that cannot take an answer as soon
// as it has sent the last byte of its request. The AWS SDK for Go v2 closes the
// body of a request when the head of the answer arrives (smithy-go 1.28.8,
// transport/http/client.go). Where net/http has not yet looked whether that
// body has ended, it takes the closing for a failure, and closes the connection
// under the answer. On one machine, as many as a third of large GetRecords
// answers met that moment; sleeping also leaves the processor to the client.
func (x *exchange) giveHeadStart(length int) {
	if length > atOnce && needsHeadStart(x.r) {
		time.Sleep(headStart)
	}
}

func needsHeadStart(r *http.Request) bool {
	return r.ProtoMajor == 1 && strings.Contains(r.UserAgent(), "aws-sdk-go-v2/")
}
