package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// handshakeTime bounds what cert asks of a server.
const handshakeTime = 10 * time.Second

// httpClient makes the client for an endpoint whose CA is in a file; nil, the
// usual one, where no file is named. The file is that of --ca, else that of
// AWS_CA_BUNDLE, as AWS's own tools have it; what the system trusts is
// trusted as well.
func (a *app) httpClient() (*http.Client, error) {
	path := a.ca
	if path == "" {
		path = os.Getenv("AWS_CA_BUNDLE")
	}
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("CA: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("CA: there is no certificate in %s", path)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots}
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256 // for bench
	t.DisableCompression = true
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// served asks a server for its certificates, its own first. Nothing is
// trusted: that is what they are asked for.
func (a *app) served(ctx context.Context) ([]*x509.Certificate, error) {
	address := a.endpoint
	if u, err := url.Parse(a.endpoint); err == nil && u.Host != "" {
		if address = u.Host; u.Port() == "" {
			address = net.JoinHostPort(u.Hostname(), "443")
		}
	}
	a.address = a.endpoint
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usagef("--endpoint %q is neither a URL nor an address with a port", a.endpoint)
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{ServerName: host, InsecureSkipVerify: true}}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("TLS with %s: %w", address, err)
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates, nil
}

// parseCertificates reads certificates in PEM; there is at least one.
func parseCertificates(text []byte) (list []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return list, nil
}

// fingerprint is the SHA-256 of a certificate, in hexadecimal.
func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

func certNames(c *x509.Certificate) []string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}
