// Package server is the one place that knows every layer: it opens the engine
// and the streams on it, puts the operations and the wire in front, listens,
// and takes everything down in order.
//
// A Server is made with Start and ended with Shutdown; Run does both for a
// process. Command millrace and tests of whole servers call it. Shutdown
// answers every request that was accepted, then closes streams and engine, so
// that what was acknowledged is durable to the degree configured.
//
// The fields of a Server are set by Start and never change; what goes on
// between its goroutines is two atomics (ready, stopping) and one channel
// (failed). All methods may be called concurrently.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"millrace/internal/credentials"
	"millrace/internal/engine"
	"millrace/internal/ops"
	"millrace/internal/sigv4"
	"millrace/internal/streams"
	"millrace/internal/wire"
)

// Server is a running server.
type Server struct {
	cfg Config
	log *slog.Logger

	listener      *openListener
	adminListener net.Listener // nil where Admin is Off
	api, admin    *http.Server
	certificates  certificates // nil with TLS off
	handler       *wire.Handler
	engine        engine.Engine
	streams       *streams.Service

	backing sync.Mutex // held by the backup under way

	ready  atomic.Bool
	failed chan error // one error at most: why the server cannot go on
	serve  sync.WaitGroup

	stopOnce sync.Once
	stopErr  error
}

// Start starts a server. It returns once the server takes requests; ctx ends
// only the start.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, log: cfg.Log, failed: make(chan error, 1)}
	if err := s.start(ctx); err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	verifier, err := s.verifier()
	if err != nil {
		return err
	}
	// Ports come first: a second server on the same ports must fail before it
	// touches any data. Connections wait in the listener until all is open.
	if err := s.listen(ctx); err != nil {
		return err
	}
	if s.adminListener != nil {
		s.admin = newAdminServer(s)
		s.goServe(s.admin, s.adminListener)
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	service := ops.New(ops.Config{Streams: s.streams, Limits: s.cfg.Limits, Clock: s.cfg.Clock, Log: s.log})
	s.handler, err = wire.New(wire.Config{
		Ops: service, Verifier: verifier, Region: s.cfg.Region, Account: s.cfg.Account,
		CORS: s.cfg.CORS, Hosts: slices.Concat(s.cfg.Hosts, s.cfg.TLSHosts), Bounds: s.cfg.Bounds, Log: s.log, Rand: s.cfg.Rand,
	})
	if err != nil {
		return err
	}
	s.api = newAPIServer(s.cfg, s.handler)
	s.goServe(s.api, s.listener)
	s.ready.Store(true)
	s.log.Info("server is ready", "address", s.Addr(), "admin", s.AdminAddr(), "data", s.cfg.Data, "auth", s.cfg.Auth, "tls", s.cfg.TLS)
	if local, _ := isLoopback(s.cfg.Listen); !local && s.cfg.TLS != TLSRequire {
		s.log.Warn("other machines can talk to this server without TLS, for all between to read; --tls require refuses that")
	}
	return nil
}

// ErrExampleKey is why a server that others can reach does not start.
var ErrExampleKey = errors.New("a key of AWS's documentation, which everybody knows")

// verifier is nil where authentication is off.
func (s *Server) verifier() (*sigv4.Verifier, error) {
	if s.cfg.Auth == AuthOff {
		return nil, nil
	}
	keys, err := credentials.Load(s.cfg.CredentialsFile)
	if err != nil {
		return nil, err
	}
	if local, _ := isLoopback(s.cfg.Listen); !local && keys.HasExample() && !s.cfg.Insecure {
		return nil, fmt.Errorf("credentials file %s holds %w; replace it, or add --insecure", s.cfg.CredentialsFile, ErrExampleKey)
	}
	return &sigv4.Verifier{Keys: keys.Lookup, Now: s.cfg.Clock.Now, StrictScope: s.cfg.StrictScope}, nil
}

func (s *Server) listen(ctx context.Context) error {
	var err error
	if s.certificates, err = newCertificates(s.cfg); err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.listener = open(l, s.cfg.MaxConnections, newDoor(s.cfg, s.certificates))
	if s.cfg.Admin == Off {
		return nil
	}
	if s.adminListener, err = lc.Listen(ctx, "tcp", s.cfg.Admin); err != nil {
		return fmt.Errorf("listen for the admin port: %w", err)
	}
	return nil
}

func (s *Server) open(ctx context.Context) error {
	e, err := openEngine(ctx, s.cfg)
	if err != nil {
		return err
	}
	s.engine = &watchedEngine{Engine: e, fail: s.fail}
	s.streams, err = streams.Open(ctx, streams.Config{
		Engine: s.engine, Clock: s.cfg.Clock, Rand: s.cfg.Rand, Log: s.log, StateDelay: s.cfg.StateDelay,
		SubscriptionLifetime: s.cfg.SubscriptionLifetime,
	})
	return err
}

func (s *Server) goServe(h *http.Server, l net.Listener) {
	s.serve.Go(func() {
		if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
		}
	})
}

// fail reports what the server cannot go on with. The first report counts.
func (s *Server) fail(err error) {
	s.ready.Store(false)
	select {
	case s.failed <- err:
		s.log.Error("the server cannot go on", "error", err)
	default:
	}
}

// Failed gives the reason once the server cannot go on, such as a disk that
// failed to sync. Reads are still answered; the owner should Shutdown and
// start anew.
func (s *Server) Failed() <-chan error { return s.failed }

// Addr is the address of the API port, such as 127.0.0.1:4567.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// AdminAddr is the address of the admin port, empty where there is none.
func (s *Server) AdminAddr() string {
	if s.adminListener == nil {
		return ""
	}
	return s.adminListener.Addr().String()
}

// Endpoint is the URL that clients use, such as http://127.0.0.1:4567, or
// https:// where TLS is required. Where the server listens on every address it
// names the loopback one.
func (s *Server) Endpoint() string {
	host, port, _ := net.SplitHostPort(s.Addr())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if s.cfg.TLS == TLSRequire {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port)
}
