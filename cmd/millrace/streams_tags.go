package main

import (
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

func (a *app) tagCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "tag STREAM KEY=VALUE...",
		Short:             "Add or overwrite tags of a stream",
		Example:           example("millrace streams tag demo team=shop stage=test"),
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: a.completeStream,
	}
	cmd.RunE = a.action(func(ctx context.Context, args []string) error {
		tags, err := parseTags(args[1:])
		if err != nil {
			return err
		}
		client, err := a.client(ctx)
		if err != nil {
			return err
		}
		in := &types.AddTagsToStreamInput{Tags: tags}
		in.StreamName, in.StreamARN = nameOrARN(args[0])
		if _, err := client.AddTagsToStream(ctx, in); err != nil {
			return err
		}
		return a.reportDone(args[0], "", "%s on %s", count(len(tags), "tag"), args[0])
	})
	return cmd
}

func (a *app) untagCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "untag STREAM KEY...",
		Short:             "Remove tags of a stream",
		Example:           example("millrace streams untag demo stage"),
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: a.completeStream,
	}
	cmd.RunE = a.onStream(func(ctx context.Context, client *kinesis.Client, stream string, keys []string) error {
		in := &types.RemoveTagsFromStreamInput{TagKeys: keys}
		in.StreamName, in.StreamARN = nameOrARN(stream)
		if _, err := client.RemoveTagsFromStream(ctx, in); err != nil {
			return err
		}
		return a.reportDone(stream, "", "%s off %s", count(len(keys), "tag"), stream)
	})
	return cmd
}

func (a *app) tagsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "tags STREAM",
		Short:             "List the tags of a stream",
		Example:           example("millrace streams tags demo", "millrace streams tags demo --output json"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeStream,
	}
	cmd.RunE = a.onStream(func(ctx context.Context, client *kinesis.Client, stream string, _ []string) error {
		for tag, err := range client.Tags(ctx, stream) {
			if err != nil {
				return err
			}
			if a.output == "json" {
				if err := a.printJSON(struct{ Key, Value string }{deref(tag.Key), deref(tag.Value)}); err != nil {
					return err
				}
			}
			a.say("%s", printable(deref(tag.Key)+"="+deref(tag.Value)))
		}
		return nil
	})
	return cmd
}

func sortedKeys(m map[string]string) []string {
	return slices.Sorted(maps.Keys(m))
}
