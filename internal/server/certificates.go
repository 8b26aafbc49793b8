package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"millrace/internal/tlsca"
	"millrace/internal/vfs"
)

// certificates gives the certificate for a handshake: a *tlsca.Authority's,
// or that of certificateFiles.
type certificates interface {
	Certificate() (*tls.Certificate, error)
}

// tlsFolder is the folder of the data directory that the CA is kept in.
const tlsFolder = "tls"

// newCertificates gives what a configuration asks for; nil with TLS off. The
// files of one's own must be there at the start, a CA of ours is made at the
// first handshake.
func newCertificates(cfg Config) (certificates, error) {
	switch {
	case cfg.TLS == TLSOff:
		return nil, nil
	case cfg.TLSCert != "":
		f := &certificateFiles{cert: cfg.TLSCert, key: cfg.TLSKey, log: cfg.Log}
		return f, f.Reload()
	}
	options := tlsca.Config{FS: vfs.OS{}, Dir: filepath.Join(cfg.Data, tlsFolder), Names: cfg.certificateNames(), Clock: cfg.Clock, Log: cfg.Log}
	if cfg.Data == Memory {
		options.FS, options.Dir = vfs.NewMem(), tlsFolder
	}
	if cfg.fs != nil {
		options.FS = cfg.fs
	}
	return tlsca.New(options)
}

// certificateNames are the names of the command line, and the host listened
// on unless that is every address.
func (c Config) certificateNames() []string {
	host, _, _ := net.SplitHostPort(c.Listen)
	if ip, err := netip.ParseAddr(host); err == nil && (ip.IsUnspecified() || ip.Zone() != "") || !tlsca.IsName(host) {
		return c.TLSHosts
	}
	return append([]string{host}, c.TLSHosts...)
}

// CACertificate gives the CA of a data directory in PEM, and makes it where
// no TLS client has come yet.
func CACertificate(data string) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(data, "FORMAT")); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not the data directory of a server", data)
	} else if err != nil {
		return nil, err
	}
	a, err := tlsca.New(tlsca.Config{FS: vfs.OS{}, Dir: filepath.Join(data, tlsFolder)})
	if err != nil {
		return nil, err
	}
	return a.CA()
}

// lookAgain is how often the files of a certificate are looked at, at most.
const lookAgain = time.Second

// certificateFiles is a certificate and a key that somebody else renews.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex // guards all below
	pair    *tls.Certificate
	looked  time.Time
	written [2]stamp
}

// stamp tells that a file was written.
type stamp struct {
	at   time.Time
	size int64
}

// Certificate gives the certificate, the new one where the files have
// changed. What cannot be loaded leaves the old one in place.
func (f *certificateFiles) Certificate() (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) >= lookAgain {
		f.looked = now
		if stamps, err := f.stamps(); err == nil && stamps != f.written {
			if err := f.load(); err != nil {
				f.log.Warn("the TLS certificate stays as it was", "error", err)
			}
			f.written = stamps // warn once, and look again when they change
		}
	}
	return f.pair, nil
}

// Reload loads the files now.
func (f *certificateFiles) Reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamps, err := f.stamps()
	if err != nil {
		return fmt.Errorf("TLS certificate: %w", err)
	}
	f.looked, f.written = time.Now(), stamps
	return f.load()
}

func (f *certificateFiles) load() error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("TLS certificate %s with key %s: %w", f.cert, f.key, err)
	}
	if f.pair != nil {
		f.log.Info("loaded the TLS certificate", "file", f.cert, "not_after", pair.Leaf.NotAfter)
	}
	f.pair = &pair
	return nil
}

func (f *certificateFiles) stamps() (s [2]stamp, err error) {
	for i, name := range [...]string{f.cert, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return s, err
		}
		if name == f.key && runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
			return s, fmt.Errorf("everybody may read %s: chmod 600, or 640", name)
		}
		s[i] = stamp{info.ModTime(), info.Size()}
	}
	return s, nil
}

// ReloadCertificate loads the files of Config.TLSCert and TLSKey now, rather
// than when the next client finds them changed. On error the certificate
// stays as it was. Without such files it does nothing.
func (s *Server) ReloadCertificate() error {
	if f, ok := s.certificates.(*certificateFiles); ok {
		return f.Reload()
	}
	return nil
}
