package ops

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"millrace/internal/catalog"
	"millrace/internal/hashkey"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// errThrottled marks a record that its shard had no tokens for.
var errThrottled = errors.New("throttled")

// batch is the working memory of one PutRecord or PutRecords call. Batches
// are pooled; none outlives its call.
type batch struct{ puts []streams.Put }

var batches = sync.Pool{New: func() any { return new(batch) }}

func takeBatch(n int) *batch {
	b := batches.Get().(*batch)
	if cap(b.puts) < n {
		b.puts = make([]streams.Put, n)
	}
	b.puts = b.puts[:n]
	return b
}

// release forgets the records, so that the pool keeps no body alive.
func (b *batch) release() {
	clear(b.puts)
	batches.Put(b)
}

// set fills one record. The explicit hash key, where there is one, takes the
// place of the partition key's hash.
func (b *batch) set(i int, key string, explicit *string, data []byte) error {
	put := &b.puts[i]
	*put = streams.Put{PartitionKey: key, Data: data}
	if explicit == nil {
		put.Hash = hashkey.Of(key)
		return nil
	}
	hash, err := hashkey.Parse(*explicit)
	if err != nil {
		return invalidArgument("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was " + *explicit)
	}
	put.Hash = hash
	return nil
}

// fail marks what had not been refused before as failed.
func (b *batch) fail(err error) {
	for i := range b.puts {
		if b.puts[i].Err == nil {
			b.puts[i].Err = err
		}
	}
}

// meterWrites takes tokens for each record of its shard, in order, and marks
// those that find none.
func (s *Service) meterWrites(st *catalog.Stream, b *batch) {
	if s.meter.writesFree() {
		return
	}
	now := s.nowMs()
	s.meter.mu.Lock()
	defer s.meter.mu.Unlock()
	for i := range b.puts {
		put := &b.puts[i]
		sh := s.meter.shard(shardKey{st.UID, put.Shard}, now)
		if !s.meter.takeWrite(sh, now, len(put.PartitionKey)+len(put.Data)) {
			put.Err = errThrottled
		}
	}
}

// tooLarge says whether a record is over the size limit.
func (s *Service) tooLarge(key string, data []byte) bool {
	return len(data) > s.dataRoom(key)
}

// dataRoom is how much data a record with that partition key may hold.
func (s *Service) dataRoom(key string) int {
	if s.limits.RecordBytesIgnoreKey {
		return s.limits.MaxRecordBytes
	}
	return s.limits.MaxRecordBytes - len(key)
}

// findings gathers validation errors that the model does not know: the
// partition key, which only AUTO distribution lets be absent, and the size,
// which is a setting.
type findings struct{ list []string }

// maxFindings is how many findings one answer names (observed).
const maxFindings = 10

func (s *Service) checkRecord(f *findings, path string, key *string, data []byte) {
	if key == nil {
		f.add("Value null at '" + path + "partitionKey' failed to satisfy constraint: Member must not be null")
		return
	}
	if !s.tooLarge(*key, data) {
		return
	}
	room := s.dataRoom(*key)
	if len(data) > s.limits.MaxRecordBytes {
		room = s.limits.MaxRecordBytes
	}
	f.add(fmt.Sprintf("Value 'java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]' at '%sdata' failed to satisfy constraint: Member must have length less than or equal to %d",
		len(data), len(data), path, room))
}

func (f *findings) add(text string) {
	if len(f.list) < maxFindings {
		f.list = append(f.list, text)
	}
}

func (f *findings) err() error {
	switch len(f.list) {
	case 0:
		return nil
	case 1:
		return types.NewError("ValidationException", "1 validation error detected: "+f.list[0])
	}
	return types.NewError("ValidationException",
		fmt.Sprintf("%d validation errors detected: %s", len(f.list), strings.Join(f.list, "; ")))
}
