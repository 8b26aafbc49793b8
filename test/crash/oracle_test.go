package crash

import (
	"fmt"
	"testing"
)

// TestOracleNotices holds that each way of breaking the word is seen and
// named: an oracle that cannot fail proves nothing.
func TestOracleNotices(t *testing.T) {
	shard := shardName{"stream", "shard"}
	other := shardName{"stream", "other"}
	at := func(n int) string { return fmt.Sprintf("%056d", n) }
	made := func(sequence int, counter uint64) record {
		id := recordID{1, counter}
		return record{at(sequence), partitionKey(id), payload(id)}
	}
	ack := func(o *Oracle, sequence int, counter uint64) {
		o.Acknowledged(shard, entry{at(sequence), recordID{1, counter}})
	}
	read := func(o *Oracle, name shardName, from int, ended bool, page ...record) {
		o.Tip(name, o.Read(name, from, page), ended)
	}
	tests := []struct {
		kind string // "" for a server that keeps its word
		play func(o *Oracle)
	}{
		{"", func(o *Oracle) {
			ack(o, 1, 0)
			read(o, shard, 0, false, made(1, 0), made(2, 1))
			read(o, shard, 0, true, made(1, 0), made(2, 1), made(5, 16))
			read(o, other, 0, false, made(9, 32))
		}},
		{lost, func(o *Oracle) { ack(o, 1, 0); read(o, shard, 0, false) }},
		{lost, func(o *Oracle) { ack(o, 2, 1); read(o, shard, 0, false, made(1, 0), made(3, 2)) }},
		{reordered, func(o *Oracle) { read(o, shard, 0, false, made(1, 3), made(2, 2)) }},
		{reordered, func(o *Oracle) { read(o, shard, 0, false, made(2, 1), made(1, 2)) }},
		{reordered, func(o *Oracle) {
			read(o, shard, 0, false, made(8, 0))
			read(o, other, 0, false, made(7, keysPerProducer))
		}},
		{doubled, func(o *Oracle) {
			read(o, shard, 0, false, made(1, 0))
			read(o, other, 0, false, made(2, 0))
		}},
		{phantom, func(o *Oracle) { read(o, shard, 0, false, made(1, 1000)) }},
		{phantom, func(o *Oracle) {
			r := made(1, 0)
			r.data[len(r.data)-1] ^= 1
			read(o, shard, 0, false, r)
		}},
		{phantom, func(o *Oracle) {
			r := made(1, 0)
			r.key = "another"
			read(o, shard, 0, false, r)
		}},
		{vanished, func(o *Oracle) {
			read(o, shard, 0, false, made(1, 0), made(2, 1))
			read(o, shard, 0, false, made(1, 0))
		}},
		{vanished, func(o *Oracle) {
			read(o, shard, 0, false, made(1, 0), made(2, 1))
			read(o, shard, 0, false, made(2, 1))
		}},
		{risen, func(o *Oracle) {
			read(o, shard, 0, false, made(2, 1))
			read(o, shard, 0, false, made(1, 0), made(2, 1))
		}},
		{risen, func(o *Oracle) {
			read(o, shard, 0, true, made(1, 0))
			read(o, shard, 0, true, made(1, 0), made(2, 1))
		}},
		{reused, func(o *Oracle) { ack(o, 1, 0); read(o, shard, 0, false, made(1, 1)) }},
		{reused, func(o *Oracle) {
			read(o, shard, 0, false, made(1, 0))
			read(o, shard, 0, false, made(1, 1))
		}},
	}
	for i, test := range tests {
		t.Run(fmt.Sprintf("%d %s", i, test.kind), func(t *testing.T) {
			o := NewOracle()
			o.Sending(1, 1000)
			test.play(o)
			o.CheckAcks(true)
			o.CheckKeys()
			v := o.Verdict()
			if test.kind == "" && v.Sum() != 0 {
				t.Errorf("found %v in a clean history: %q", v, v.Details)
			}
			if test.kind != "" && v.Violations[test.kind] == 0 {
				t.Errorf("found %v, want %s", v, test.kind)
			}
		})
	}
}
