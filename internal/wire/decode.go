package wire

import (
	"sync"

	"millrace/internal/ops"
	"millrace/internal/wire/awsjson"
)

var putDecoders = sync.Pool{New: func() any { return new(awsjson.PutDecoder) }}

// decodeJSON makes the input of an operation out of a body. The input may share
// memory with the body and with a pooled decoder: release, never nil, ends its
// life.
func decodeJSON(op ops.Operation, body []byte) (in any, release func(), err error) {
	switch op.Name {
	case "PutRecords":
		d := putDecoders.Get().(*awsjson.PutDecoder)
		if in, ok := d.DecodePutRecords(body); ok {
			return in, func() { releaseDecoder(d) }, nil
		}
		releaseDecoder(d)
	case "PutRecord":
		d := putDecoders.Get().(*awsjson.PutDecoder)
		if in, ok := d.DecodePutRecord(body); ok {
			return in, func() { releaseDecoder(d) }, nil
		}
		releaseDecoder(d)
	}
	in = op.NewInput()
	if err := awsjson.Unmarshal(body, in); err != nil {
		return nil, nil, err
	}
	return in, func() {}, nil
}

func releaseDecoder(d *awsjson.PutDecoder) {
	d.Release()
	putDecoders.Put(d)
}
