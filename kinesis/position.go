package kinesis

import (
	"time"

	"millrace/kinesis/types"
)

// Start is a place in a shard to read from. The zero value is TrimHorizon.
type Start struct {
	// Type of the iterator; "" is TRIM_HORIZON.
	Type types.ShardIteratorType
	// SequenceNumber, for AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER.
	SequenceNumber string
	// Timestamp, for AT_TIMESTAMP.
	Timestamp time.Time
}

// TrimHorizon is the oldest record that the shard still holds.
func TrimHorizon() Start { return Start{Type: types.ShardIteratorTypeTrimHorizon} }

// Latest is behind the newest record: only what is put from now on is read.
func Latest() Start { return Start{Type: types.ShardIteratorTypeLatest} }

// AtSequenceNumber is the record of that sequence number.
func AtSequenceNumber(n string) Start {
	return Start{Type: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: n}
}

// AfterSequenceNumber is the record that follows the one of that sequence number.
func AfterSequenceNumber(n string) Start {
	return Start{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: n}
}

// AtTimestamp is the first record that arrived at t or later. The service
// takes t to the millisecond.
func AtTimestamp(t time.Time) Start {
	return Start{Type: types.ShardIteratorTypeAtTimestamp, Timestamp: t}
}

// ShardPosition says what Records and Pages read, and how.
type ShardPosition struct {
	// Stream is the name or the ARN of the stream.
	Stream string
	// ShardID is the shard, such as shardId-000000000000.
	ShardID string
	// Start is where to begin.
	Start Start

	// Limit is the most records of one answer, up to 10,000. 0 leaves it to
	// the service.
	Limit int
	// PollInterval is the longest wait between two calls while there is
	// nothing new. Default 1 s; the first wait is a quarter of it.
	PollInterval time.Duration
}

func (p ShardPosition) iteratorInput(from Start) *types.GetShardIteratorInput {
	in := &types.GetShardIteratorInput{ShardId: &p.ShardID, ShardIteratorType: from.Type}
	in.StreamName, in.StreamARN = nameOrARN(p.Stream)
	if in.ShardIteratorType == "" {
		in.ShardIteratorType = types.ShardIteratorTypeTrimHorizon
	}
	if from.SequenceNumber != "" {
		in.StartingSequenceNumber = &from.SequenceNumber
	}
	if !from.Timestamp.IsZero() {
		in.Timestamp = &from.Timestamp
	}
	return in
}
