package main

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// tailer reads a stream's shards side by side, children after their parents.
//
// One goroutine a shard fetches pages; the caller's goroutine alone holds the
// state of the shards and takes the pages in.
type tailer struct {
	client *kinesis.Client
	stream string
	start  kinesis.Start
	only   []string // shards to read; all if empty
	toTip  bool     // end where nothing more is to be had

	consumerARN string // of the consumer to read as; "" polls

	shards  map[string]*tailedShard
	running int
	results chan shardPage
}

// tailedShard is a shard that is read, or will be once its parents are.
type tailedShard struct {
	parents  []string
	start    kinesis.Start
	started  bool
	finished bool
}

// shardPage is what a shard's goroutine has to say.
type shardPage struct {
	shard    string
	records  []types.Record
	children []types.ChildShard
	closed   bool // read to the end of a closed shard
	done     bool // nothing more comes from this goroutine
	err      error
}

// pages gives all shards' pages as they come.
func (t *tailer) pages(ctx context.Context) iter.Seq2[shardPage, error] {
	return func(yield func(shardPage, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		// Unbuffered: a page waits until the one before it is written.
		t.results = make(chan shardPage)
		t.shards = make(map[string]*tailedShard)
		if err := t.discover(ctx); err != nil {
			yield(shardPage{}, err)
			return
		}
		for t.startReady(ctx); t.running > 0; t.startReady(ctx) {
			var page shardPage
			select {
			case page = <-t.results:
			case <-ctx.Done():
				yield(shardPage{}, ctx.Err())
				return
			}
			if page.err == nil && page.done {
				page.err = t.finish(ctx, page)
			}
			if page.err != nil {
				yield(shardPage{}, page.err)
				return
			}
			if len(page.records) > 0 && !yield(page, nil) {
				return
			}
		}
	}
}

// discover takes up the shards that the stream has at the beginning. From
// LATEST, closed shards have nothing to give.
func (t *tailer) discover(ctx context.Context) error {
	for s, err := range t.client.Shards(ctx, t.stream) {
		if err != nil {
			return err
		}
		view := viewOfShard(s)
		if !t.wanted(view.ShardID) {
			continue
		}
		if t.start.Type == types.ShardIteratorTypeLatest && !view.Open && len(t.only) == 0 {
			continue
		}
		t.shards[view.ShardID] = &tailedShard{parents: view.parents(), start: t.start}
	}
	for _, id := range t.only {
		if t.shards[id] == nil {
			return fmt.Errorf("stream %s has no shard %s; see: millrace streams describe %s", t.stream, id, t.stream)
		}
	}
	return nil
}

func (t *tailer) wanted(shard string) bool {
	return len(t.only) == 0 || slices.Contains(t.only, shard)
}

// startReady starts to read every shard whose parents are finished. A parent
// that is not read at all holds nothing up.
func (t *tailer) startReady(ctx context.Context) {
	for id, s := range t.shards {
		waits := slices.ContainsFunc(s.parents, func(p string) bool {
			parent := t.shards[p]
			return parent != nil && !parent.finished
		})
		if s.started || waits {
			continue
		}
		s.started = true
		t.running++
		go t.read(ctx, id, s.start)
	}
}

// read fetches one shard's pages until it ends.
func (t *tailer) read(ctx context.Context, shard string, start kinesis.Start) {
	send := func(p shardPage) bool {
		p.shard = shard
		select {
		case t.results <- p:
			return !p.done
		case <-ctx.Done():
			return false
		}
	}
	if t.consumerARN != "" {
		t.follow(ctx, shard, start, send)
		return
	}
	for out, err := range t.client.Pages(ctx, kinesis.ShardPosition{Stream: t.stream, ShardID: shard, Start: start}) {
		if err != nil {
			send(shardPage{done: true, err: err})
			return
		}
		p := shardPage{records: out.Records, children: out.ChildShards, closed: deref(out.NextShardIterator) == ""}
		p.done = p.closed || t.toTip && deref(out.MillisBehindLatest) == 0
		if !send(p) {
			return
		}
	}
}

// finish notes that a shard is read to its end, and takes up its children.
// The children of a closed shard are read from their first record on.
func (t *tailer) finish(ctx context.Context, page shardPage) error {
	t.running--
	t.shards[page.shard].finished = true
	if !page.closed || len(t.only) > 0 {
		return nil
	}
	for _, c := range page.children {
		t.add(deref(c.ShardId), c.ParentShards)
	}
	if len(page.children) > 0 {
		return nil
	}
	// A service of before 2020 does not name the children.
	for s, err := range t.client.Shards(ctx, t.stream) {
		if err != nil {
			return err
		}
		if view := viewOfShard(s); slices.Contains(view.parents(), page.shard) {
			t.add(view.ShardID, view.parents())
		}
	}
	return nil
}

// add takes up a child, which its other parent may have done already.
func (t *tailer) add(shard string, parents []string) {
	if t.shards[shard] == nil {
		t.shards[shard] = &tailedShard{parents: parents, start: kinesis.TrimHorizon()}
	}
}
