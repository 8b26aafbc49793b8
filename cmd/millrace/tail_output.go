package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"millrace/kinesis/types"
)

// recordWriter writes records in the form that is wanted.
type recordWriter struct {
	w    *bufio.Writer
	form func(w io.Writer, shard string, r types.Record) error
}

func newRecordWriter(w io.Writer, output string, raw bool) *recordWriter {
	rw := &recordWriter{w: bufio.NewWriterSize(w, 64<<10), form: writeText}
	switch {
	case raw:
		rw.form = writeRaw
	case output == "json":
		rw.form = writeRecordJSON
	}
	return rw
}

func (w *recordWriter) write(shard string, r types.Record) error { return w.form(w.w, shard, r) }

func (w *recordWriter) flush() error { return w.w.Flush() }

func writeRaw(w io.Writer, _ string, r types.Record) error {
	if _, err := w.Write(r.Data); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func writeText(w io.Writer, shard string, r types.Record) error {
	arrival := "-"
	if t := r.ApproximateArrivalTimestamp; t != nil {
		arrival = t.Local().Format("2006-01-02T15:04:05.000Z07:00")
	}
	data := "base64:" + base64.StdEncoding.EncodeToString(r.Data)
	if utf8.Valid(r.Data) {
		data = printable(string(r.Data))
	}
	_, err := fmt.Fprintf(w, "%s %s %s  %s\n", arrival, shard, printable(deref(r.PartitionKey)), data)
	return err
}

func writeRecordJSON(w io.Writer, shard string, r types.Record) error {
	j := jsonRecord{ShardID: shard, SequenceNumber: deref(r.SequenceNumber), PartitionKey: deref(r.PartitionKey)}
	if t := r.ApproximateArrivalTimestamp; t != nil {
		j.ApproximateArrivalTimestamp = t.UTC().Format(time.RFC3339Nano)
	}
	if utf8.Valid(r.Data) {
		j.Data = new(string(r.Data))
	} else {
		j.DataBase64 = &r.Data
	}
	return writeJSON(w, j)
}
