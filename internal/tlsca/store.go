package tlsca

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"millrace/internal/vfs"
)

// Files of the folder.
const (
	caCert     = "ca.pem"
	caKey      = "ca.key"
	serverCert = "server.pem"
	serverKey  = "server.key"
	lockFile   = "lock"
)

// maxFile bounds what is read of a file.
const maxFile = 64 << 10

// lockTime is how long another process may take to make a certificate.
const lockTime = 3 * time.Second

var errMissing = errors.New("missing")

// store is the folder.
type store struct {
	fs  vfs.FS
	dir string
}

func (s store) path(name string) string { return filepath.Join(s.dir, name) }

// locked calls f while no other process makes a certificate here.
func (s store) locked(f func() error) error {
	if err := s.fs.MkdirAll(s.dir); err != nil {
		return err
	}
	if err := s.fs.SyncDir(filepath.Dir(s.dir)); err != nil {
		return err
	}
	began := time.Now()
	for {
		lock, err := s.fs.Lock(s.path(lockFile))
		if err == nil {
			defer lock.Close()
			return f()
		}
		if !errors.Is(err, vfs.ErrLocked) || time.Since(began) > lockTime {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// writeCA makes the key durable before the certificate has its name: a
// certificate without its key could never be replaced by itself.
func (s store) writeCA(ca *x509.Certificate, key crypto.Signer) error {
	if err := s.writeKey(caKey, key); err != nil {
		return err
	}
	if err := s.fs.SyncDir(s.dir); err != nil {
		return err
	}
	if err := s.write(caCert, encodeCertificate(ca)); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

// writeServer replaces two files. Crash in between: they do not match, and
// both are made again.
func (s store) writeServer(c *chain) error {
	if err := s.writeKey(serverKey, c.server.PrivateKey.(crypto.Signer)); err != nil {
		return err
	}
	if err := s.write(serverCert, append(encodeCertificate(c.server.Leaf), encodeCertificate(c.ca)...)); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

func (s store) writeKey(name string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return s.write(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// write replaces a file as a whole. Its name is durable after SyncDir.
func (s store) write(name string, data []byte) error {
	temporary := s.path(name + ".new")
	if err := s.fs.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := s.fs.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return s.fs.Rename(temporary, s.path(name))
}

// read gives a whole file; errMissing where there is none.
func (s store) read(name string) ([]byte, error) {
	f, err := s.fs.Open(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is %w", s.path(name), errMissing)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.NewSectionReader(f, 0, maxFile))
}

// certificate reads the first certificate of a file.
func (s store) certificate(name string) (*x509.Certificate, error) {
	text, err := s.read(name)
	if err != nil {
		return nil, err
	}
	c, err := parseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", s.path(name), err)
	}
	return c, nil
}

func (s store) key(name string) (crypto.Signer, error) {
	if err := s.private(name); err != nil {
		return nil, err
	}
	text, err := s.read(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is damaged: no PEM", s.path(name))
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", s.path(name), err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s holds no key that signs", s.path(name))
	}
	return signer, nil
}

// private refuses a key that others may read.
func (s store) private(name string) error {
	if _, ok := s.fs.(vfs.OS); !ok || runtime.GOOS == "windows" {
		return nil
	}
	info, err := os.Stat(s.path(name))
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others: chmod 600", s.path(name))
	}
	return nil
}

func (s store) server() (*tls.Certificate, error) {
	text, err := s.read(serverCert)
	if err != nil {
		return nil, err
	}
	if err := s.private(serverKey); err != nil {
		return nil, err
	}
	key, err := s.read(serverKey)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(text, key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", s.path(serverCert), s.path(serverKey), err)
	}
	return &pair, nil
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

func encodeCertificate(c *x509.Certificate) []byte {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) // a buffer takes all
	return b.Bytes()
}
