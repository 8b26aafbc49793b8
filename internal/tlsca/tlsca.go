// Package tlsca is the certificate authority that a server makes for itself,
// so that clients that insist on TLS have a certificate to verify.
//
// An Authority holds a CA of its own and one server certificate under it, in
// a folder of the data directory:
//
//	ca.pem      the certificate of the CA: what clients are told to trust
//	ca.key      its key
//	server.pem  the server's certificate, followed by that of the CA
//	server.key  its key
//	lock        held while one of them is made
//
// All are PEM (keys in PKCS #8, on the curve P-256) and of mode 0600. The CA
// is made once and never replaced while it is valid, which is ten years; the
// server certificate is made anew when its names change or its end comes near.
//
// Promises: nothing is made before it is asked for; a certificate that was
// handed out has its CA on disk (synced, under its final name), so that a
// crash never leaves a client with a CA that the server no longer has; a file
// that is damaged is named and never overwritten, except the server
// certificate, which costs nothing to replace.
//
// Package server asks for the certificate at each TLS handshake, and for the
// CA when it is to be exported. An Authority may be used concurrently.
package tlsca

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"millrace/internal/clock"
	"millrace/internal/vfs"
)

const (
	// caYears is how long a CA is valid.
	caYears = 10
	// leafLife is how long a server certificate is valid; some clients refuse
	// longer ones.
	leafLife = 397 * 24 * time.Hour
	// renewal is how long before its end a server certificate is replaced.
	renewal = 30 * 24 * time.Hour
	// backdated is how far the clock of a client may be behind.
	backdated = 24 * time.Hour
	// retryAfter is how long a failed renewal is left alone while the old
	// certificate still serves.
	retryAfter = time.Minute
)

// Config says where an Authority keeps what it makes, and for which names.
type Config struct {
	// FS and Dir are the folder, made where it is missing.
	FS  vfs.FS
	Dir string
	// Names are host names and IP addresses beside localhost, 127.0.0.1 and
	// ::1, see IsName.
	Names []string
	// Clock is time; nil is the machine's.
	Clock clock.Clock
	// Log is told what was made; nil is silence.
	Log *slog.Logger
}

// Authority makes certificates. Use New.
type Authority struct {
	store store
	names names
	clock clock.Clock
	log   *slog.Logger

	current atomic.Pointer[chain]

	mu    sync.Mutex // held while a chain is loaded or made
	retry time.Time  // guarded by mu: no renewal before
}

// chain is a server certificate and the CA that signed it.
type chain struct {
	server *tls.Certificate // with Leaf
	ca     *x509.Certificate
}

// New makes an Authority; it touches no file yet.
func New(cfg Config) (*Authority, error) {
	n, err := newNames(cfg.Names)
	if err != nil {
		return nil, err
	}
	a := &Authority{store: store{fs: cfg.FS, dir: cfg.Dir}, names: n, clock: cfg.Clock, log: cfg.Log}
	if a.clock == nil {
		a.clock = clock.Real{}
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

// Certificate is the server certificate to use now. The first call loads or
// makes it, with the CA if there is none; later ones cost nothing until it
// has to be renewed.
func (a *Authority) Certificate() (*tls.Certificate, error) {
	if c := a.current.Load(); c != nil && !a.due(c) {
		return c.server, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	old, now := a.current.Load(), a.clock.Now()
	if old != nil && (!a.due(old) || now.Before(a.retry) && now.Before(old.server.Leaf.NotAfter)) {
		return old.server, nil
	}
	c, err := a.obtain()
	if err == nil {
		a.current.Store(c)
		return c.server, nil
	}
	a.log.Error("no TLS certificate could be made", "error", err)
	if old != nil && now.Before(old.server.Leaf.NotAfter) {
		a.retry = now.Add(retryAfter)
		return old.server, nil
	}
	return nil, err
}

// CA is the certificate of the CA, in PEM, which is made if there is none.
func (a *Authority) CA() ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ca, err := a.store.certificate(caCert)
	if errors.Is(err, errMissing) {
		err = a.store.locked(func() error {
			ca, _, err = a.authority()
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return encodeCertificate(ca), nil
}

// obtain loads the chain from disk, or makes what is missing or due of it.
func (a *Authority) obtain() (*chain, error) {
	if c, err := a.load(); err != nil || c != nil {
		return c, err
	}
	var c *chain
	err := a.store.locked(func() (err error) {
		// Whoever held the lock before may have made it.
		if c, err = a.load(); err != nil || c != nil {
			return err
		}
		ca, key, err := a.authority()
		if err != nil {
			return err
		}
		if c, err = a.issue(ca, key); err != nil {
			return err
		}
		return a.store.writeServer(c)
	})
	return c, err
}

// load gives the chain on disk, nil if there is none or it will not do.
func (a *Authority) load() (*chain, error) {
	ca, err := a.store.certificate(caCert)
	if errors.Is(err, errMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	server, err := a.store.server()
	if err != nil {
		if !errors.Is(err, errMissing) {
			a.log.Warn("the server certificate is made anew", "error", err)
		}
		return nil, nil
	}
	c := &chain{server: server, ca: ca}
	if server.Leaf.CheckSignatureFrom(ca) != nil || !a.names.match(server.Leaf) || a.due(c) {
		return nil, nil
	}
	return c, nil
}

// due says whether a chain should be replaced, as far as a new one is better.
func (a *Authority) due(c *chain) bool {
	now, leaf := a.clock.Now(), c.server.Leaf
	if now.Before(leaf.NotBefore) {
		return leaf.NotBefore.After(c.ca.NotBefore)
	}
	if leaf.NotAfter.Equal(c.ca.NotAfter) { // only a new CA could last longer
		return expiring(c.ca, now)
	}
	return now.Add(renewal).After(leaf.NotAfter)
}

// expiring says whether it is time for a new CA. Every client has to be given
// the new one, so it comes at the very end only.
func expiring(ca *x509.Certificate, now time.Time) bool { return now.After(ca.NotAfter) }
