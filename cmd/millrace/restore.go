package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"millrace/internal/engine/disk"
	"millrace/internal/salvage"
)

func (a *app) restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore BACKUP",
		Short: "Verify a backup and make a data directory of it",
		Long: `Verify a backup and make a data directory of it, for a server to start on. The
backup is not changed, and shares no file with the copy. A damaged backup is
refused; 'millrace doctor salvage' saves what is good of it.

Records have the sequence numbers that they had. New ones get numbers above all
that the server has given out, also after the backup.`,
		Example: example(
			"millrace restore /backup/millrace-2026-11-01 --data /var/lib/millrace",
			"millrace restore ./backup --data ./millrace-data && millrace serve",
		),
		Args: cobra.ExactArgs(1),
	}
	data := cmd.Flags().String("data", "", "data directory to make: new, or empty")
	cmd.RunE = a.action(func(ctx context.Context, args []string) error {
		if *data == "" {
			return usagef("--data is needed: the data directory to make")
		}
		return a.restore(ctx, args[0], *data)
	})
	return cmd
}

func (a *app) restore(ctx context.Context, from, data string) error {
	bar := a.progress(3*disk.FolderBytes(disk.Options{Dir: from}), "restoring", "bytes")
	report, err := salvage.Restore(ctx, disk.Options{Dir: from}, disk.Options{Dir: data}, func(n int64) { bar.Add64(n) })
	bar.Finish()
	if damaged, ok := errors.AsType[*salvage.DamagedError](err); ok {
		if err := a.printReport(damaged.Report); err != nil {
			return err
		}
		return fmt.Errorf("%w\nTo save the rest: millrace doctor salvage %s --to NEWDIR", err, quoted(from))
	}
	if err != nil {
		return doctorHint(err)
	}
	if a.output == "json" {
		return a.printJSON(struct {
			Data    string
			Files   int
			Bytes   int64
			Records uint64
		}{data, report.Files, report.Bytes, report.Records})
	}
	a.say("restored %s: %s, %s; start with: millrace serve --data %s", data, count(int(report.Records), "record"), byteCount(report.Bytes), quoted(data))
	return nil
}
