package limits

import "maps"

const (
	kib = 1 << 10
	mib = 1 << 20
)

// AWS gives the figures of 2026 (quotas and limits, developer guide; call
// rates, API reference).
func AWS() *Limits {
	return &Limits{
		Profile:              "aws",
		MaxRecordBytes:       mib,
		MaxPutRecordsBytes:   10 * mib,
		MaxGetRecordsBytes:   10 * mib,
		MaxTags:              50,
		MaxShards:            1000,
		MaxShardsLarge:       20000,
		MaxShardsPerStream:   10000,
		MaxCreatingStreams:   5,
		MaxOnDemandStreams:   50,
		MaxConsumers:         20,
		MaxCreatingConsumers: 5,
		MaxRetentionHours:    8760,
		ListStreamsDefault:   100,
		ResizesPerDay:        10,
		ResizeHalfToDouble:   true,
		ShardWriteRecords:    1000,
		ShardWriteBytes:      mib,
		ShardReadCalls:       5,
		ShardReadBytes:       2 * mib,
		ShardIterators:       5,
		SubscriptionCalls:    1,
		SubscriptionBytes:    2 * mib,
		AccountCalls: map[string]int{
			"AddTagsToStream":       5,
			"CreateStream":          5,
			"DeleteStream":          5,
			"DescribeLimits":        1,
			"DescribeStream":        10,
			"DescribeStreamSummary": 20,
			"ListStreams":           5,
			"ListTagsForResource":   5,
			"ListTagsForStream":     5,
			"MergeShards":           5,
			"RemoveTagsFromStream":  5,
			"SplitShard":            5,
			"TagResource":           5,
			"UntagResource":         5,
			"UpdateShardCount":      10,
		},
		StreamCalls: map[string]int{
			"DecreaseStreamRetentionPeriod": 5,
			"DeregisterStreamConsumer":      5,
			"DescribeStreamConsumer":        20,
			"IncreaseStreamRetentionPeriod": 5,
			"ListShards":                    1000,
			"ListStreamConsumers":           5,
			"RegisterStreamConsumer":        5,
		},
	}
}

// Classic gives the figures of 2013: records of 50 KB of data, 10 tags, 10
// shards, pages of 10 streams and a retention period of 24 hours.
func Classic() *Limits {
	l := AWS()
	l.Profile = "classic"
	l.MaxRecordBytes = 50 * kib
	l.RecordBytesIgnoreKey = true
	l.MaxTags = 10
	l.MaxShards, l.MaxShardsLarge = 10, 10
	l.MaxRetentionHours = 24
	l.ListStreamsDefault = 10
	return l
}

// None enforces no rates and no quotas of accounts and shards. What belongs
// to the shape of the API stays: the sizes of records and answers, the tags
// of a resource, the longest retention period, page sizes.
func None() *Limits {
	l := AWS()
	return &Limits{
		Profile:            "none",
		MaxRecordBytes:     l.MaxRecordBytes,
		MaxPutRecordsBytes: l.MaxPutRecordsBytes,
		MaxGetRecordsBytes: l.MaxGetRecordsBytes,
		MaxTags:            l.MaxTags,
		MaxRetentionHours:  l.MaxRetentionHours,
		ListStreamsDefault: l.ListStreamsDefault,
	}
}

func (l *Limits) clone() *Limits {
	c := *l
	c.AccountCalls = maps.Clone(l.AccountCalls)
	c.StreamCalls = maps.Clone(l.StreamCalls)
	return &c
}
