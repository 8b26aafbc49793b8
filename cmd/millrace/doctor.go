package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"millrace/internal/engine/disk"
	"millrace/internal/salvage"
)

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Verify a data directory, and save what is good of a damaged one",
		Long: `Verify a data directory, and save what is good of a damaged one. Neither
changes a byte of it. The server that owns it must be stopped.`,
		Example: example(
			"millrace doctor check /var/lib/millrace",
			"millrace doctor salvage /var/lib/millrace --to /var/lib/millrace-saved",
		),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.checkCommand(), a.salvageCommand())
	return cmd
}

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Verify every byte that a server depends on",
		Long: `Verify every byte of a data directory that a server depends on: format,
checkpoint, journal, segments, catalog. It changes nothing. What is damaged is
listed by file and offset, what is lost for it by stream, shard and sequence
number. The exit code is 0 if the directory is sound and 1 if it is not.`,
		Example: example(
			"millrace doctor check ./millrace-data",
			"millrace doctor check /var/lib/millrace --output json | jq -c 'select(.Kind == \"lost\")'",
		),
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.action(func(ctx context.Context, args []string) error {
		report, err := a.check(ctx, args[0])
		if err != nil {
			return err
		}
		if err := a.printReport(report); err != nil {
			return err
		}
		return a.verdict(report)
	})
	return cmd
}

// check verifies a directory behind a progress bar.
func (a *app) check(ctx context.Context, dir string) (*salvage.Report, error) {
	options := disk.Options{Dir: dir}
	bar := a.progress(disk.FolderBytes(options), "verifying", "bytes")
	defer bar.Finish()
	report, err := salvage.Check(ctx, options, func(n int64) { bar.Add64(n) })
	return report, doctorHint(err)
}

// doctorHint adds to an error what can be done about it.
func doctorHint(err error) error {
	if errors.Is(err, salvage.ErrRunning) {
		return fmt.Errorf("%w: stop it first; 'millrace backup' copies a running one", err)
	}
	return err
}

// verdict says what the check came to; a damaged directory is an error.
func (a *app) verdict(r *salvage.Report) error {
	if r.Sound {
		a.say("%s is sound: %s, %s, %s", r.Dir, count(r.Files, "file"), byteCount(r.Bytes), count(int(r.Records), "record"))
		return nil
	}
	n := 0
	for _, d := range r.Damage {
		if !d.Harmless {
			n++
		}
	}
	return fmt.Errorf("%s is damaged: %s, %s lost\nTo save the rest: millrace doctor salvage %s --to NEWDIR",
		r.Dir, count(n, "place"), lossTotal(r.Lost), quoted(r.Dir))
}

func lossTotal(lost []salvage.Loss) string {
	var n uint64
	atMost, more := "", ""
	for _, l := range lost {
		n += l.Records
		switch {
		case l.Open:
			more = " and what the end of the journal held"
		case l.AtMost:
			atMost = "at most "
		}
	}
	return atMost + count(int(n), "record") + more
}

// printReport writes damage and losses. In JSON, Kind tells the lines apart.
func (a *app) printReport(r *salvage.Report) error {
	if a.output == "json" {
		return a.printReportJSON(r)
	}
	for _, d := range r.Damage {
		kind := "damaged"
		if d.Harmless {
			kind = "harmless"
		}
		a.say("%s: %s at offset %d: %s%s", kind, d.File, d.Offset, d.What, whose(d))
	}
	for _, l := range r.Lost {
		a.say("lost: %s %s: %s", printable(l.Stream), l.ShardId, rangeText(l.Range))
	}
	return nil
}

func whose(d salvage.Damage) string {
	if d.Stream == "" {
		return ""
	}
	parts := []string{"stream " + printable(d.Stream)}
	if d.ShardId != "" {
		parts = append(parts, d.ShardId)
	}
	if d.Positions != nil {
		parts = append(parts, rangeText(*d.Positions))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func rangeText(r salvage.Range) string {
	if r.Open {
		text := fmt.Sprintf("perhaps records from position %d on; how many cannot be told", r.First)
		if r.FirstSequenceNumber != "" {
			text += ", sequence numbers above " + r.FirstSequenceNumber
		}
		return text
	}
	text := count(int(r.Records), "record")
	if r.AtMost {
		text = "at most " + text
	}
	text += fmt.Sprintf(", positions %d to %d", r.First, r.Last)
	if r.FirstSequenceNumber != "" {
		text += fmt.Sprintf(", sequence numbers %s to %s", r.FirstSequenceNumber, r.LastSequenceNumber)
	}
	return text
}

func (a *app) printReportJSON(r *salvage.Report) error {
	for _, d := range r.Damage {
		if err := a.printJSON(struct {
			Kind string
			salvage.Damage
		}{"damage", d}); err != nil {
			return err
		}
	}
	for _, l := range r.Lost {
		if err := a.printJSON(struct {
			Kind string
			salvage.Loss
		}{"lost", l}); err != nil {
			return err
		}
	}
	return a.printJSON(struct {
		Kind, Dir string
		Sound     bool
		Files     int
		Bytes     int64
		Records   uint64
	}{"check", r.Dir, r.Sound, r.Files, r.Bytes, r.Records})
}

// byteCount is a number of bytes for people.
func byteCount(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if n >= u.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.size), u.name)
		}
	}
	return count(int(n), "byte")
}
