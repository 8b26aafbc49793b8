package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/spf13/cobra"

	"millrace/internal/engine/disk"
	"millrace/internal/salvage"
	"millrace/internal/server"
)

// backupFlags are the flags of backup.
type backupFlags struct {
	to, admin, data    string
	copies, unverified bool
}

const backupLong = `Copy the data of a running server to a directory on its machine. The copy is
consistent and holds every record that was acknowledged before the command; the
server goes on meanwhile. With --data it copies the directory of a server that
is stopped.

The copy is a data directory itself; 'millrace restore' verifies it and puts it
in place. On the same file system it shares files that no server writes to any
more (hard links), which takes next to no time or space; --copy makes copies.
It ends with a check of the copy.`

func (a *app) backupCommand() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Copy the data of a running server to a directory",
		Long:  backupLong,
		Example: example(
			"millrace backup --to /backup/millrace-$(date +%F)",
			"millrace backup --to /mnt/other/millrace --admin 127.0.0.1:4568 --copy",
			"millrace backup --data /var/lib/millrace --to /backup/millrace   # the server is stopped",
		),
		Args: cobra.NoArgs,
	}
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "directory to write: new, or empty")
	fl.StringVar(&f.admin, "admin", "127.0.0.1:4568", "admin address of the running server")
	fl.StringVar(&f.data, "data", "", "data directory of a server that is stopped")
	fl.BoolVar(&f.copies, "copy", false, "copy every file, even where hard links would do")
	fl.BoolVar(&f.unverified, "no-verify", false, "do not check the copy afterwards")
	cmd.MarkFlagsMutuallyExclusive("admin", "data")
	cmd.RunE = a.action(func(ctx context.Context, _ []string) error {
		if f.to == "" {
			return usagef("--to is needed: the directory to write")
		}
		return a.backup(ctx, f)
	})
	return cmd
}

func (a *app) backup(ctx context.Context, f backupFlags) error {
	dir, err := filepath.Abs(f.to)
	if err != nil {
		return err
	}
	stop := a.spin("copying")
	var answer server.BackupAnswer
	if f.data != "" {
		answer, err = backupStopped(ctx, f, dir)
	} else {
		answer, err = a.backupRunning(ctx, f, dir)
	}
	stop()
	if err != nil {
		return err
	}
	var report *salvage.Report
	if !f.unverified {
		if report, err = a.check(ctx, dir); err != nil {
			return fmt.Errorf("%s was written; its check failed: %w", dir, err)
		}
	}
	return a.reportBackup(dir, answer, report)
}

func (a *app) reportBackup(dir string, answer server.BackupAnswer, report *salvage.Report) error {
	if report != nil && !report.Sound {
		if err := a.printReport(report); err != nil {
			return err
		}
		return fmt.Errorf("%s was written, and holds the damage that the original has", dir)
	}
	if a.output == "json" {
		out := struct {
			Dir              string
			Segments, Linked int
			Bytes            int64
			Verified         bool
			Records          uint64 `json:",omitempty"`
		}{Dir: dir, Segments: answer.Segments, Linked: answer.Linked, Bytes: answer.Bytes, Verified: report != nil}
		if report != nil {
			out.Records = report.Records
		}
		return a.printJSON(out)
	}
	text := fmt.Sprintf("backup in %s: %s, %s", dir, count(answer.Segments, "segment"), byteCount(answer.Bytes))
	if answer.Linked > 0 {
		text += fmt.Sprintf(", %d shared with the server's directory", answer.Linked)
	}
	if report != nil {
		text += fmt.Sprintf(", verified: %s", count(int(report.Records), "record"))
	}
	a.say("%s", text)
	return nil
}

// backupStopped starts the engine alone on a directory, which does what the
// start of a server does, and copies it.
func backupStopped(ctx context.Context, f backupFlags, dir string) (answer server.BackupAnswer, err error) {
	if err := salvage.Apart(f.data, dir); err != nil {
		return answer, err
	}
	info, err := salvage.BackupStopped(ctx, disk.Options{Dir: f.data}, disk.BackupOptions{Dir: dir, Copy: f.copies})
	if errors.Is(err, salvage.ErrRunning) {
		err = fmt.Errorf("%w: leave out --data, to have it make the backup", err)
	}
	return server.BackupAnswer{Dir: dir, Segments: info.Segments, Linked: info.Linked, Bytes: info.Bytes}, err
}

// backupRunning asks the server for it.
func (a *app) backupRunning(ctx context.Context, f backupFlags, dir string) (answer server.BackupAnswer, err error) {
	a.address = "http://" + f.admin
	if err := a.probe(ctx); err != nil {
		return answer, fmt.Errorf("no server at the admin address %s (name it with --admin; for a server that is stopped, --data DIR): %w", f.admin, err)
	}
	body, err := json.Marshal(server.BackupRequest{Dir: dir, Copy: f.copies})
	if err != nil {
		return answer, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.address+server.BackupPath, bytes.NewReader(body))
	if err != nil {
		return answer, usageError{err}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(server.BackupHeader, "backup")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy: it is this machine
	resp, err := client.Do(r)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return answer, err
	}
	if json.Unmarshal(text, &answer) != nil || answer.Error == "" && resp.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("%s answers %s: is it the admin address of millrace serve?", f.admin, resp.Status)
	}
	if answer.Error != "" {
		return answer, fmt.Errorf("the server made no backup: %s", answer.Error)
	}
	return answer, nil
}
