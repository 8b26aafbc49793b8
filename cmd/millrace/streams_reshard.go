package main

import (
	"context"
	"fmt"
	"math/big"
	"strconv"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

func (a *app) splitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "split STREAM SHARD",
		Short: "Split a shard in two",
		Long:  "Split a shard in two, in the middle of its hash keys unless --at says otherwise.",
		Example: example(
			"millrace streams split demo shardId-000000000000 --wait",
			"millrace streams split demo shardId-000000000000 --at 85070591730234615865843651857942052864",
		),
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeStream,
	}
	at := cmd.Flags().String("at", "", "first hash key of the second half")
	wait := waitFlag(cmd, "the stream is ACTIVE again")
	cmd.RunE = a.onStream(func(ctx context.Context, client *kinesis.Client, stream string, args []string) error {
		in := &types.SplitShardInput{ShardToSplit: &args[0], NewStartingHashKey: at}
		in.StreamName, in.StreamARN = nameOrARN(stream)
		if *at == "" {
			middle, err := middleOf(ctx, client, stream, args[0])
			if err != nil {
				return err
			}
			in.NewStartingHashKey = &middle
		}
		if _, err := client.SplitShard(ctx, in); err != nil {
			return err
		}
		return a.done(ctx, client, stream, *wait, "split %s of %s at %s", args[0], stream, *in.NewStartingHashKey)
	})
	return cmd
}

// middleOf gives the hash key that halves a shard.
func middleOf(ctx context.Context, client *kinesis.Client, stream, shard string) (string, error) {
	for s, err := range client.Shards(ctx, stream) {
		if err != nil {
			return "", err
		}
		if deref(s.ShardId) != shard {
			continue
		}
		view := viewOfShard(s)
		first, ok1 := new(big.Int).SetString(view.StartingHashKey, 10)
		last, ok2 := new(big.Int).SetString(view.EndingHashKey, 10)
		if !ok1 || !ok2 {
			return "", fmt.Errorf("shard %s has no range of hash keys", shard)
		}
		middle := first.Add(first, last)
		return middle.Rsh(middle.Add(middle, big.NewInt(1)), 1).String(), nil
	}
	return "", fmt.Errorf("stream %s has no shard %s; see: millrace streams describe %s", stream, shard, stream)
}

func (a *app) mergeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "merge STREAM SHARD ADJACENT-SHARD",
		Short: "Merge two adjacent shards into one",
		Example: example(
			"millrace streams merge demo shardId-000000000001 shardId-000000000002 --wait",
		),
		Args:              cobra.ExactArgs(3),
		ValidArgsFunction: a.completeStream,
	}
	wait := waitFlag(cmd, "the stream is ACTIVE again")
	cmd.RunE = a.onStream(func(ctx context.Context, client *kinesis.Client, stream string, args []string) error {
		in := &types.MergeShardsInput{ShardToMerge: &args[0], AdjacentShardToMerge: &args[1]}
		in.StreamName, in.StreamARN = nameOrARN(stream)
		if _, err := client.MergeShards(ctx, in); err != nil {
			return err
		}
		return a.done(ctx, client, stream, *wait, "merged %s and %s of %s", args[0], args[1], stream)
	})
	return cmd
}

func (a *app) updateShardCountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "update-shard-count STREAM COUNT",
		Short: "Change the number of open shards",
		Example: example(
			"millrace streams update-shard-count demo 4 --wait",
		),
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeStream,
	}
	wait := waitFlag(cmd, "the stream is ACTIVE again")
	cmd.RunE = a.action(func(ctx context.Context, args []string) error {
		n, err := strconv.ParseInt(args[1], 10, 32)
		if err != nil || n < 1 {
			return usagef("COUNT %q is not a number of shards", args[1])
		}
		client, err := a.client(ctx)
		if err != nil {
			return err
		}
		in := &types.UpdateShardCountInput{TargetShardCount: new(int32(n)), ScalingType: types.ScalingTypeUniformScaling}
		in.StreamName, in.StreamARN = nameOrARN(args[0])
		out, err := client.UpdateShardCount(ctx, in)
		if err != nil {
			return err
		}
		return a.done(ctx, client, args[0], *wait, "%s: from %d to %d shards",
			args[0], deref(out.CurrentShardCount), deref(out.TargetShardCount))
	})
	return cmd
}
