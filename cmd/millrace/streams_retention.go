package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

func (a *app) retentionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retention STREAM [PERIOD]",
		Short: "Show or set for how long records stay readable",
		Long: `Show or set for how long records of a stream stay readable: a number of hours
such as 48 or 48h, or of days such as 7d.`,
		Example: example(
			"millrace streams retention demo",
			"millrace streams retention demo 48h",
			"millrace streams retention demo 7d --wait",
		),
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeStream,
	}
	wait := waitFlag(cmd, "the stream is ACTIVE again")
	cmd.RunE = a.action(func(ctx context.Context, args []string) error {
		var period int32
		if len(args) == 2 {
			var err error
			if period, err = parsePeriod(args[1]); err != nil {
				return err
			}
		}
		client, err := a.client(ctx)
		if err != nil {
			return err
		}
		view, err := describe(ctx, client, args[0])
		if err != nil {
			return err
		}
		if period == 0 {
			return a.printRetention(args[0], view.RetentionPeriodHours)
		}
		if err := setRetention(ctx, client, args[0], view.RetentionPeriodHours, period); err != nil {
			return err
		}
		return a.done(ctx, client, args[0], *wait, "%s: records stay for %s", args[0], hours(period))
	})
	return cmd
}

func (a *app) printRetention(stream string, period int32) error {
	if a.output == "json" {
		return a.printJSON(struct {
			Stream               string
			RetentionPeriodHours int32
		}{stream, period})
	}
	a.say("%s", hours(period))
	return nil
}

// setRetention calls the operation of the direction that is needed.
func setRetention(ctx context.Context, client *kinesis.Client, stream string, now, period int32) error {
	name, arn := nameOrARN(stream)
	var err error
	if period < now {
		_, err = client.DecreaseStreamRetentionPeriod(ctx, &types.DecreaseStreamRetentionPeriodInput{
			StreamName: name, StreamARN: arn, RetentionPeriodHours: &period})
	} else {
		_, err = client.IncreaseStreamRetentionPeriod(ctx, &types.IncreaseStreamRetentionPeriodInput{
			StreamName: name, StreamARN: arn, RetentionPeriodHours: &period})
	}
	return err
}

// parsePeriod reads hours: 48, 48h or 2d.
func parsePeriod(s string) (int32, error) {
	text, factor := s, int64(1)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		text, factor = days, 24
	}
	n, err := strconv.ParseInt(text, 10, 16)
	if err != nil {
		var d time.Duration
		if d, err = time.ParseDuration(text); err != nil || d%time.Hour != 0 {
			return 0, usagef("PERIOD %q is not a number of hours (48, 48h) or days (7d)", s)
		}
		n = int64(d / time.Hour)
	}
	if n <= 0 || n*factor > 1<<20 {
		return 0, usagef("PERIOD %q is not a number of hours (48, 48h) or days (7d)", s)
	}
	return int32(n * factor), nil
}
