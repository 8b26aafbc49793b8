package awsjson

import (
	"bytes"
	"unicode/utf8"

	"millrace/kinesis/types"
)

const (
	// maxPutRecords is how many records the fast way takes; the API allows no more.
	maxPutRecords = 500
	// MaxKeptBytes is how large a buffer of decoded data a PutDecoder keeps in
	// its pool; what is above it is given up by Release.
	MaxKeptBytes = 2 << 20
)

// PutDecoder reads the two inputs that carry records, PutRecord and PutRecords,
// without allocating: once it has been used a few times, nothing per record and
// nothing per call. It takes what SDKs send and leaves everything else, right
// or wrong, to [Unmarshal].
//
// What it returns belongs to the decoder and is good until its next use. Texts
// are views into the body, which must not change as long as they are used;
// data is in a buffer of the decoder. It is made to be kept in a sync.Pool: call
// Release before putting it back. The zero value is ready. One goroutine at a
// time may use it.
type PutDecoder struct {
	body []byte
	pos  int

	blob    []byte // the data of all records; never moves within a call
	records []types.PutRecordsRequestEntry
	texts   []string // what the *string of the inputs point to
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
	if !d.enter('{') {
		return nil, false
	}
	var seen uint
	for first := true; ; first = false {
		key, more, ok := d.member(first)
		if !ok {
			return nil, false
		}
		if !more {
			return &d.puts, d.atEnd()
		}
		var bit uint
		switch string(key) {
		case "Records":
			bit, ok = 1<<0, d.list()
		case "StreamName":
			bit, ok = 1<<1, d.text(&d.puts.StreamName)
		case "StreamARN":
			bit, ok = 1<<2, d.text(&d.puts.StreamARN)
		case "StreamId":
			bit, ok = 1<<3, d.text(&d.puts.StreamId)
		case "DryRun":
			bit, ok = 1<<4, d.boolean(&d.puts.DryRun)
		default:
			return nil, false
		}
		if !ok || seen&bit != 0 {
			return nil, false
		}
		seen |= bit
	}
}

// DecodePutRecord reads the input of PutRecord; see [PutDecoder.DecodePutRecords].
func (d *PutDecoder) DecodePutRecord(body []byte) (in *types.PutRecordInput, ok bool) {
	d.begin(body)
	if !d.enter('{') {
		return nil, false
	}
	var seen uint
	for first := true; ; first = false {
		key, more, ok := d.member(first)
		if !ok {
			return nil, false
		}
		if !more {
			return &d.put, d.atEnd()
		}
		var bit uint
		switch string(key) {
		case "StreamName":
			bit, ok = 1<<0, d.text(&d.put.StreamName)
		case "Data":
			bit, ok = 1<<1, d.data(&d.put.Data)
		case "PartitionKey":
			bit, ok = 1<<2, d.text(&d.put.PartitionKey)
		case "ExplicitHashKey":
			bit, ok = 1<<3, d.text(&d.put.ExplicitHashKey)
		case "SequenceNumberForOrdering":
			bit, ok = 1<<4, d.text(&d.put.SequenceNumberForOrdering)
		case "StreamARN":
			bit, ok = 1<<5, d.text(&d.put.StreamARN)
		case "StreamId":
			bit, ok = 1<<6, d.text(&d.put.StreamId)
		case "DryRun":
			bit, ok = 1<<7, d.boolean(&d.put.DryRun)
		default:
			return nil, false
		}
		if !ok || seen&bit != 0 {
			return nil, false
		}
		seen |= bit
	}
}

// Release forgets the body, so that it can be freed, and gives up a buffer
// larger than MaxKeptBytes. What the decoder has returned is no longer good.
func (d *PutDecoder) Release() {
	d.begin(nil)
	if cap(d.blob) > MaxKeptBytes {
		d.blob = nil
	}
}

// begin makes the decoder ready for a body. All data of a body has room in
// three quarters of its length.
func (d *PutDecoder) begin(body []byte) {
	clear(d.records)
	clear(d.texts)
	d.body, d.pos = body, 0
	d.records, d.texts, d.blob = d.records[:0], d.texts[:0], d.blob[:0]
	d.put, d.puts, d.dryRun = types.PutRecordInput{}, types.PutRecordsInput{}, false
	if body == nil {
		return
	}
	if need := len(body)/4*3 + 1; cap(d.blob) < need {
		d.blob = make([]byte, 0, need+need/8)
	}
	if d.texts == nil {
		d.texts = make([]string, 0, 2*maxPutRecords+8)
	}
}

// list reads Records.
func (d *PutDecoder) list() bool {
	if !d.enter('[') {
		return false
	}
	for first := true; ; first = false {
		c := d.peek()
		if c == ']' {
			d.pos++
			d.puts.Records = d.records
			return true
		}
		if !first {
			if c != ',' {
				return false
			}
			d.pos++
		}
		if len(d.records) == maxPutRecords || !d.record() {
			return false
		}
	}
}

// record reads one element of Records.
func (d *PutDecoder) record() bool {
	if !d.enter('{') {
		return false
	}
	d.records = d.records[:len(d.records)+1]
	r := &d.records[len(d.records)-1]
	for first := true; ; first = false {
		key, more, ok := d.member(first)
		if !ok || !more {
			return ok
		}
		switch string(key) {
		case "Data":
			ok = r.Data == nil && d.data(&r.Data)
		case "PartitionKey":
			ok = r.PartitionKey == nil && d.text(&r.PartitionKey)
		case "ExplicitHashKey":
			ok = r.ExplicitHashKey == nil && d.text(&r.ExplicitHashKey)
		default:
			return false
		}
		if !ok {
			return false
		}
	}
}

// member steps to the value of the next member; more is false after the end of
// the structure.
func (d *PutDecoder) member(first bool) (key []byte, more, ok bool) {
	c := d.peek()
	if c == '}' {
		d.pos++
		return nil, false, true
	}
	if !first {
		if c != ',' {
			return nil, false, false
		}
		d.pos++
		c = d.peek()
	}
	if c != '"' {
		return nil, false, false
	}
	b, start := d.body, d.pos+1
	i := start
	for i < len(b) && plain[b[i]] {
		i++
	}
	if i >= len(b) || b[i] != '"' {
		return nil, false, false
	}
	d.pos = i + 1
	if d.peek() != ':' {
		return nil, false, false
	}
	d.pos++
	return b[start:i], true, true
}

// text reads a string without escapes.
func (d *PutDecoder) text(to **string) bool {
	if d.peek() != '"' {
		return false
	}
	b, start := d.body, d.pos+1
	i := start
	for i < len(b) && plain[b[i]] {
		i++
	}
	ascii := true
	for i < len(b) && b[i] != '"' {
		if b[i] < 0x20 || b[i] == '\\' {
			return false
		}
		ascii = ascii && b[i] < utf8.RuneSelf
		i++
	}
	if i >= len(b) || !ascii && !utf8.Valid(b[start:i]) {
		return false
	}
	d.pos = i + 1
	d.texts = append(d.texts, view(b[start:i]))
	*to = &d.texts[len(d.texts)-1]
	return true
}

// data reads a blob without escapes.
func (d *PutDecoder) data(to *[]byte) bool {
	if d.peek() != '"' {
		return false
	}
	start := d.pos + 1
	end := bytes.IndexByte(d.body[start:], '"')
	if end < 0 || end%4 != 0 {
		return false
	}
	at := len(d.blob)
	room := d.blob[at : at+end/4*3]
	n, ok := decodeBase64(room, d.body[start:start+end])
	if !ok {
		return false
	}
	d.pos = start + end + 1
	d.blob = d.blob[:at+n]
	*to = room[:n:n]
	return true
}

func (d *PutDecoder) boolean(to **bool) bool {
	c := d.peek()
	rest := d.body[d.pos:]
	switch {
	case c == 't' && bytes.HasPrefix(rest, []byte("true")):
		d.dryRun = true
		d.pos += len("true")
	case c == 'f' && bytes.HasPrefix(rest, []byte("false")):
		d.dryRun = false
		d.pos += len("false")
	default:
		return false
	}
	*to = &d.dryRun
	return true
}

func (d *PutDecoder) enter(bracket byte) bool {
	if d.peek() != bracket {
		return false
	}
	d.pos++
	return true
}

// peek passes over white space and returns the next byte; 0 at the end, and for
// a zero byte, which nothing accepts.
func (d *PutDecoder) peek() byte {
	for d.pos < len(d.body) {
		switch c := d.body[d.pos]; c {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return c
		}
	}
	return 0
}

func (d *PutDecoder) atEnd() bool {
	d.peek()
	return d.pos == len(d.body)
}
