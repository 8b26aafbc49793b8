// Package limits holds the quotas and rates that the server enforces, as
// data. Three profiles are built in: aws (the figures of 2026), classic (those
// of 2013) and none; a file names any subset and takes the rest from a
// profile. It is a leaf: package ops enforces what stands here.
package limits

// Limits are the quotas and rates in force. Every figure that is 0 is not
// enforced. The YAML names are those of the limits file.
type Limits struct {
	// Profile names the profile that a file starts from; aws where absent.
	Profile string `yaml:"profile"`

	// MaxRecordBytes bounds one record, data and partition key together.
	MaxRecordBytes int `yaml:"max_record_bytes"`
	// RecordBytesIgnoreKey leaves the partition key out of MaxRecordBytes, as
	// in 2013.
	RecordBytesIgnoreKey bool `yaml:"record_bytes_ignore_key"`
	// MaxPutRecordsBytes bounds one PutRecords call, partition keys included.
	MaxPutRecordsBytes int `yaml:"max_put_records_bytes"`
	// MaxGetRecordsBytes bounds one GetRecords answer; it is always enforced.
	MaxGetRecordsBytes int `yaml:"max_get_records_bytes"`
	// MaxTags bounds the tags of one resource.
	MaxTags int `yaml:"max_tags"`
	// MaxShards bounds the open shards of an account in a region.
	MaxShards int `yaml:"max_shards"`
	// MaxShardsLarge takes the place of MaxShards in us-east-1, us-west-2 and
	// eu-west-1.
	MaxShardsLarge int `yaml:"max_shards_large_regions"`
	// MaxShardsPerStream bounds what UpdateShardCount may ask for.
	MaxShardsPerStream int `yaml:"max_shards_per_stream"`
	// MaxCreatingStreams bounds the streams of an account that are CREATING.
	MaxCreatingStreams int `yaml:"max_creating_streams"`
	// MaxOnDemandStreams bounds the on-demand streams of an account.
	MaxOnDemandStreams int `yaml:"max_on_demand_streams"`
	// MaxConsumers bounds the registered consumers of a stream.
	MaxConsumers int `yaml:"max_consumers_per_stream"`
	// MaxCreatingConsumers bounds the consumers of a stream that are CREATING.
	MaxCreatingConsumers int `yaml:"max_creating_consumers"`
	// MaxRetentionHours bounds the retention period.
	MaxRetentionHours int `yaml:"max_retention_hours"`
	// ListStreamsDefault is the page size of ListStreams where the call names
	// none; it is always enforced.
	ListStreamsDefault int `yaml:"list_streams_default"`
	// ResizesPerDay bounds the UpdateShardCount calls on a stream in 24 hours.
	ResizesPerDay int `yaml:"resizes_per_day"`
	// ResizeHalfToDouble holds UpdateShardCount between half and double the
	// open shards.
	ResizeHalfToDouble bool `yaml:"resize_half_to_double"`

	// ShardWriteRecords is the records per second that a shard takes.
	ShardWriteRecords int `yaml:"shard_write_records_per_second"`
	// ShardWriteBytes is the bytes per second that a shard takes.
	ShardWriteBytes int `yaml:"shard_write_bytes_per_second"`
	// ShardReadCalls is the GetRecords calls per second that a shard answers.
	ShardReadCalls int `yaml:"shard_read_calls_per_second"`
	// ShardReadBytes is the bytes per second that a shard gives to GetRecords.
	ShardReadBytes int `yaml:"shard_read_bytes_per_second"`
	// ShardIterators is the GetShardIterator calls per second and shard.
	ShardIterators int `yaml:"shard_iterators_per_second"`

	// SubscriptionCalls is the SubscribeToShard calls per second of a consumer
	// and shard.
	SubscriptionCalls int `yaml:"subscription_calls_per_second"`
	// SubscriptionBytes is the bytes per second that a shard gives to each
	// registered consumer.
	SubscriptionBytes int `yaml:"subscription_bytes_per_second"`

	// AccountCalls is the calls per second of a control operation, counted
	// for each account and region.
	AccountCalls map[string]int `yaml:"account_calls_per_second"`
	// StreamCalls is the calls per second of a control operation, counted for
	// each stream.
	StreamCalls map[string]int `yaml:"stream_calls_per_second"`
}

// ShardLimit is the limit of open shards in a region, 0 for none.
func (l *Limits) ShardLimit(region string) int {
	switch region {
	case "us-east-1", "us-west-2", "eu-west-1":
		return l.MaxShardsLarge
	}
	return l.MaxShards
}
