package wire

import (
	"sync"

	"millrace/internal/ops"
	"millrace/kinesis/types"
)

// putDecoder is the fast way of a codec for the two operations that write. ok
// is false where only the slow way knows what to make of a body.
type putDecoder[D any] interface {
	*D
	DecodePutRecords(body []byte) (in *types.PutRecordsInput, ok bool)
	DecodePutRecord(body []byte) (in *types.PutRecordInput, ok bool)
	Release()
}

// decoderOf makes what turns a body into the input of an operation, the fast
// way or with unmarshal. The input may share memory with the body and with a
// pooled decoder: release, never nil, ends its life.
func decoderOf[D any, P putDecoder[D]](unmarshal func(body []byte, v any) error) func(ops.Operation, []byte) (any, func(), error) {
	pool := &sync.Pool{New: func() any { return P(new(D)) }}
	release := func(d P) {
		d.Release()
		pool.Put(d)
	}
	return func(op ops.Operation, body []byte) (in any, done func(), err error) {
		if op.Name == "PutRecords" || op.Name == "PutRecord" {
			d := pool.Get().(P)
			if in, ok := decodePut(d, op.Name, body); ok {
				return in, func() { release(d) }, nil
			}
			release(d)
		}
		in = op.NewInput()
		if err := unmarshal(body, in); err != nil {
			return nil, nil, err
		}
		return in, func() {}, nil
	}
}

func decodePut[D any, P putDecoder[D]](d P, operation string, body []byte) (in any, ok bool) {
	if operation == "PutRecord" {
		return d.DecodePutRecord(body)
	}
	return d.DecodePutRecords(body)
}
