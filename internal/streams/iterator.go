package streams

import (
	"bytes"
	"context"
	"encoding/binary"

	"millrace/internal/catalog"
	"millrace/internal/engine"
)

// IteratorType is where an iterator starts; the values are those of ShardIteratorType.
type IteratorType string

// The types of iterators (API reference, GetShardIterator).
const (
	AtSequenceNumber    IteratorType = "AT_SEQUENCE_NUMBER"
	AfterSequenceNumber IteratorType = "AFTER_SEQUENCE_NUMBER"
	TrimHorizon         IteratorType = "TRIM_HORIZON"
	Latest              IteratorType = "LATEST"
	AtTimestamp         IteratorType = "AT_TIMESTAMP"
)

// Start is the position asked for by GetShardIterator or SubscribeToShard.
type Start struct {
	Type        IteratorType
	Sequence    SequenceNumber // AT_/AFTER_SEQUENCE_NUMBER
	TimestampMs int64          // AT_TIMESTAMP
}

// Iterator is an opened shard iterator.
type Iterator struct {
	Name     catalog.Name
	UID      engine.StreamUID
	Shard    uint32
	From     engine.Position
	IssuedMs int64
}

func (it Iterator) ref() engine.ShardRef { return engine.ShardRef{Stream: it.UID, Shard: it.Shard} }

// Open turns a start into an iterator issued now. Errors:
// *ShardNotFoundError, *SequenceError (not of this stream or shard).
func (s *Service) Open(ctx context.Context, st *catalog.Stream, shard uint32, start Start) (Iterator, error) {
	now := s.nowMs()
	it := Iterator{Name: st.Name, UID: st.UID, Shard: shard, IssuedMs: now}
	sh := st.Shard(shard)
	if sh == nil || st.Expired(sh, now) {
		return it, &ShardNotFoundError{Name: st.Name, Shard: shard}
	}
	var err error
	switch start.Type {
	case AtSequenceNumber, AfterSequenceNumber:
		it.From, err = positionOf(st, sh, start)
	case Latest:
		it.From, err = s.engine.Find(ctx, it.ref(), engine.Target{Latest: true})
	case AtTimestamp:
		// What is older than the horizon starts at the horizon: position 0,
		// where masking begins.
		if start.TimestampMs > st.HorizonMs(now) {
			it.From, err = s.engine.Find(ctx, it.ref(), engine.Target{Arrival: start.TimestampMs})
		}
	}
	if err != nil {
		return it, s.gone(err, st.Name, shard)
	}
	return it, nil
}

// positionOf translates a sequence number into the position to read from. The
// checks and their order are those that GetShardIterator was seen to make.
func positionOf(st *catalog.Stream, sh *catalog.Shard, start Start) (engine.Position, error) {
	n := start.Sequence
	refusal := &SequenceError{Name: st.Name, Shard: sh.Number, Sequence: n}
	if n.Shard() != sh.Number {
		refusal.Kind = SequenceOfOtherShard
		return 0, refusal
	}
	if n.Version() != 2 || n.CreatedSec() != sh.CreatedSec {
		refusal.Kind = SequenceOfOtherStream
		return 0, refusal
	}
	from := engine.Position(n.Counter())
	if start.Type == AfterSequenceNumber {
		from = min(from, maxCounter-1) + 1
	}
	if sh.Closed {
		from = min(from, sh.End)
	}
	return from, nil
}

// iteratorVersion is the first byte of an iterator's payload:
//
//	 1 byte   version, 1
//	16 bytes  uid of the stream
//	 4 bytes  shard number
//	 8 bytes  position
//	 8 bytes  issue time, Unix milliseconds
//	          account, region and stream name, each behind its length in a byte
//	          zeros, which make iterators as long as those of the service
//
// Numbers are big-endian.
const (
	iteratorVersion = 1
	iteratorFixed   = 1 + 16 + 4 + 8 + 8
	iteratorPurpose = "ShardIterator"
)

// SealIterator gives the wire form of an iterator: at most 512 characters,
// different at every call.
func (s *Service) SealIterator(it Iterator) string {
	b := make([]byte, 0, iteratorFixed+256)
	b = append(b, iteratorVersion)
	b = append(b, it.UID[:]...)
	b = binary.BigEndian.AppendUint32(b, it.Shard)
	b = binary.BigEndian.AppendUint64(b, uint64(it.From))
	b = binary.BigEndian.AppendUint64(b, uint64(it.IssuedMs))
	for _, name := range []string{it.Name.Account, it.Name.Region, it.Name.Stream} {
		b = append(append(b, byte(len(name))), name...)
	}
	if missing := iteratorBytes(it.Name.Stream) - tokenOverhead - len(b); missing > 0 {
		b = append(b, make([]byte, missing)...)
	}
	return s.sealer.seal(iteratorPurpose, b, it.IssuedMs, s.fill)
}

// iteratorBytes is how long the iterators of the service are, before base64,
// for a stream of that name (observed).
func iteratorBytes(stream string) int { return 152 + (len(stream)+2)/16*16 }

// OpenIterator is the inverse of SealIterator. Surrounding double quotes are
// accepted. Errors: ErrIteratorInvalid, *IteratorExpiredError.
func (s *Service) OpenIterator(token string) (Iterator, error) {
	if n := len(token); n >= 2 && token[0] == '"' && token[n-1] == '"' {
		token = token[1 : n-1]
	}
	payload, ok := s.sealer.open(iteratorPurpose, token, maxIteratorLen)
	if !ok {
		return Iterator{}, ErrIteratorInvalid
	}
	it, ok := decodeIterator(payload)
	if !ok {
		return Iterator{}, ErrIteratorInvalid
	}
	if now := s.nowMs(); now-it.IssuedMs > tokenLifeMs {
		return Iterator{}, &IteratorExpiredError{IssuedMs: it.IssuedMs, NowMs: now}
	}
	return it, nil
}

func decodeIterator(b []byte) (it Iterator, ok bool) {
	if len(b) < iteratorFixed || b[0] != iteratorVersion {
		return it, false
	}
	it.UID = engine.StreamUID(b[1:17])
	it.Shard = binary.BigEndian.Uint32(b[17:])
	it.From = engine.Position(binary.BigEndian.Uint64(b[21:]))
	it.IssuedMs = int64(binary.BigEndian.Uint64(b[29:]))
	b = b[iteratorFixed:]
	for _, name := range []*string{&it.Name.Account, &it.Name.Region, &it.Name.Stream} {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return it, false
		}
		n := 1 + int(b[0])
		*name, b = string(b[1:n]), b[n:]
	}
	return it, len(bytes.TrimLeft(b, "\x00")) == 0
}
