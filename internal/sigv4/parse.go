package sigv4

import (
	"net/http"
	"strings"
)

// authorization is a request's claim, taken apart but not yet believed.
type authorization struct {
	algorithm string
	// credential is the Credential parameter whole, as AWS quotes it.
	credential    string
	scope         scope
	signedHeaders string
	signature     string
	// date is the text of X-Amz-Date or Date; stamp is it in basic form, once
	// checkForm has read it.
	date, stamp string
	// token is the security token, empty if there is none.
	token string
	// presigned is set where all of it came in the query string.
	presigned bool
	// expires is X-Amz-Expires, empty if absent.
	expires string
	query   []parameter
}

// parse finds the one signature of a request and takes it apart. It makes the
// checks that Kinesis makes before any arithmetic, in Kinesis's order.
func parse(r *http.Request) (*authorization, *Refusal) {
	query, ok := parseQuery(r.URL.RawQuery)
	if !ok {
		return nil, &Refusal{codeInvalid, "The query string is not properly percent-encoded."}
	}
	headers := r.Header["Authorization"]
	_, inQuery := lookup(query, "X-Amz-Algorithm")
	switch {
	case len(headers) > 0 && inQuery:
		return nil, &Refusal{codeInvalid,
			"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."}
	case inQuery:
		return parsePresigned(r, query)
	case len(headers) > 1:
		return nil, &Refusal{codeIncomplete, "Authorization header must be given exactly once."}
	case len(headers) == 0 || !strings.HasPrefix(strings.TrimSpace(headers[0]), "AWS4-"):
		return nil, &Refusal{codeMissing, "Missing Authentication Token"}
	}
	return parseHeader(r, query, headers[0])
}

// parseHeader reads an Authorization header. Its parameters may be separated
// by a comma, a comma and a blank, or a blank.
func parseHeader(r *http.Request, query []parameter, header string) (*authorization, *Refusal) {
	a := &authorization{query: query, date: dateOf(r.Header), token: r.Header.Get("X-Amz-Security-Token")}
	rest := strings.TrimSpace(header)
	if i := strings.IndexAny(rest, ", \t"); i >= 0 {
		a.algorithm, rest = rest[:i], rest[i:]
	} else {
		a.algorithm, rest = rest, ""
	}
	for field := range strings.FieldsFuncSeq(rest, isSeparator) {
		name, value, _ := strings.Cut(field, "=")
		var into *string
		switch name {
		case "Credential":
			into = &a.credential
		case "SignedHeaders":
			into = &a.signedHeaders
		case "Signature":
			into = &a.signature
		default:
			continue
		}
		if *into != "" {
			return nil, &Refusal{codeIncomplete,
				"Authorization header has more than one '" + name + "' parameter. Authorization=" + header}
		}
		*into = value
	}
	if missing := missingFromHeader(a); missing != "" {
		return nil, &Refusal{codeIncomplete, missing + "Authorization=" + header}
	}
	a.scope, _ = parseScope(a.credential)
	return a, nil
}

func isSeparator(c rune) bool { return c == ',' || c == ' ' || c == '\t' }

// missingFromHeader lists what is not there, in Kinesis's order and words.
func missingFromHeader(a *authorization) string {
	var b strings.Builder
	for _, p := range [...]struct{ name, value string }{
		{"Credential", a.credential}, {"Signature", a.signature}, {"SignedHeaders", a.signedHeaders},
	} {
		if p.value == "" {
			b.WriteString("Authorization header requires '" + p.name + "' parameter. ")
		}
	}
	if a.date == "" {
		b.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	return b.String()
}

func dateOf(h http.Header) string {
	if d := h.Get("X-Amz-Date"); d != "" {
		return d
	}
	return h.Get("Date")
}

// parsePresigned reads a signature from the query string.
func parsePresigned(r *http.Request, query []parameter) (*authorization, *Refusal) {
	a := &authorization{presigned: true, query: query}
	var missing strings.Builder
	for _, p := range [...]struct {
		name string
		into *string
	}{
		{"X-Amz-Algorithm", &a.algorithm}, {"X-Amz-Credential", &a.credential},
		{"X-Amz-Signature", &a.signature}, {"X-Amz-SignedHeaders", &a.signedHeaders},
		{"X-Amz-Date", &a.date},
	} {
		if *p.into, _ = lookup(query, p.name); *p.into == "" {
			missing.WriteString("AWS query-string parameters must include '" + p.name + "'. ")
		}
	}
	if missing.Len() > 0 {
		return nil, &Refusal{codeIncomplete, missing.String() + "Re-examine the query-string parameters."}
	}
	for i, p := range query {
		if _, again := lookup(query[i+1:], p.name); again && strings.HasPrefix(p.name, "X-Amz-") {
			return nil, &Refusal{codeIncomplete, "AWS query-string parameter '" + p.name + "' must be given exactly once."}
		}
	}
	a.expires, _ = lookup(query, "X-Amz-Expires")
	a.token, _ = lookup(query, "X-Amz-Security-Token")
	if a.token != "" && r.Header.Get("X-Amz-Security-Token") != "" {
		return nil, &Refusal{codeInvalid, "Found 'X-Amz-Security-Token' both as a query-string param and as HTTP header."}
	}
	if a.token == "" {
		a.token = r.Header.Get("X-Amz-Security-Token")
	}
	a.scope, _ = parseScope(a.credential)
	return a, nil
}

// Presence checks what Kinesis checks before it verifies a signature: that
// there is exactly one, with all its parts. Whom it names is returned
// unproven. The error is always a *Refusal.
func Presence(r *http.Request) (Identity, error) {
	a, refusal := parse(r)
	if refusal != nil {
		return Identity{}, refusal
	}
	if a.scope.accessKey == "" {
		key, _, _ := strings.Cut(a.credential, "/")
		return Identity{AccessKey: key}, nil
	}
	return Identity{AccessKey: a.scope.accessKey, Region: a.scope.region, Service: a.scope.service}, nil
}
