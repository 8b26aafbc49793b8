package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

func (a *app) deleteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "delete STREAM",
		Aliases: []string{"rm"},
		Short:   "Delete a stream and all its records",
		Long:    "Delete a stream and all its records. On a terminal it asks first, unless --yes is given.",
		Example: example(
			"millrace streams delete demo",
			"millrace streams delete demo --yes --wait",
		),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeStream,
	}
	yes := cmd.Flags().BoolP("yes", "y", false, "do not ask")
	consumers := cmd.Flags().Bool("enforce-consumer-deletion", false, "delete it even if it has registered consumers")
	wait := waitFlag(cmd, "the stream is gone")
	cmd.RunE = a.onStream(func(ctx context.Context, client *kinesis.Client, stream string, _ []string) error {
		if !*yes && isTerminal(a.stdin) {
			if err := a.confirm(ctx, client, stream); err != nil {
				return err
			}
		}
		in := &types.DeleteStreamInput{}
		in.StreamName, in.StreamARN = nameOrARN(stream)
		if *consumers {
			in.EnforceConsumerDeletion = consumers
		}
		if _, err := client.DeleteStream(ctx, in); err != nil {
			return err
		}
		if *wait {
			if err := a.waitGone(ctx, client, stream); err != nil {
				return err
			}
		}
		return a.reportDone(stream, "", "deleted %s", stream)
	})
	return cmd
}

// confirm asks whether the stream is really to be deleted.
func (a *app) confirm(ctx context.Context, client *kinesis.Client, stream string) error {
	view, err := describe(ctx, client, stream)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "Delete %s (%s) at %s with all its records? Type yes: ",
		view.StreamName, count(int(deref(view.OpenShardCount)), "open shard"), a.address)
	line, _ := bufio.NewReader(a.stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "yes" && answer != "y" {
		return fmt.Errorf("%s was not deleted", stream)
	}
	return nil
}
