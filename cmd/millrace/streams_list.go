package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

func (a *app) listCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List streams",
		Example: example(
			"millrace streams list",
			"millrace streams list --long",
			"millrace streams list --output json | jq -r .StreamName",
		),
		Args: cobra.NoArgs,
	}
	long := cmd.Flags().BoolP("long", "l", false, "also shards, retention and consumers (one more call a stream)")
	cmd.RunE = a.action(func(ctx context.Context, _ []string) error {
		client, err := a.client(ctx)
		if err != nil {
			return err
		}
		return a.listStreams(ctx, client, *long)
	})
	return cmd
}

func (a *app) listStreams(ctx context.Context, client *kinesis.Client, long bool) error {
	rows := [][]string{{"NAME", "STATUS", "MODE", "CREATED"}}
	if long {
		rows[0] = append(rows[0], "SHARDS", "RETENTION", "CONSUMERS")
	}
	for s, err := range client.Streams(ctx) {
		if err != nil {
			return err
		}
		view := viewOfSummary(s)
		if long {
			if view, err = describe(ctx, client, deref(s.StreamName)); kinesis.IsNotFound(err) {
				continue // deleted meanwhile
			} else if err != nil {
				return err
			}
		}
		if a.output == "json" {
			if err := a.printJSON(view); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, view.row(long))
	}
	switch {
	case a.output == "json":
		return nil
	case len(rows) == 1:
		a.say("no streams; create one with: millrace streams create NAME")
		return nil
	}
	return table(a.stdout, rows)
}

func viewOfSummary(s types.StreamSummary) *streamView {
	v := &streamView{
		StreamName: deref(s.StreamName), StreamARN: deref(s.StreamARN),
		StreamStatus: s.StreamStatus, StreamCreationTimestamp: s.StreamCreationTimestamp,
	}
	if s.StreamModeDetails != nil {
		v.StreamMode = s.StreamModeDetails.StreamMode
	}
	return v
}

func (v *streamView) row(long bool) []string {
	orDash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	row := []string{v.StreamName, orDash(string(v.StreamStatus)), orDash(string(v.StreamMode)), localTime(v.StreamCreationTimestamp)}
	if long {
		row = append(row, strconv.Itoa(int(deref(v.OpenShardCount))), hours(v.RetentionPeriodHours), strconv.Itoa(int(v.ConsumerCount)))
	}
	return row
}
