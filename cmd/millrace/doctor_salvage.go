package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"millrace/internal/engine/disk"
	"millrace/internal/salvage"
)

func (a *app) salvageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "salvage DIR",
		Short: "Write what is good of a damaged data directory to a new one",
		Long: `Write everything of a damaged data directory that can be proven good to a new,
sound one, and say what could not be saved. The damaged directory is not
changed. Records keep their sequence numbers; streams keep their shards, tags
and retention as the newest readable state of the catalog has them. A stream
that the catalog has lost comes back under the name recovered-UID.

The exit code is 0 if the new directory was written and is sound, even where
records are lost.`,
		Example: example(
			"millrace doctor salvage /var/lib/millrace --to /var/lib/millrace-saved",
			"millrace doctor salvage ./millrace-data --to ./saved --output json",
		),
		Args: cobra.ExactArgs(1),
	}
	to := cmd.Flags().String("to", "", "directory to write: new, or empty")
	cmd.RunE = a.action(func(ctx context.Context, args []string) error {
		if *to == "" {
			return usagef("--to is needed: the directory to write")
		}
		from := disk.Options{Dir: args[0]}
		bar := a.progress(-1, "salvaging", "bytes")
		result, err := salvage.Salvage(ctx, from, disk.Options{Dir: *to}, func(n int64) { bar.Add64(n) })
		bar.Finish()
		if err != nil {
			return doctorHint(err)
		}
		return a.printSalvage(result)
	})
	return cmd
}

func (a *app) printSalvage(r *salvage.Result) error {
	if err := a.printReport(r.Report); err != nil {
		return err
	}
	if a.output == "json" {
		return a.printJSON(struct {
			Kind, To       string
			Records        uint64
			LostRecords    uint64
			LostIsAtMost   bool
			LostIsOpen     bool
			Saved          []salvage.Saved
			Recovered      []salvage.Recovered
			OriginalIsGood bool
		}{"salvage", r.To, r.Records, r.LostRecords, r.AtMost, r.Open, r.Saved, r.Recovered, r.Report.Sound})
	}
	for _, s := range r.Saved {
		a.say("saved: %s %s: %s", printable(s.Stream), s.ShardId, count(int(s.Records), "record"))
	}
	for _, rec := range r.Recovered {
		if rec.Whole {
			a.say("recovered: %s, a stream whose name is lost; its sequence numbers begin with another creation time", rec.Stream)
		} else {
			a.say("recovered: %s: %s, which the catalog has lost: closed, to be read only", printable(rec.Stream), strings.Join(rec.ShardIds, ", "))
		}
	}
	a.say("%s is a sound data directory: %s saved, %s lost", r.To, count(int(r.Records), "record"), lossTotal(r.Report.Lost))
	fmt.Fprintf(a.stderr, "%s was not changed. Start with: millrace serve --data %s\n", r.Report.Dir, quoted(r.To))
	return nil
}
