package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"millrace/internal/limits"
	"millrace/internal/server"
)

// serveFlags are the flags of serve, as they were written.
type serveFlags struct {
	data, listen, admin, limits, durability string
	stateDelay, subscriptionLifetime        time.Duration
	auth, credentials                       string
	cors, hosts                             []string
	tls, tlsCert, tlsKey                    string
	tlsHosts                                []string
	insecure                                bool
	logLevel, logFormat                     string
	journalBytes                            int64
	idleTimeout                             time.Duration
}

const serveLong = `Start the server: the Kinesis API on --listen, for any Kinesis client, with all
data under --data. It serves until SIGINT or SIGTERM, answers what it accepted,
and exits with 0; a second signal ends it at once, which loses nothing that was
acknowledged.

It listens on this machine only, and takes any access key, unless told
otherwise; to be reached from elsewhere it wants --auth verify.`

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start the server",
		Long:  serveLong,
		Example: example(
			"millrace serve",
			"millrace serve --data :memory: --limits none --state-delay 0",
			"millrace serve --data /var/lib/millrace --limits /etc/millrace/limits.yaml",
			"millrace serve --listen 0.0.0.0:4567 --auth verify --credentials keys.yaml --tls require --tls-host kinesis.example.com",
		),
		Args: cobra.NoArgs,
	}
	fl := cmd.Flags()
	fl.StringVar(&f.data, "data", "./millrace-data", `data directory, or ":memory:"`)
	fl.StringVar(&f.listen, "listen", "127.0.0.1:4567", "address of the API; port 0 takes a free one")
	fl.StringVar(&f.admin, "admin", "127.0.0.1:4568", `address of /livez, /readyz and backups, or "off"`)
	fl.StringVar(&f.limits, "limits", "aws", "quotas and rates: aws (today's), classic (2013's), none, or a YAML file")
	fl.DurationVar(&f.stateDelay, "state-delay", server.DefaultStateDelay, "how long a stream stays CREATING, UPDATING or DELETING")
	fl.DurationVar(&f.subscriptionLifetime, "subscription-lifetime", server.DefaultSubscriptionLifetime, "how long a SubscribeToShard lasts")
	fl.StringVar(&f.durability, "durability", "fsync", "what an answer promises: fsync, interval=DUR, or none")
	fl.StringVar(&f.auth, "auth", server.AuthOff, "off, or verify: every signature is verified")
	fl.StringVar(&f.credentials, "credentials", "", "file of the access keys that --auth verify knows")
	fl.StringSliceVar(&f.cors, "cors", nil, `origins of web pages that may call, or "*" (default: those of this machine)`)
	fl.StringSliceVar(&f.hosts, "hosts", nil, `further host names that the server answers to, or "*"`)
	fl.StringVar(&f.tls, "tls", server.TLSAuto, "auto: TLS and plain HTTP on one port; require: TLS only; off")
	fl.StringSliceVar(&f.tlsHosts, "tls-host", nil, "further names for the certificate that the server makes")
	fl.StringVar(&f.tlsCert, "tls-cert", "", "file of a certificate of your own, with its chain, in PEM")
	fl.StringVar(&f.tlsKey, "tls-key", "", "file of its key")
	fl.BoolVar(&f.insecure, "insecure", false, "let other machines reach a server without authentication")
	fl.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	fl.StringVar(&f.logFormat, "log-format", "text", "text or json")
	fl.Int64Var(&f.journalBytes, "journal-bytes", 0, "size of a journal file; 0 is what suits a server")
	fl.DurationVar(&f.idleTimeout, "idle-timeout", 0, "how long a connection may be open between requests; 0 is what suits a server")
	_ = fl.MarkHidden("idle-timeout")  // for tests of many idle connections
	_ = fl.MarkHidden("journal-bytes") // for tests of what happens when files turn over
	a.completeValues(cmd, "limits", "aws", "classic", "none")
	a.completeValues(cmd, "durability", "fsync", "interval=100ms", "none")
	a.completeValues(cmd, "auth", server.AuthOff, server.AuthVerify)
	a.completeValues(cmd, "tls", server.TLSAuto, server.TLSRequire, server.TLSOff)
	a.completeValues(cmd, "log-level", "debug", "info", "warn", "error")
	a.completeValues(cmd, "log-format", "text", "json")
	cmd.RunE = a.action(func(ctx context.Context, _ []string) error { return a.serve(ctx, f) })
	return cmd
}

func (a *app) serve(ctx context.Context, f serveFlags) error {
	cfg, err := a.serverConfig(f)
	if err != nil {
		return usageError{err}
	}
	if err := cfg.Validate(); err != nil {
		return usageError{err}
	}
	cfg.Ready = func(s *server.Server) {
		if f.tlsCert != "" {
			reloadOnHangup(ctx, s, cfg.Log)
		}
		a.announce(s, f)
	}
	err = server.Run(ctx, cfg)
	if errors.Is(err, server.ErrExampleKey) {
		return usageError{err} // like every open door that was not asked for
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w\nIs another server running? Choose other ports with --listen and --admin (or --admin off).", err)
	}
	return err
}

// reloadOnHangup loads the certificate again at each SIGHUP, until ctx ends.
func reloadOnHangup(ctx context.Context, s *server.Server, log *slog.Logger) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		defer signal.Stop(hangup)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
				if err := s.ReloadCertificate(); err != nil {
					log.Error("the TLS certificate stays as it was", "error", err)
				}
			}
		}
	}()
}

// serverConfig makes a server's configuration of the flags.
func (a *app) serverConfig(f serveFlags) (server.Config, error) {
	cfg := server.Config{
		Data: f.data, Listen: f.listen, Admin: f.admin, StateDelay: f.stateDelay,
		SubscriptionLifetime: f.subscriptionLifetime,
		Auth:                 f.auth, CredentialsFile: f.credentials, CORS: f.cors, Hosts: f.hosts,
		TLS: f.tls, TLSHosts: f.tlsHosts, TLSCert: f.tlsCert, TLSKey: f.tlsKey,
		Insecure: f.insecure, Region: a.region, JournalBytes: f.journalBytes, IdleTimeout: f.idleTimeout,
	}
	var err error
	if cfg.Limits, err = limits.Load(f.limits); err != nil {
		return cfg, fmt.Errorf("--limits: %w", err)
	}
	if cfg.Durability, err = server.ParseDurability(f.durability); err != nil {
		return cfg, fmt.Errorf("--durability: %w", err)
	}
	if cfg.Log, err = a.serverLog(f); err != nil {
		return cfg, err
	}
	return cfg, nil
}

// serverLog makes the log, on stderr.
func (a *app) serverLog(f serveFlags) (*slog.Logger, error) {
	var level slog.Level
	switch strings.ToLower(f.logLevel) {
	case "debug", "info", "warn", "error":
		if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("--log-level %q is none of debug, info, warn and error", f.logLevel)
	}
	options := &slog.HandlerOptions{Level: level}
	switch f.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(a.stderr, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(a.stderr, options)), nil
	}
	return nil, fmt.Errorf("--log-format %q is neither text nor json", f.logFormat)
}
