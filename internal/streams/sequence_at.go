package streams

import (
	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// SequenceAt is the number of the record at a position of a shard that
// arrived at a time in Unix milliseconds. Reading gives it with each record;
// this is for reports on records that cannot be read.
func SequenceAt(sh *catalog.Shard, position engine.Position, arrivalMs int64) SequenceNumber {
	return sequenceOf(sh, position, arrivalMs/1000)
}
