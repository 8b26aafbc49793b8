package tlsca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// authority gives the CA with its key, and makes it where there is none. The
// store is locked.
func (a *Authority) authority() (*x509.Certificate, crypto.Signer, error) {
	ca, err := a.store.certificate(caCert)
	switch {
	case errors.Is(err, errMissing):
		return a.makeAuthority()
	case err != nil:
		return nil, nil, err
	case expiring(ca, a.clock.Now()):
		a.log.Warn("the CA has reached its end: clients must be given a new one", "not_after", ca.NotAfter)
		return a.makeAuthority()
	}
	key, err := a.store.key(caKey)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; without it no server certificate can be signed: put it back, or remove the folder to start with a new CA", err)
	}
	if !samePublicKey(ca, key) {
		return nil, nil, fmt.Errorf("%s does not belong to %s: put the right one back, or remove the folder to start with a new CA",
			a.store.path(caKey), a.store.path(caCert))
	}
	return ca, key, nil
}

func (a *Authority) makeAuthority() (*x509.Certificate, crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := a.clock.Now().UTC().Truncate(time.Second)
	name := make([]byte, 4) // tells the CAs of several servers apart in a list
	_, _ = rand.Read(name)
	ca, err := sign(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"millrace"}, CommonName: "millrace CA " + hex.EncodeToString(name)},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.AddDate(caYears, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil, key, key)
	if err != nil {
		return nil, nil, err
	}
	if err := a.store.writeCA(ca, key); err != nil {
		return nil, nil, err
	}
	a.log.Info("made a CA for TLS", "file", a.store.path(caCert), "sha256", Fingerprint(ca), "not_after", ca.NotAfter)
	return ca, key, nil
}

// issue makes a server certificate.
func (a *Authority) issue(ca *x509.Certificate, signer crypto.Signer) (*chain, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	from := a.clock.Now().UTC().Truncate(time.Second).Add(-backdated)
	if from.Before(ca.NotBefore) {
		from = ca.NotBefore
	}
	to := from.Add(leafLife - time.Second) // both ends are included
	if to.After(ca.NotAfter) {
		to = ca.NotAfter
	}
	leaf, err := sign(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"millrace"}, CommonName: "millrace"},
		NotBefore:             from,
		NotAfter:              to,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              a.names.dns,
		IPAddresses:           a.names.ips,
	}, ca, key, signer)
	if err != nil {
		return nil, err
	}
	a.log.Info("made a server certificate for TLS", "names", a.names.texts(), "not_after", leaf.NotAfter)
	return &chain{ca: ca, server: &tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.Raw}, PrivateKey: key, Leaf: leaf}}, nil
}

// sign makes a certificate for key; parent nil is one that signs itself.
func sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey, signer crypto.Signer) (*x509.Certificate, error) {
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func samePublicKey(c *x509.Certificate, key crypto.Signer) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(c.PublicKey)
}

// Fingerprint is the SHA-256 of a certificate, in hexadecimal.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}
