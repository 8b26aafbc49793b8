package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"millrace/internal/clock"
	"millrace/internal/credentials"
	"millrace/internal/engine/disk"
	"millrace/internal/limits"
	"millrace/internal/streams"
	"millrace/internal/tlsca"
	"millrace/internal/vfs"
	"millrace/internal/wire"
)

// Memory as Config.Data keeps everything in memory; it is gone with the process.
const Memory = ":memory:"

// Off as Config.Admin opens no admin port.
const Off = "off"

// Values of Config.Auth.
const (
	AuthOff    = "off"
	AuthVerify = "verify"
)

// DefaultStateDelay is how long the command line lets a stream stay in a
// transition; a Config has to say so itself.
const DefaultStateDelay = 500 * time.Millisecond

// DefaultSubscriptionLifetime is how long a SubscribeToShard lasts.
const DefaultSubscriptionLifetime = streams.DefaultSubscriptionLifetime

// Config says how a server behaves. The zero value is a server on the default
// ports that keeps its data in ./millrace-data.
type Config struct {
	// Data is the data directory, made where it is missing and kept at mode
	// 0700; or Memory. Default ./millrace-data.
	Data string
	// Listen is the address of the API port. Port 0 takes a free one. Default
	// 127.0.0.1:4567.
	Listen string
	// Admin is the address of the port for /livez, /readyz and backups, or Off.
	// Default 127.0.0.1:4568.
	Admin string
	// Limits are the quotas and rates in force; default limits.AWS().
	Limits *limits.Limits
	// StateDelay is how long a stream stays CREATING, UPDATING or DELETING;
	// with 0 it does not.
	StateDelay time.Duration
	// SubscriptionLifetime is how long a SubscribeToShard lasts; default 5 min.
	SubscriptionLifetime time.Duration
	// Durability is what an answered put survives: disk.Fsync, the default,
	// a loss of power; disk.Interval that too, but for the last moments;
	// disk.None only the end of the process. ParseDurability reads a flag.
	Durability disk.Durability
	// JournalBytes is the size of a journal file, which also decides how much
	// is held in memory before it is flushed; 0 is what suits a server. Tests
	// make it small, so that files turn over all the time.
	JournalBytes int64

	// Auth is AuthOff (the default: signatures must be there but are not
	// verified) or AuthVerify, which needs CredentialsFile.
	Auth string
	// CredentialsFile is the file of access keys, see package credentials.
	CredentialsFile string
	// StrictScope makes AuthVerify demand the service kinesis and a region of
	// AWS's form in the credential scope, which old clients do not send.
	StrictScope bool
	// Insecure permits what is otherwise refused: a Listen address that other
	// machines can reach with Auth off or with a key of AWS's documentation.
	Insecure bool
	// CORS lists the origins of web pages that may call, or "*", and Hosts
	// further names of the server, or "*". See wire.Config.
	CORS, Hosts []string

	// TLS is TLSAuto (the default: a client that begins with TLS gets TLS, any
	// other plain HTTP, on one port), TLSRequire or TLSOff.
	TLS string
	// TLSHosts are further names for the certificate that the server makes for
	// itself, and names of the server as Hosts are. It is always for localhost,
	// 127.0.0.1, ::1 and the host of Listen.
	TLSHosts []string
	// TLSCert and TLSKey are PEM files of a certificate of one's own, with its
	// chain. They are loaded again when they change.
	TLSCert, TLSKey string

	// Region and Account are those of requests that name no real ones;
	// default us-east-1 and 000000000000.
	Region, Account string

	// Bounds limit what requests may cost; MaxConnections (default 20000) the
	// connections, HeaderTimeout (5 s) the time for a request's head, and
	// before the first for saying hello to TLS, and
	// IdleTimeout (2 min) that of a connection between requests.
	Bounds                     wire.Bounds
	MaxConnections             int
	HeaderTimeout, IdleTimeout time.Duration
	// DrainTimeout is how long a shutdown waits for the requests under way;
	// default 10 s.
	DrainTimeout time.Duration

	// Log is where the server reports; default nowhere.
	Log *slog.Logger
	// Clock and Rand are time and randomness; default the machine's.
	Clock clock.Clock
	Rand  io.Reader
	// Ready is called by Run once the server takes requests.
	Ready func(*Server)

	fs vfs.FS // of tests, in the place of the one that Data asks for
}

func (c Config) withDefaults() Config {
	or := func(value *string, otherwise string) {
		if *value == "" {
			*value = otherwise
		}
	}
	or(&c.Data, "millrace-data")
	or(&c.Listen, "127.0.0.1:4567")
	or(&c.Admin, "127.0.0.1:4568")
	or(&c.Auth, AuthOff)
	or(&c.TLS, TLSAuto)
	or(&c.Region, wire.DefaultRegion)
	or(&c.Account, wire.DefaultAccount)
	if c.Limits == nil {
		c.Limits = limits.AWS()
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 20000
	}
	orDuration := func(value *time.Duration, otherwise time.Duration) {
		if *value == 0 {
			*value = otherwise
		}
	}
	orDuration(&c.HeaderTimeout, 5*time.Second)
	orDuration(&c.IdleTimeout, 2*time.Minute)
	orDuration(&c.DrainTimeout, 10*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	return c
}

// Validate says what is wrong with a configuration, in words for whoever
// wrote the command line. Start calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
	if c.StateDelay < 0 {
		return errors.New("the state delay must not be negative")
	}
	if !credentials.IsAccount(c.Account) {
		return fmt.Errorf("account %q is not 12 digits", c.Account)
	}
	switch c.Auth {
	case AuthOff:
		if c.CredentialsFile != "" {
			return errors.New("a credentials file has no use with authentication off: add --auth verify")
		}
	case AuthVerify:
		if c.CredentialsFile == "" {
			return errors.New("--auth verify needs the access keys to accept: add --credentials FILE")
		}
	default:
		return fmt.Errorf("auth %q is neither %s nor %s", c.Auth, AuthOff, AuthVerify)
	}
	if err := c.validateTLS(); err != nil {
		return err
	}
	if c.SubscriptionLifetime < 0 {
		return errors.New("the lifetime of subscriptions must not be negative")
	}
	return c.validateAddresses()
}

func (c Config) validateTLS() error {
	switch c.TLS {
	case TLSAuto, TLSRequire:
	case TLSOff:
		if c.TLSCert != "" || c.TLSKey != "" || len(c.TLSHosts) > 0 {
			return errors.New("a certificate has no use with TLS off")
		}
	default:
		return fmt.Errorf("TLS %q is none of %s, %s and %s", c.TLS, TLSAuto, TLSRequire, TLSOff)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key belong together: add the other one")
	}
	if c.TLSCert != "" && len(c.TLSHosts) > 0 {
		return errors.New("the names of a certificate of your own are in it: --tls-host does not go with --tls-cert (see --hosts)")
	}
	for _, name := range c.TLSHosts {
		if !tlsca.IsName(name) {
			return fmt.Errorf("--tls-host %q is neither a host name nor an IP address", name)
		}
	}
	return nil
}

func (c Config) validateAddresses() error {
	local, err := isLoopback(c.Listen)
	if err != nil {
		return fmt.Errorf("listen address %q: %w", c.Listen, err)
	}
	if !local && c.Auth == AuthOff && !c.Insecure {
		return fmt.Errorf("%s can be reached by other machines, and with authentication off everybody there could read and delete all data; "+
			"use --auth verify --credentials FILE, or listen on 127.0.0.1, or add --insecure if that is what you want", c.Listen)
	}
	if c.Admin == Off {
		return nil
	}
	if _, err := isLoopback(c.Admin); err != nil {
		return fmt.Errorf("admin address %q: %w", c.Admin, err)
	}
	return nil
}

// isLoopback reports whether only this machine can reach an address.
func isLoopback(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	if strings.EqualFold(host, "localhost") {
		return true, nil
	}
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return false, err
	}
	return addr.IP != nil && addr.IP.IsLoopback(), nil
}
