package awscbor

import (
	"encoding/binary"
	"unicode/utf8"

	"millrace/kinesis/types"
)

// maxPutRecords is how many records the fast way takes; the API allows no more.
const maxPutRecords = 500

// maxPutTexts is how many texts the two inputs can have.
const maxPutTexts = 2*maxPutRecords + 8

// PutDecoder reads the two inputs that carry records, PutRecord and PutRecords,
// without allocating: once it has been used, nothing per record and nothing per
// call. It takes what SDKs send and leaves everything else, right or wrong, to
// [Unmarshal].
//
// What it returns belongs to the decoder and is good until its next use. Texts
// and data are views into the body, which must not change as long as they are
// used. It is made to be kept in a sync.Pool: call Release before putting it
// back. The zero value is ready. One goroutine at a time may use it.
type PutDecoder struct {
	body []byte
	pos  int

	records []types.PutRecordsRequestEntry
	texts   []string // what the *string of the inputs point to; never moves
	dryRun  bool
	put     types.PutRecordInput
	puts    types.PutRecordsInput
}

// DecodePutRecords reads the input of PutRecords. Where ok is false, Unmarshal
// has to be used, which reads the same input or gives the error.
func (d *PutDecoder) DecodePutRecords(body []byte) (in *types.PutRecordsInput, ok bool) {
	d.begin(body)
	if d.records == nil {
		d.records = make([]types.PutRecordsRequestEntry, 0, maxPutRecords)
	}
	left, ok := d.enter(majorMap)
	var seen uint
	for ok {
		var more bool
		if more, ok = d.next(&left); !more {
			break
		}
		var bit uint
		switch name, _ := d.text(); string(name) {
		case "Records":
			bit, ok = 1<<0, d.list()
		case "StreamName":
			bit, ok = 1<<1, d.textTo(&d.puts.StreamName)
		case "StreamARN":
			bit, ok = 1<<2, d.textTo(&d.puts.StreamARN)
		case "StreamId":
			bit, ok = 1<<3, d.textTo(&d.puts.StreamId)
		case "DryRun":
			bit, ok = 1<<4, d.boolean(&d.puts.DryRun)
		default:
			return nil, false
		}
		ok = ok && seen&bit == 0
		seen |= bit
	}
	return &d.puts, ok && d.pos == len(body)
}

// DecodePutRecord reads the input of PutRecord; see [PutDecoder.DecodePutRecords].
func (d *PutDecoder) DecodePutRecord(body []byte) (in *types.PutRecordInput, ok bool) {
	d.begin(body)
	left, ok := d.enter(majorMap)
	var seen uint
	for ok {
		var more bool
		if more, ok = d.next(&left); !more {
			break
		}
		var bit uint
		switch name, _ := d.text(); string(name) {
		case "StreamName":
			bit, ok = 1<<0, d.textTo(&d.put.StreamName)
		case "Data":
			bit, ok = 1<<1, d.data(&d.put.Data)
		case "PartitionKey":
			bit, ok = 1<<2, d.textTo(&d.put.PartitionKey)
		case "ExplicitHashKey":
			bit, ok = 1<<3, d.textTo(&d.put.ExplicitHashKey)
		case "SequenceNumberForOrdering":
			bit, ok = 1<<4, d.textTo(&d.put.SequenceNumberForOrdering)
		case "StreamARN":
			bit, ok = 1<<5, d.textTo(&d.put.StreamARN)
		case "StreamId":
			bit, ok = 1<<6, d.textTo(&d.put.StreamId)
		case "DryRun":
			bit, ok = 1<<7, d.boolean(&d.put.DryRun)
		default:
			return nil, false
		}
		ok = ok && seen&bit == 0
		seen |= bit
	}
	return &d.put, ok && d.pos == len(body)
}

// Release forgets the body, so that it can be freed. What the decoder has
// returned is no longer good.
func (d *PutDecoder) Release() { d.begin(nil) }

// begin makes the decoder ready for a body.
func (d *PutDecoder) begin(body []byte) {
	clear(d.records)
	clear(d.texts)
	d.body, d.pos = body, 0
	d.records, d.texts = d.records[:0], d.texts[:0]
	d.put, d.puts, d.dryRun = types.PutRecordInput{}, types.PutRecordsInput{}, false
	if d.texts == nil {
		d.texts = make([]string, 0, maxPutTexts)
	}
}

// list reads Records.
func (d *PutDecoder) list() bool {
	left, ok := d.enter(majorArray)
	for ok {
		var more bool
		if more, ok = d.next(&left); !more {
			d.puts.Records = d.records
			return ok
		}
		ok = len(d.records) < maxPutRecords && d.record()
	}
	return false
}

// record reads one element of Records.
func (d *PutDecoder) record() bool {
	left, ok := d.enter(majorMap)
	if !ok {
		return false
	}
	d.records = d.records[:len(d.records)+1]
	r := &d.records[len(d.records)-1]
	for ok {
		var more bool
		if more, ok = d.next(&left); !more {
			return ok
		}
		switch name, _ := d.text(); string(name) {
		case "Data":
			ok = r.Data == nil && d.data(&r.Data)
		case "PartitionKey":
			ok = r.PartitionKey == nil && d.textTo(&r.PartitionKey)
		case "ExplicitHashKey":
			ok = r.ExplicitHashKey == nil && d.textTo(&r.ExplicitHashKey)
		default:
			return false
		}
	}
	return false
}

// enter steps over the head of a list or map; left is unknownLength where it
// ends with a break.
func (d *PutDecoder) enter(major byte) (left int, ok bool) {
	if d.pos < len(d.body) && d.body[d.pos] == major|31 {
		d.pos++
		return unknownLength, true
	}
	return d.head(major)
}

// next moves to the next entry of a level; more is false after its end.
func (d *PutDecoder) next(left *int) (more, ok bool) {
	if *left >= 0 {
		*left--
		return *left >= 0, true
	}
	if d.pos >= len(d.body) {
		return false, false
	}
	if d.body[d.pos] == breakByte {
		d.pos++
		return false, true
	}
	return true, true
}

// head steps over the head of an item of a major type and of definite length,
// which is no more than there are bytes after it.
func (d *PutDecoder) head(major byte) (n int, ok bool) {
	b := d.body[d.pos:]
	if len(b) < 5 {
		return d.shortHead(b, major)
	}
	switch b[0] - major {
	case 24:
		n = int(b[1])
		d.pos += 2
	case 25:
		n = int(binary.BigEndian.Uint16(b[1:]))
		d.pos += 3
	case 26:
		n = int(binary.BigEndian.Uint32(b[1:]))
		d.pos += 5
	default:
		return d.shortHead(b, major)
	}
	return n, n >= 0 && n <= len(d.body)-d.pos
}

// shortHead is head for lengths below 24.
func (d *PutDecoder) shortHead(b []byte, major byte) (n int, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	n = int(b[0] - major)
	d.pos++
	return n, n < 24 && n < len(b)
}

// text steps over a text that is not in chunks.
func (d *PutDecoder) text() (b []byte, ok bool) {
	n, ok := d.head(majorText)
	if !ok {
		return nil, false
	}
	start := d.pos
	d.pos += n
	return d.body[start:d.pos], true
}

func (d *PutDecoder) textTo(to **string) bool {
	b, ok := d.text()
	if !ok || !utf8.Valid(b) {
		return false
	}
	d.texts = append(d.texts, view(b))
	*to = &d.texts[len(d.texts)-1]
	return true
}

// data reads a byte string that is not in chunks.
func (d *PutDecoder) data(to *[]byte) bool {
	n, ok := d.head(majorBytes)
	if !ok {
		return false
	}
	start := d.pos
	d.pos += n
	*to = d.body[start:d.pos:d.pos]
	return true
}

func (d *PutDecoder) boolean(to **bool) bool {
	if d.pos >= len(d.body) {
		return false
	}
	c := d.body[d.pos]
	if c != simpleTrue && c != simpleFalse {
		return false
	}
	d.pos++
	d.dryRun = c == simpleTrue
	*to = &d.dryRun
	return true
}
