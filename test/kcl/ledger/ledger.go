// Package ledger reads what consumers wrote of the records that they
// processed, and checks it: every record at least once, its content unchanged,
// and in order for each partition key.
//
// A consumer writes one line a record: nanoseconds of the machine's monotonic
// clock, shard, sequence number, number inside an aggregate, partition key,
// data in base64. The data of a record is its place among those of its key,
// counted from 0, a colon and filling.
package ledger

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Entry is one record that a consumer processed.
type Entry struct {
	Nanos       int64
	Shard       string
	Sequence    *big.Int
	SubSequence int64
	Key         string
	Count       int
}

// Data is the content of the record that is the count-th of its key.
func Data(key string, count, size int) []byte {
	text := fmt.Sprintf("%d:%s:", count, key)
	for len(text) < size {
		text += "0123456789abcdef"[:min(16, size-len(text))]
	}
	return []byte(text)
}

// Read reads the files of all consumers, in the order of the clock. A file
// that is not there yet is empty, and a last line without its end is left out:
// its writer was killed.
func Read(size int, paths ...string) ([]Entry, error) {
	var all []Entry
	for _, path := range paths {
		entries, err := readFile(path, size)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, entries...)
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Compare(a.Nanos, b.Nanos) })
	return all, nil
}

func readFile(path string, size int) ([]Entry, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var entries []Entry
	for r := bufio.NewReader(file); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return entries, nil
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		entry, err := parse(strings.TrimSuffix(line, "\n"), size)
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
		entries = append(entries, entry)
	}
}

func parse(line string, size int) (e Entry, err error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 6 {
		return e, fmt.Errorf("%d fields", len(fields))
	}
	if e.Nanos, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
		return e, err
	}
	e.Shard, e.Key = fields[1], fields[4]
	var ok bool
	if e.Sequence, ok = new(big.Int).SetString(fields[2], 10); !ok {
		return e, errors.New("no sequence number")
	}
	if e.SubSequence, err = strconv.ParseInt(fields[3], 10, 64); err != nil {
		return e, err
	}
	data, err := base64.StdEncoding.DecodeString(fields[5])
	if err != nil {
		return e, err
	}
	count, _, _ := strings.Cut(string(data), ":")
	if e.Count, err = strconv.Atoi(count); err != nil {
		return e, err
	}
	if want := Data(e.Key, e.Count, size); string(data) != string(want) {
		return e, fmt.Errorf("data is %q, want %q", data, want)
	}
	return e, nil
}
