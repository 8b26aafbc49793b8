package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

func (a *app) streamsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "streams",
		Aliases: []string{"stream"},
		Short:   "Create, list, describe, change and delete streams",
		Long: `Create, list, describe, change and delete streams.

A stream is given by its name or its ARN. What a stream does not do at once it
does in the background; --wait waits until it is done.`,
		Example: example(
			"millrace streams create demo --shards 2 --wait",
			"millrace streams list",
			"millrace streams split demo shardId-000000000000 --wait",
			"millrace streams delete demo --yes",
		),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.createCommand(), a.listCommand(), a.describeCommand(), a.deleteCommand(),
		a.splitCommand(), a.mergeCommand(), a.updateShardCountCommand(),
		a.tagCommand(), a.untagCommand(), a.tagsCommand(), a.retentionCommand(),
	)
	return cmd
}

// streamWork is a command's code on the stream that its first argument names.
type streamWork func(ctx context.Context, client *kinesis.Client, stream string, args []string) error

// onStream makes the RunE of a command whose first argument is a stream.
func (a *app) onStream(f streamWork) func(*cobra.Command, []string) error {
	return a.action(func(ctx context.Context, args []string) error {
		client, err := a.client(ctx)
		if err != nil {
			return err
		}
		return f(ctx, client, args[0], args[1:])
	})
}

// waitFlag adds --wait.
func waitFlag(cmd *cobra.Command, until string) *bool {
	return cmd.Flags().BoolP("wait", "w", false, "wait until "+until)
}

// done ends a command that changed a stream: it waits if that is wanted, and
// says what was done.
func (a *app) done(ctx context.Context, client *kinesis.Client, stream string, wait bool, format string, args ...any) error {
	if !wait {
		return a.reportDone(stream, "", format, args...)
	}
	status, err := a.waitActive(ctx, client, stream)
	if err != nil {
		return err
	}
	return a.reportDone(stream, status, format, args...)
}

func (a *app) reportDone(stream string, status types.StreamStatus, format string, args ...any) error {
	if a.output == "json" {
		return a.printJSON(struct {
			Stream       string
			StreamStatus types.StreamStatus `json:",omitempty"`
		}{stream, status})
	}
	text := fmt.Sprintf(format, args...)
	if status != "" {
		text += ", " + string(status)
	}
	a.say("%s", text)
	return nil
}

// parseTags reads arguments of the form key=value.
func parseTags(args []string) (map[string]string, error) {
	tags := make(map[string]string, len(args))
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok || key == "" {
			return nil, usagef("tag %q has not the form key=value", arg)
		}
		tags[key] = value
	}
	return tags, nil
}
