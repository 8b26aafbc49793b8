package kinesis

import (
	"context"
	"iter"
	"time"

	"millrace/kinesis/types"
)

const defaultPollInterval = time.Second

// Records walks over the records of a shard from a position on, each exactly
// once and in order. It waits for new ones at the tip of an open shard; it
// ends when a closed shard is read to its end, or with an error, such as that
// of ctx. Throttling only slows it down, and an iterator that expired while
// the caller was busy is renewed where it stood.
func (c *Client) Records(ctx context.Context, p ShardPosition) iter.Seq2[types.Record, error] {
	return func(yield func(types.Record, error) bool) {
		for page, err := range c.Pages(ctx, p) {
			if err != nil {
				yield(types.Record{}, err)
				return
			}
			for _, r := range page.Records {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// Pages is Records answer by answer. Empty answers are given too, as they tell
// how far behind the tip the reader is (MillisBehindLatest). The last one of a
// closed shard has no NextShardIterator and lists the shard's children.
func (c *Client) Pages(ctx context.Context, p ShardPosition) iter.Seq2[*types.GetRecordsOutput, error] {
	return func(yield func(*types.GetRecordsOutput, error) bool) {
		r := &shardReader{client: c, at: p, from: p.Start}
		for {
			out, err := r.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(out, nil) || deref(out.NextShardIterator) == "" {
				return
			}
			if err := r.pause(ctx, out); err != nil {
				yield(nil, &RequestError{Operation: "GetRecords", Err: err})
				return
			}
		}
	}
}

// shardReader is the state of one walk over a shard.
type shardReader struct {
	client *Client
	at     ShardPosition
	// from is where a new iterator is to be taken: behind the last record
	// given out, or the start.
	from     Start
	iterator *string
	// fresh says that the iterator was taken for the call under way: if that
	// is expired already, another one would be too.
	fresh bool
	idle  time.Duration // the last wait at the tip
}

// next gives the next answer, taking and renewing iterators as needed.
func (r *shardReader) next(ctx context.Context) (*types.GetRecordsOutput, error) {
	for waits := 1; ; waits++ {
		asked := r.client.serviceTime()
		out, err := r.get(ctx)
		switch {
		case err == nil:
			r.advance(out, asked)
			return out, nil
		case IsExpiredIterator(err) && !r.fresh:
			r.iterator = nil
		case IsThrottled(err) && ctx.Err() == nil:
			r.fresh = false
			if err := r.client.sleep(ctx, r.client.backoff(waits)); err != nil {
				return nil, &RequestError{Operation: "GetRecords", Err: err}
			}
		default:
			return nil, err
		}
	}
}

func (r *shardReader) get(ctx context.Context) (*types.GetRecordsOutput, error) {
	if r.iterator == nil {
		out, err := r.client.GetShardIterator(ctx, r.at.iteratorInput(r.from))
		if err != nil {
			return nil, err
		}
		r.iterator, r.fresh = out.ShardIterator, true
	}
	in := &types.GetRecordsInput{ShardIterator: r.iterator}
	if r.at.Limit > 0 {
		in.Limit = new(int32(r.at.Limit))
	}
	return r.client.GetRecords(ctx, in)
}

// advance notes where to go on after an answer. A LATEST that has seen nothing
// yet must not be taken anew later, as that would skip what came in between:
// from its first answer on it is the time of that answer.
func (r *shardReader) advance(out *types.GetRecordsOutput, asked time.Time) {
	r.iterator, r.fresh = out.NextShardIterator, false
	if n := len(out.Records); n > 0 {
		r.from = AfterSequenceNumber(deref(out.Records[n-1].SequenceNumber))
	} else if r.from.Type == types.ShardIteratorTypeLatest {
		r.from = AtTimestamp(asked)
	}
}

// pause waits between two calls. Behind the tip there is no wait: the shard's
// own limit, answered with throttling, sets the pace. At the tip the wait
// doubles from a quarter of the poll interval up to all of it.
func (r *shardReader) pause(ctx context.Context, out *types.GetRecordsOutput) error {
	if deref(out.MillisBehindLatest) > 0 {
		r.idle = 0
		return ctx.Err()
	}
	most := r.at.PollInterval
	if most <= 0 {
		most = defaultPollInterval
	}
	if len(out.Records) > 0 {
		r.idle = 0
	}
	r.idle = min(max(r.idle*2, most/4), most)
	return r.client.sleep(ctx, r.idle)
}
