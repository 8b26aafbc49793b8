package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// explain puts an error into words that say what can be done about it.
func (a *app) explain(ctx context.Context, err error) string {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	text := err.Error()
	if hint := a.hint(err); hint != "" {
		text += "\n" + hint
	}
	return text
}

func (a *app) hint(err error) string {
	if errors.Is(err, syscall.ECONNREFUSED) && a.address != "" {
		return fmt.Sprintf("Cannot connect to %s: is millrace serve running? Start it, or name another endpoint with --endpoint.", a.address)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("The host %s is not known: check --endpoint (now %s) and --region.", dns.Name, a.address)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Sprintf("If %s is a server with a CA of its own: millrace cert export-ca --endpoint %s --out millrace-ca.pem, then --ca millrace-ca.pem.", a.address, a.address)
	}
	if _, ok := errors.AsType[*types.UnrecognizedClientException](err); ok {
		return "The server does not know the access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a --profile."
	}
	if _, ok := errors.AsType[*types.InvalidSignatureException](err); ok {
		return "The secret key is not the one of this access key, or the clocks differ: check AWS_SECRET_ACCESS_KEY or --profile."
	}
	if e, ok := errors.AsType[*kinesis.ResponseError](err); ok {
		return a.answerHint(e)
	}
	return ""
}

func (a *app) answerHint(e *kinesis.ResponseError) string {
	switch {
	case kinesis.IsNotFound(e):
		return "See what there is with: millrace streams list"
	case kinesis.IsInUse(e) && e.Operation == "CreateStream":
		return "It exists already: choose another name, or add --if-absent."
	case kinesis.IsInUse(e):
		return "Wait until it is ACTIVE (millrace streams describe), or use --wait on the command before."
	case e.Code == "" && e.StatusCode != 0:
		return fmt.Sprintf("Is %s a Kinesis endpoint? Its answer is not one of Kinesis.", a.address)
	}
	return ""
}
