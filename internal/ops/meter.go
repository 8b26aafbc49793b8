package ops

import (
	"fmt"
	"sync"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/limits"
	"millrace/internal/throttle"
	"millrace/kinesis/types"
)

// meter holds the token buckets of accounts and shards. mu guards all of
// them; it is held for a few arithmetic steps a call, never across I/O.
type meter struct {
	limits *limits.Limits

	mu       sync.Mutex
	controls map[controlKey]*throttle.Bucket
	shards   map[shardKey]*shardMeter
	// sweepAt is the number of buckets at which the idle ones are forgotten.
	sweepAt int
}

// minSweep is how many buckets may lie idle before they are looked through.
const minSweep = 1024

type controlKey struct {
	operation string
	account   string
	region    string
	stream    string // "" for a rate that counts a whole account
}

type shardKey struct {
	stream engine.StreamUID
	shard  uint32
}

type shardMeter struct {
	writeRecords, writeBytes       throttle.Bucket
	readCalls, readBytes, iterator throttle.Bucket
}

func newMeter(l *limits.Limits) *meter {
	return &meter{
		limits:   l,
		controls: map[controlKey]*throttle.Bucket{},
		shards:   map[shardKey]*shardMeter{},
		sweepAt:  minSweep,
	}
}

// meterControl takes a call of the account's rate for the operation (API
// reference: each operation names its own).
func (s *Service) meterControl(c Caller, op Operation) error {
	key := controlKey{operation: op.Name, account: c.Account, region: c.Region}
	if s.meter.takeControl(key, s.nowMs()) {
		return nil
	}
	return types.NewError("LimitExceededException", fmt.Sprintf("Rate exceeded for account %s.", c.Account))
}

// meterStream takes a call of the stream's rate for the operation.
func (s *Service) meterStream(operation string, name catalog.Name) error {
	if s.meter.takeControl(streamControl(operation, name), s.nowMs()) {
		return nil
	}
	return types.NewError("LimitExceededException", streamRateText(name))
}

func streamControl(operation string, name catalog.Name) controlKey {
	return controlKey{operation: operation, account: name.Account, region: name.Region, stream: name.Stream}
}

func streamRateText(name catalog.Name) string {
	return fmt.Sprintf("Rate exceeded for stream %s under account %s.", name.Stream, name.Account)
}

// controlRate is the calls per second that a key may make, 0 for any number.
func (m *meter) controlRate(key controlKey) int {
	switch {
	case key.stream == "":
		return m.limits.AccountCalls[key.operation]
	case key.operation == subscribeControl:
		return m.limits.SubscriptionCalls
	case key.operation == dryRunControl && len(m.limits.AccountCalls) > 0:
		return dryRunsPerSecond
	}
	return m.limits.StreamCalls[key.operation]
}

func (m *meter) takeControl(key controlKey, nowMs int64) bool {
	rate := m.controlRate(key)
	if rate == 0 {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.controls[key]
	if b == nil {
		m.sweep(nowMs)
		b = new(throttle.Bucket)
		m.controls[key] = b
	}
	return b.Take(nowMs, rate, 1)
}

// takeWrite takes one record of the given size from a shard. The caller holds mu.
func (m *meter) takeWrite(sh *shardMeter, nowMs int64, bytes int) bool {
	if !sh.writeRecords.Take(nowMs, m.limits.ShardWriteRecords, 1) {
		return false
	}
	if sh.writeBytes.Take(nowMs, m.limits.ShardWriteBytes, bytes) {
		return true
	}
	sh.writeRecords.Give(1)
	return false
}

// writesFree says that no write is metered at all.
func (m *meter) writesFree() bool {
	return m.limits.ShardWriteRecords == 0 && m.limits.ShardWriteBytes == 0
}

// takeRead takes one GetRecords call from a shard, unless the bytes of
// earlier answers still have to be paid for.
func (m *meter) takeRead(key shardKey, nowMs int64) bool {
	if m.limits.ShardReadCalls == 0 && m.limits.ShardReadBytes == 0 {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	sh := m.shard(key, nowMs)
	return sh.readBytes.Open(nowMs, m.limits.ShardReadBytes) &&
		sh.readCalls.Take(nowMs, m.limits.ShardReadCalls, 1)
}

// chargeRead books the bytes of an answer.
func (m *meter) chargeRead(key shardKey, nowMs int64, bytes int) {
	if m.limits.ShardReadBytes == 0 || bytes == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shard(key, nowMs).readBytes.Charge(nowMs, m.limits.ShardReadBytes, bytes)
}

// takeIterator takes one GetShardIterator call from a shard.
func (m *meter) takeIterator(key shardKey, nowMs int64) bool {
	if m.limits.ShardIterators == 0 {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shard(key, nowMs).iterator.Take(nowMs, m.limits.ShardIterators, 1)
}

// shard finds the buckets of a shard. The caller holds mu.
func (m *meter) shard(key shardKey, nowMs int64) *shardMeter {
	sh := m.shards[key]
	if sh == nil {
		m.sweep(nowMs)
		sh = new(shardMeter)
		m.shards[key] = sh
	}
	return sh
}

// sweep forgets buckets that are full again, once enough have gathered: what
// deleted streams and callers of yesterday left behind. The caller holds mu.
func (m *meter) sweep(nowMs int64) {
	if len(m.controls)+len(m.shards) < m.sweepAt {
		return
	}
	for key, b := range m.controls {
		if b.Idle(nowMs, m.controlRate(key)) {
			delete(m.controls, key)
		}
	}
	for key, sh := range m.shards {
		if sh.idle(nowMs, m.limits) {
			delete(m.shards, key)
		}
	}
	m.sweepAt = max(minSweep, 2*(len(m.controls)+len(m.shards)))
}

func (sh *shardMeter) idle(nowMs int64, l *limits.Limits) bool {
	return sh.writeRecords.Idle(nowMs, l.ShardWriteRecords) &&
		sh.writeBytes.Idle(nowMs, l.ShardWriteBytes) &&
		sh.readCalls.Idle(nowMs, l.ShardReadCalls) &&
		sh.readBytes.Idle(nowMs, l.ShardReadBytes) &&
		sh.iterator.Idle(nowMs, l.ShardIterators)
}
