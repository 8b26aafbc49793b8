// Package sigv4 verifies AWS Signature Version 4, as a service does: it never
// signs. It holds the rules of the "Signature Version 4 signing process" of the
// AWS General Reference, with the error texts that Kinesis answers.
//
// Two depths of checking are offered. Presence asks only whether a request
// carries a signature of the right form and whose it claims to be; Verify
// proves it. Package wire calls one of them for each request, after the whole
// body has been read.
//
// A Verifier may be used by many goroutines at once; its only state is a
// bounded cache of signing keys behind a lock of its own. Secrets live in
// Secret, which no log, format verb or encoder shows.
package sigv4

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

// Algorithm is the only signature algorithm that is accepted.
const Algorithm = "AWS4-HMAC-SHA256"

// DefaultSkew is how far a request's time may be from ours, either way.
// Kinesis allows 5 minutes, where S3 and DynamoDB allow 15.
const DefaultSkew = 5 * time.Minute

// Credential is what is known about one access key.
type Credential struct {
	// Secret is the secret access key.
	Secret Secret
	// Account is the 12-digit account that the key belongs to; empty where
	// the source of the credentials names none.
	Account string
	// SessionToken, where not empty, must come with every request.
	SessionToken Secret
	// Expires is when the key stops being valid; zero is never.
	Expires time.Time
}

// Identity is who signed a request, or, from Presence, who claims to have.
type Identity struct {
	// AccessKey is the access key id.
	AccessKey string
	// Account is the account of the verified key; empty from Presence.
	Account string
	// Region and Service are taken from the credential scope as it was sent.
	// Old clients put odd words there, such as "localhost".
	Region, Service string
}

// ForKinesis refuses who signed for another service, with the *Refusal of the
// service. Odd services are odd regions' right: boto 2 takes both from the name
// of the host.
func (id Identity) ForKinesis() error {
	if id.Service != service && IsRegion(id.Region) {
		return &Refusal{codeInvalid, textService}
	}
	return nil
}

// Refusal is why a request was not let in: the error code and the message that
// Kinesis answers with.
type Refusal struct {
	Code    string
	Message string
}

// Error gives code and message.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Codes of a Refusal.
const (
	codeMissing      = "MissingAuthenticationTokenException"
	codeIncomplete   = "IncompleteSignatureException"
	codeInvalid      = "InvalidSignatureException"
	codeUnrecognized = "UnrecognizedClientException"
	codeExpired      = "ExpiredTokenException"
)

// Messages that more than one check gives.
const (
	textMismatch = "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	textBadToken     = "The security token included in the request is invalid."
	textExpiredToken = "The security token included in the request is expired"
	textService      = "Credential should be scoped to correct service: '" + service + "'."
)

// Verifier proves signatures. Its fields must not change once it is in use.
type Verifier struct {
	// Keys finds the credential of an access key id. It must not block.
	Keys func(accessKey string) (Credential, bool)
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
	// Skew is how far a request's time may be from Now; 0 is DefaultSkew.
	Skew time.Duration
	// StrictScope demands the service kinesis and a region of AWS's form in
	// the credential scope. Without it both are taken as signed.
	StrictScope bool

	keys      keyCache
	decoyOnce sync.Once
	decoy     Secret // stands in for the secret of an unknown key
}

// Verify checks that r, with the given whole body, was signed by a known key
// at about this time. The error is always a *Refusal.
func (v *Verifier) Verify(r *http.Request, body []byte) (Identity, error) {
	id, refusal := v.verify(r, body)
	if refusal != nil {
		return Identity{}, refusal
	}
	return id, nil
}

func (v *Verifier) verify(r *http.Request, body []byte) (Identity, *Refusal) {
	a, refusal := parse(r)
	if refusal != nil {
		return Identity{}, refusal
	}
	if refusal := checkForm(r, a, v.StrictScope); refusal != nil {
		return Identity{}, refusal
	}
	if refusal := checkTime(a, v.now(), v.skew()); refusal != nil {
		return Identity{}, refusal
	}
	canonical, refusal := canonicalRequest(r, a, body)
	if refusal != nil {
		return Identity{}, refusal
	}
	cred, known := v.Keys(a.scope.accessKey)
	if !known {
		// The same work as for a known key, so that the time taken does not
		// tell which access keys exist.
		cred = Credential{Secret: v.decoySecret()}
	}
	cacheID := a.scope.accessKey
	if !known {
		cacheID = ""
	}
	key := v.keys.get(cacheID, cred.Secret, a.scope)
	genuine := subtle.ConstantTimeCompare(
		sign(key, a.scope.stringToSign(a.stamp, canonical)), []byte(a.signature)) == 1
	switch {
	case !known:
		return Identity{}, &Refusal{codeUnrecognized, textBadToken}
	case !genuine:
		return Identity{}, &Refusal{codeInvalid, textMismatch}
	}
	if refusal := checkToken(cred, a.token, v.now()); refusal != nil {
		return Identity{}, refusal
	}
	return Identity{
		AccessKey: a.scope.accessKey,
		Account:   cred.Account,
		Region:    a.scope.region,
		Service:   a.scope.service,
	}, nil
}

// checkToken comes after the signature, so that only who holds the secret
// learns about the state of the token.
func checkToken(cred Credential, token string, now time.Time) *Refusal {
	if subtle.ConstantTimeCompare([]byte(cred.SessionToken.Reveal()), []byte(token)) != 1 {
		return &Refusal{codeUnrecognized, textBadToken}
	}
	if !cred.Expires.IsZero() && !now.Before(cred.Expires) {
		return &Refusal{codeExpired, textExpiredToken}
	}
	return nil
}

func (v *Verifier) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}

func (v *Verifier) skew() time.Duration {
	if v.Skew == 0 {
		return DefaultSkew
	}
	return v.Skew
}

func (v *Verifier) decoySecret() Secret {
	v.decoyOnce.Do(func() { v.decoy = NewSecret(rand.Text()) })
	return v.decoy
}
