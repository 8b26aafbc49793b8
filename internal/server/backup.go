package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"millrace/internal/engine/disk"
)

// BackupHeader must be in a request for a backup, with any value. A web page
// cannot send it to another origin: the browser asks first, and gets no leave.
const BackupHeader = "Millrace-Admin"

// BackupPath is where on the admin port a backup is asked for.
const BackupPath = "/backup"

// maxBackupBody bounds the body of such a request.
const maxBackupBody = 16 << 10

// BackupRequest is its body, as JSON.
type BackupRequest struct {
	// Dir is the directory to write on the server's machine: absolute, and
	// missing or empty.
	Dir string
	// Copy makes copies even where hard links would do.
	Copy bool `json:",omitempty"`
}

// BackupAnswer is the answer, as JSON. Error is empty where the backup is whole.
type BackupAnswer struct {
	Dir              string
	Segments, Linked int
	Bytes            int64
	Error            string `json:",omitempty"`
}

// Backup writes a copy of the running server's data to a directory, as a data
// directory of its own. Every record that was acknowledged before the call is
// in it. One backup runs at a time.
func (s *Server) Backup(ctx context.Context, r BackupRequest) (BackupAnswer, error) {
	if !s.ready.Load() {
		return BackupAnswer{}, errors.New("the server is not ready")
	}
	watched, _ := s.engine.(*watchedEngine)
	if watched == nil {
		return BackupAnswer{}, errors.New("this server cannot make backups")
	}
	e, ok := watched.Engine.(*disk.Engine)
	if !ok {
		return BackupAnswer{}, errors.New("this server cannot make backups")
	}
	if err := s.judgeBackup(r.Dir); err != nil {
		return BackupAnswer{}, err
	}
	if !s.backing.TryLock() {
		return BackupAnswer{}, errBackupRunning
	}
	defer s.backing.Unlock()
	started := time.Now()
	info, err := e.Backup(ctx, disk.BackupOptions{Dir: r.Dir, Copy: r.Copy})
	s.log.Info("backup", "dir", r.Dir, "segments", info.Segments, "bytes", info.Bytes, "duration", time.Since(started), "error", err)
	return BackupAnswer{Dir: r.Dir, Segments: info.Segments, Linked: info.Linked, Bytes: info.Bytes}, err
}

var errBackupRunning = errors.New("another backup is under way")

// judgeBackup refuses a directory that is no place for a backup. That it is
// empty the engine finds out.
func (s *Server) judgeBackup(dir string) error {
	if !filepath.IsAbs(dir) || filepath.Clean(dir) != dir {
		return fmt.Errorf("backup directory %q is not an absolute path in its plain form", dir)
	}
	if info, err := os.Stat(filepath.Dir(dir)); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is not a directory: the one above the backup must be there", filepath.Dir(dir))
	}
	if s.cfg.Data == Memory || s.cfg.fs != nil {
		return nil
	}
	data, err := filepath.Abs(s.cfg.Data)
	if err != nil {
		return err
	}
	for _, pair := range [][2]string{{data, dir}, {dir, data}} {
		if rel, err := filepath.Rel(pair[0], pair[1]); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return errors.New("the backup directory must lie apart from the data directory")
		}
	}
	return nil
}

// serveBackup is POST /backup on the admin port. It writes with the server's
// rights where the caller says, so only this machine may ask for it, and no
// web page.
func (s *Server) serveBackup(w http.ResponseWriter, r *http.Request) {
	if local, err := isLoopback(s.cfg.Admin); err != nil || !local {
		answerBackup(w, http.StatusForbidden, BackupAnswer{Error: "backups are to be had where the admin port is on this machine only (--admin 127.0.0.1:4568)"})
		return
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get(BackupHeader) == "" || r.Header.Get("Origin") != "" || media != "application/json" {
		answerBackup(w, http.StatusForbidden, BackupAnswer{Error: "a backup is asked for with the header " + BackupHeader + ", a body of application/json, and by no web page"})
		return
	}
	var in BackupRequest
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBackupBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		answerBackup(w, http.StatusBadRequest, BackupAnswer{Error: "the body is not a request for a backup: " + err.Error()})
		return
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		answerBackup(w, http.StatusBadRequest, BackupAnswer{Error: "the body holds more than one value"})
		return
	}
	// A backup takes as long as its bytes take; it ends with its connection.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	answer, err := s.Backup(r.Context(), in)
	status := http.StatusOK
	if err != nil {
		status, answer.Error = http.StatusConflict, err.Error()
	}
	answerBackup(w, status, answer)
}

func answerBackup(w http.ResponseWriter, status int, answer BackupAnswer) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}
