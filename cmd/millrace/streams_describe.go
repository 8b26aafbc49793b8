package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// streamView is a stream as the commands write it.
type streamView struct {
	StreamName              string
	StreamARN               string             `json:",omitempty"`
	StreamStatus            types.StreamStatus `json:",omitempty"`
	StreamMode              types.StreamMode   `json:",omitempty"`
	StreamCreationTimestamp *time.Time         `json:",omitempty"`
	RetentionPeriodHours    int32              `json:",omitempty"`
	OpenShardCount          *int32             `json:",omitempty"`
	ConsumerCount           int32              `json:",omitempty"`
	EncryptionType          string             `json:",omitempty"`
	Shards                  []shardView        `json:",omitempty"`
	Tags                    map[string]string  `json:",omitempty"`
}

// shardView is a shard as the commands write it.
type shardView struct {
	ShardID                string `json:"ShardId"`
	Open                   bool
	ParentShardID          string `json:"ParentShardId,omitempty"`
	AdjacentParentShardID  string `json:"AdjacentParentShardId,omitempty"`
	StartingHashKey        string
	EndingHashKey          string
	StartingSequenceNumber string
	EndingSequenceNumber   string `json:",omitempty"`
}

func (a *app) describeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "describe STREAM",
		Short:             "Describe a stream, its shards and its tags",
		Example:           example("millrace streams describe demo", "millrace streams describe demo --output json | jq .Shards"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeStream,
	}
	cmd.RunE = a.onStream(func(ctx context.Context, client *kinesis.Client, stream string, _ []string) error {
		view, err := describe(ctx, client, stream)
		if err != nil {
			return err
		}
		if err := addShardsAndTags(ctx, client, stream, view); err != nil {
			return err
		}
		if a.output == "json" {
			return a.printJSON(view)
		}
		return a.printStream(view)
	})
	return cmd
}

// describe gives a stream without its shards and tags.
func describe(ctx context.Context, client *kinesis.Client, stream string) (*streamView, error) {
	in := &types.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = nameOrARN(stream)
	out, err := client.DescribeStreamSummary(ctx, in)
	if err != nil {
		return nil, err
	}
	s := out.StreamDescriptionSummary
	if s == nil {
		return nil, fmt.Errorf("the answer describes no stream")
	}
	v := &streamView{
		StreamName: deref(s.StreamName), StreamARN: deref(s.StreamARN),
		StreamStatus: s.StreamStatus, StreamMode: types.StreamModeProvisioned,
		StreamCreationTimestamp: s.StreamCreationTimestamp,
		RetentionPeriodHours:    deref(s.RetentionPeriodHours),
		OpenShardCount:          s.OpenShardCount,
		ConsumerCount:           deref(s.ConsumerCount),
		EncryptionType:          string(s.EncryptionType),
	}
	if s.StreamModeDetails != nil {
		v.StreamMode = s.StreamModeDetails.StreamMode
	}
	return v, nil
}

func addShardsAndTags(ctx context.Context, client *kinesis.Client, stream string, v *streamView) error {
	// A stream that is being created or deleted lists no shards yet, or no more.
	for s, err := range client.Shards(ctx, stream) {
		if kinesis.IsInUse(err) {
			break
		}
		if err != nil {
			return err
		}
		v.Shards = append(v.Shards, viewOfShard(s))
	}
	for t, err := range client.Tags(ctx, stream) {
		if err != nil {
			return err
		}
		if v.Tags == nil {
			v.Tags = make(map[string]string)
		}
		v.Tags[deref(t.Key)] = deref(t.Value)
	}
	return nil
}

func viewOfShard(s types.Shard) shardView {
	v := shardView{
		ShardID: deref(s.ShardId), ParentShardID: deref(s.ParentShardId),
		AdjacentParentShardID: deref(s.AdjacentParentShardId), Open: true,
	}
	if r := s.HashKeyRange; r != nil {
		v.StartingHashKey, v.EndingHashKey = deref(r.StartingHashKey), deref(r.EndingHashKey)
	}
	if r := s.SequenceNumberRange; r != nil {
		v.StartingSequenceNumber, v.EndingSequenceNumber = deref(r.StartingSequenceNumber), deref(r.EndingSequenceNumber)
		v.Open = r.EndingSequenceNumber == nil
	}
	return v
}

// parents are the shards that the shard came from: none, one or two.
func (v shardView) parents() []string {
	return slices.DeleteFunc([]string{v.ParentShardID, v.AdjacentParentShardID}, func(id string) bool { return id == "" })
}

func (a *app) printStream(v *streamView) error {
	rows := [][]string{
		{"Name", v.StreamName},
		{"ARN", v.StreamARN},
		{"Status", string(v.StreamStatus)},
		{"Mode", string(v.StreamMode)},
		{"Created", localTime(v.StreamCreationTimestamp)},
		{"Retention", hours(v.RetentionPeriodHours)},
		{"Open shards", fmt.Sprint(deref(v.OpenShardCount))},
		{"Consumers", fmt.Sprint(v.ConsumerCount)},
		{"Encryption", v.EncryptionType},
	}
	for _, key := range sortedKeys(v.Tags) {
		rows = append(rows, []string{"Tag", printable(key + "=" + v.Tags[key])})
	}
	if err := table(a.stdout, rows); err != nil || len(v.Shards) == 0 {
		return err
	}
	fmt.Fprintln(a.stdout)
	rows = [][]string{{"SHARD", "STATE", "PARENTS", "HASH KEYS FROM", "TO"}}
	for _, s := range v.Shards {
		state := "closed"
		if s.Open {
			state = "open"
		}
		parents := strings.Join(s.parents(), ",")
		if parents == "" {
			parents = "-"
		}
		rows = append(rows, []string{s.ShardID, state, parents, s.StartingHashKey, s.EndingHashKey})
	}
	return table(a.stdout, rows)
}

// hours says a retention in hours, and in days where it is whole days.
func hours(n int32) string {
	if n >= 48 && n%24 == 0 {
		return fmt.Sprintf("%d h (%d days)", n, n/24)
	}
	return fmt.Sprintf("%d h", n)
}
