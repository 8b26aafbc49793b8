package kinesis

import (
	"context"
	"errors"
	"iter"
	"strings"

	"millrace/kinesis/types"
)

// Streams walks over all streams of the account, in the order of their names.
// An error ends the walk.
func (c *Client) Streams(ctx context.Context) iter.Seq2[types.StreamSummary, error] {
	return func(yield func(types.StreamSummary, error) bool) {
		in := &types.ListStreamsInput{}
		for {
			out, err := c.ListStreams(ctx, in)
			if err != nil {
				yield(types.StreamSummary{}, err)
				return
			}
			for _, s := range summaries(out) {
				if !yield(s, nil) {
					return
				}
			}
			if !deref(out.HasMoreStreams) || len(out.StreamNames) == 0 {
				return
			}
			in = &types.ListStreamsInput{NextToken: out.NextToken}
			if in.NextToken == nil {
				in.ExclusiveStartStreamName = &out.StreamNames[len(out.StreamNames)-1]
			}
		}
	}
}

// summaries gives a page's summaries; a service of the 2013 API lists names only.
func summaries(out *types.ListStreamsOutput) []types.StreamSummary {
	if len(out.StreamSummaries) > 0 {
		return out.StreamSummaries
	}
	list := make([]types.StreamSummary, len(out.StreamNames))
	for i := range out.StreamNames {
		list[i].StreamName = &out.StreamNames[i]
	}
	return list
}

// Shards walks over all shards of a stream that still hold records or are
// open, in the order of their ids, so that parents come before their children.
// The stream is given by its name or its ARN. An error ends the walk.
func (c *Client) Shards(ctx context.Context, stream string) iter.Seq2[types.Shard, error] {
	return func(yield func(types.Shard, error) bool) {
		var last *string
		in := &types.ListShardsInput{}
		in.StreamName, in.StreamARN = nameOrARN(stream)
		for {
			out, err := c.ListShards(ctx, in)
			if _, stale := errors.AsType[*types.ExpiredNextTokenException](err); stale && last != nil {
				// The caller took more than five minutes over a page.
				in = &types.ListShardsInput{ExclusiveStartShardId: last}
				in.StreamName, in.StreamARN = nameOrARN(stream)
				continue
			}
			if err != nil {
				yield(types.Shard{}, err)
				return
			}
			for _, s := range out.Shards {
				if last = s.ShardId; !yield(s, nil) {
					return
				}
			}
			if deref(out.NextToken) == "" {
				return
			}
			in = &types.ListShardsInput{NextToken: out.NextToken}
		}
	}
}

// Tags walks over all tags of a stream, given by its name or its ARN, in the
// order of their keys. An error ends the walk.
func (c *Client) Tags(ctx context.Context, stream string) iter.Seq2[types.Tag, error] {
	return func(yield func(types.Tag, error) bool) {
		in := &types.ListTagsForStreamInput{}
		in.StreamName, in.StreamARN = nameOrARN(stream)
		for {
			out, err := c.ListTagsForStream(ctx, in)
			if err != nil {
				yield(types.Tag{}, err)
				return
			}
			for _, t := range out.Tags {
				if !yield(t, nil) {
					return
				}
			}
			if !deref(out.HasMoreTags) || len(out.Tags) == 0 {
				return
			}
			in.ExclusiveStartTagKey = out.Tags[len(out.Tags)-1].Key
		}
	}
}

// nameOrARN tells a stream's name from its ARN; a name holds no colon.
func nameOrARN(stream string) (name, arn *string) {
	if strings.HasPrefix(stream, "arn:") {
		return nil, &stream
	}
	return &stream, nil
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
