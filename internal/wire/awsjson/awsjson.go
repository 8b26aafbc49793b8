// Package awsjson is the awsJson1.1 codec of all shapes of kinesis/types.
package awsjson

import (
	"io"

	"millrace/kinesis/types"
)

// Marshal appends the JSON of a shape.
func Marshal(dst []byte, v any) []byte { panic("not built") }

// Unmarshal fills a shape; the error is a *types.SerializationException.
func Unmarshal(body []byte, v any) error { panic("not built") }

// MarshalError appends the JSON of an error.
func MarshalError(dst []byte, code, message string) []byte { panic("not built") }

// Size is the exact length of what Marshal appends.
func Size(v any) int { panic("not built") }

// Encode writes the JSON of a shape through a buffer of 64 KiB.
func Encode(w io.Writer, v any) error { panic("not built") }

// PutDecoder decodes PutRecord and PutRecords without allocating per record.
type PutDecoder struct{}

// DecodePutRecords decodes body; ok is false where Unmarshal has to be used.
func (d *PutDecoder) DecodePutRecords(body []byte) (in *types.PutRecordsInput, ok bool) {
	panic("not built")
}

// DecodePutRecord decodes body; ok is false where Unmarshal has to be used.
func (d *PutDecoder) DecodePutRecord(body []byte) (in *types.PutRecordInput, ok bool) {
	panic("not built")
}

// Release gives up oversized buffers before the decoder goes back to its pool.
func (d *PutDecoder) Release() { panic("not built") }
