package ops

import (
	"time"
	"unsafe"

	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// sequenceDigits is the length of a sequence number on the wire.
const sequenceDigits = 56

// wireRecords is the Record shapes of a page. Whatever their number, it
// allocates a handful of slices: strings point into one buffer and into the
// records' own bytes, which nobody changes any more.
func wireRecords(records []streams.ReadRecord) []types.Record {
	out := make([]types.Record, len(records))
	texts := make([]string, 2*len(records))
	times := make([]time.Time, len(records))
	digits := make([]byte, 0, sequenceDigits*len(records))
	for i, r := range records {
		texts[2*i], digits = sequenceText(digits, r.Sequence)
		times[i] = time.UnixMilli(r.ArrivalMs).UTC()
		out[i] = types.Record{
			SequenceNumber:              &texts[2*i],
			ApproximateArrivalTimestamp: &times[i],
			Data:                        r.Data,
		}
		if len(r.PartitionKey) > 0 {
			texts[2*i+1] = unsafe.String(&r.PartitionKey[0], len(r.PartitionKey))
			out[i].PartitionKey = &texts[2*i+1]
		}
	}
	return out
}

// sequenceText appends the digits of a sequence number and returns them as a
// string that shares the buffer. A buffer that grows leaves earlier strings
// on its old array, so they stay true.
func sequenceText(digits []byte, seq streams.SequenceNumber) (string, []byte) {
	start := len(digits)
	digits = seq.AppendDecimal(digits)
	return unsafe.String(&digits[start], len(digits)-start), digits
}
