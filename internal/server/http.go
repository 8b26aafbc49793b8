package server

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"millrace/internal/wire"
)

const (
	// maxHeaderBytes bounds a request's head. net/http adds 4 KiB of its own,
	// which makes 32 KiB.
	maxHeaderBytes = 28 << 10
	// maxStreams is how many requests one HTTP/2 connection may have under way.
	maxStreams = 250
	// Windows for uploads over HTTP/2: a PutRecords of a megabyte should not
	// have to wait for an update in the middle. The client fills them, so
	// they also bound what a connection can make us hold.
	streamWindow     = 1 << 20
	connectionWindow = 2 << 20
)

// newAPIServer speaks HTTP/1.1, and HTTP/2 to clients that open with its
// preface or ask for it in TLS, on one port. Its listener is an openListener.
func newAPIServer(cfg Config, handler http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         &protocols,
		ConnState:         connState,
		ReadHeaderTimeout: cfg.HeaderTimeout,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          maxStreams,
			MaxReceiveBufferPerStream:     streamWindow,
			MaxReceiveBufferPerConnection: connectionWindow,
			WriteByteTimeout:              30 * time.Second,
			// A client that is gone without a word, and one that is there,
			// look the same to a stream that has nothing to send.
			SendPingTimeout: 30 * time.Second,
		},
	}
}

// newAdminServer answers whether the process lives and whether it takes
// requests, and makes backups.
func newAdminServer(s *Server) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.ready.Load() {
			say(w, http.StatusOK, "ok")
		} else {
			say(w, http.StatusServiceUnavailable, "not ready")
		}
	})
	mux.HandleFunc("POST "+BackupPath, s.serveBackup)
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !wire.HostAllowed(r.Host, s.cfg.Hosts) {
			say(w, http.StatusForbidden, "unknown host name; see the option --hosts")
			return
		}
		mux.ServeHTTP(w, r)
	})
	return &http.Server{
		Handler:           guarded,
		ReadHeaderTimeout: s.cfg.HeaderTimeout,
		ReadTimeout:       2 * s.cfg.HeaderTimeout,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

func say(w http.ResponseWriter, status int, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
