package main

import (
	"context"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

func (a *app) createCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create STREAM",
		Short: "Create a stream",
		Example: example(
			"millrace streams create demo --wait",
			"millrace streams create orders --shards 4 --tag team=shop",
			"millrace streams create clicks --on-demand",
			"millrace streams create demo --if-absent --wait",
		),
		Args: cobra.ExactArgs(1),
	}
	shards := cmd.Flags().Int32P("shards", "n", 1, "number of shards")
	onDemand := cmd.Flags().Bool("on-demand", false, "let the service choose the number of shards")
	tags := cmd.Flags().StringArray("tag", nil, "tag, as key=value; may be repeated")
	ifAbsent := cmd.Flags().Bool("if-absent", false, "succeed if the stream exists already")
	wait := waitFlag(cmd, "the stream is ACTIVE")
	cmd.MarkFlagsMutuallyExclusive("shards", "on-demand")
	cmd.RunE = a.onStream(func(ctx context.Context, client *kinesis.Client, stream string, _ []string) error {
		in := &types.CreateStreamInput{StreamName: &stream}
		if *onDemand {
			in.StreamModeDetails = &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}
		} else {
			in.ShardCount = shards
		}
		if len(*tags) > 0 {
			var err error
			if in.Tags, err = parseTags(*tags); err != nil {
				return err
			}
		}
		said := "created " + stream
		if _, err := client.CreateStream(ctx, in); kinesis.IsInUse(err) && *ifAbsent {
			said = stream + " exists"
		} else if err != nil {
			return err
		}
		return a.done(ctx, client, stream, *wait, "%s", said)
	})
	return cmd
}
