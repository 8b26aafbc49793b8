package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"millrace/kinesis/types"
)

// maxInputRecord bounds a record, or a line that holds one, as it is read: the
// largest record that the service can be set to take is 10 MiB, some 14 MiB
// in base64.
const maxInputRecord = 16 << 20

// recordSource gives the records that an input holds, one after the other.
func recordSource(in io.Reader, f putFlags) iter.Seq2[types.PutRecordsRequestEntry, error] {
	if f.lines || f.jsonLines {
		return lineSource(in, f)
	}
	return func(yield func(types.PutRecordsRequestEntry, error) bool) {
		data, err := io.ReadAll(io.LimitReader(in, maxInputRecord+1))
		if err == nil && len(data) > maxInputRecord {
			err = fmt.Errorf("the input is larger than a record can be; --lines makes each line a record")
		}
		yield(f.complete(types.PutRecordsRequestEntry{Data: data}), err)
	}
}

// lineSource gives a record for each line. The end of the line, LF or CR LF,
// is not part of it.
func lineSource(in io.Reader, f putFlags) iter.Seq2[types.PutRecordsRequestEntry, error] {
	return func(yield func(types.PutRecordsRequestEntry, error) bool) {
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 0, 64<<10), maxInputRecord)
		for n := 1; lines.Scan(); n++ {
			line := lines.Bytes()
			if f.jsonLines && len(line) == 0 {
				continue
			}
			record, err := lineRecord(line, f)
			if err != nil {
				err = fmt.Errorf("line %d: %w", n, err)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(types.PutRecordsRequestEntry{}, fmt.Errorf("reading the input: %w", err))
		}
	}
}

func lineRecord(line []byte, f putFlags) (types.PutRecordsRequestEntry, error) {
	if !f.jsonLines {
		return f.complete(types.PutRecordsRequestEntry{Data: append([]byte{}, line...)}), nil
	}
	var j jsonRecord
	if err := json.Unmarshal(line, &j); err != nil {
		return types.PutRecordsRequestEntry{}, fmt.Errorf("not a JSON object that holds a record: %w", err)
	}
	return f.complete(j.entry()), j.check()
}

// jsonRecord is a record as a JSON line holds it: written by tail, read by put.
type jsonRecord struct {
	StreamName     string `json:",omitempty"`
	ShardID        string `json:"ShardId,omitempty"`
	SequenceNumber string `json:",omitempty"`
	// ApproximateArrivalTimestamp in RFC 3339, UTC, to the millisecond.
	ApproximateArrivalTimestamp string `json:",omitempty"`
	PartitionKey                string
	ExplicitHashKey             string  `json:",omitempty"`
	Data                        *string `json:",omitempty"`
	DataBase64                  *[]byte `json:",omitempty"`
}

func (j jsonRecord) check() error {
	if (j.Data == nil) == (j.DataBase64 == nil) {
		return fmt.Errorf("it needs one of Data (text) and DataBase64 (bytes)")
	}
	return nil
}

func (j jsonRecord) entry() types.PutRecordsRequestEntry {
	e := types.PutRecordsRequestEntry{Data: []byte{}}
	if j.Data != nil {
		e.Data = []byte(*j.Data)
	} else if j.DataBase64 != nil {
		e.Data = *j.DataBase64
	}
	if j.PartitionKey != "" {
		e.PartitionKey = &j.PartitionKey
	}
	if j.ExplicitHashKey != "" {
		e.ExplicitHashKey = &j.ExplicitHashKey
	}
	return e
}

// complete gives a record the keys of the flags, or a random partition key.
func (f putFlags) complete(e types.PutRecordsRequestEntry) types.PutRecordsRequestEntry {
	switch {
	case f.key != "":
		e.PartitionKey = &f.key
	case e.PartitionKey == nil:
		e.PartitionKey = new(rand.Text())
	}
	if f.hashKey != "" {
		e.ExplicitHashKey = &f.hashKey
	}
	return e
}
