package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
)

const (
	producers = 4
	// fullEvery is how often everything is read again from the beginning;
	// the other cycles read what may have changed.
	fullEvery = 10
	// renewEvery is how often the streams are deleted and made anew, which
	// keeps a long run's records within memory.
	renewEvery = 100
)

// The pond keeps its shards, the river splits and merges all the time.
const pond, river = "pond", "river"

// Rig is a data directory, the server on it and everyone who uses it.
type Rig struct {
	tb      testing.TB
	dir     string
	args    []string
	random  *rand.Rand
	oracle  *Oracle
	churn   *churn
	crowd   []*producer
	streams []string
	round   int
	// marks are the indexes up to which a shard was read after the last death.
	marks map[shardName]int
	// ended are the shards that were read to their end after a death.
	ended map[shardName]bool

	// Cut ends the server in the middle of its work; nil is kill -9.
	Cut func(*harness.Server) error

	Ready         []time.Duration // from exec to the first answer, sorted by nothing
	EarlyKills    int             // deaths during recovery
	Reshards      atomic.Int64
	Transitioning int // restarts that found a stream in a transition
}

// NewRig returns a rig on a directory; args are further arguments of the server.
func NewRig(tb testing.TB, dir string, seed uint64, args ...string) *Rig {
	r := &Rig{
		tb: tb, dir: dir, args: args,
		random: rand.New(rand.NewPCG(seed, 0)),
		oracle: NewOracle(),
	}
	r.churn = &churn{random: rand.New(rand.NewPCG(seed, 1)), lives: map[string]*life{}}
	for i := range producers {
		r.crowd = append(r.crowd, &producer{
			id: uint32(i), oracle: r.oracle, random: rand.New(rand.NewPCG(seed, uint64(100+i))),
		})
	}
	return r
}

// launch starts the server and waits for its first answer. Now and then it
// kills the server during its recovery first.
func (r *Rig) launch(ctx context.Context) (*harness.Server, *kinesis.Client, error) {
	delay := []string{"0", "20ms", "150ms"}[r.random.IntN(3)]
	// Small journal files bring flushes and changes of files into every
	// cycle; now and then the size that servers run with.
	journal := []string{"131072", "524288", "2097152", "0"}[r.random.IntN(4)]
	options := harness.Options{Data: r.dir, StateDelay: delay, Args: append([]string{"--journal-bytes", journal}, r.args...)}
	for r.random.IntN(6) == 0 {
		s, err := harness.Launch(r.tb, options)
		if err != nil {
			return nil, nil, err
		}
		time.Sleep(time.Duration(r.random.IntN(60)) * time.Millisecond)
		s.Kill()
		r.EarlyKills++
	}
	s, err := harness.Launch(r.tb, options)
	if err != nil {
		return nil, nil, err
	}
	if err := s.WaitReady(); err != nil {
		return nil, nil, err
	}
	client := s.Client()
	out, err := client.ListStreams(ctx, &kinesis.ListStreamsInput{})
	if err != nil {
		return nil, nil, fmt.Errorf("first call: %w", err)
	}
	r.Ready = append(r.Ready, time.Since(s.Exec))
	for _, each := range out.StreamSummaries {
		if each.StreamStatus != types.StreamStatusActive {
			r.Transitioning++
			break
		}
	}
	return s, client, nil
}

// Cycle starts the server, checks it, puts it under load and kills it. last
// leaves the load out and reads everything.
func (r *Rig) Cycle(ctx context.Context, n int, last bool) error {
	s, client, err := r.launch(ctx)
	if err != nil {
		return err
	}
	defer s.Kill()
	if err := r.verify(ctx, client, last || n%fullEvery == 0); err != nil {
		return fmt.Errorf("cycle %d: %w\n%s", n, err, s.Output())
	}
	if last {
		return nil
	}
	if n%renewEvery == 0 {
		if err := r.renew(ctx, client); err != nil {
			return err
		}
	}
	if err := r.load(ctx, s, client); err != nil {
		return fmt.Errorf("cycle %d: %w\n%s", n, err, s.Output())
	}
	return nil
}

// renew deletes the streams and makes new ones, under new names.
func (r *Rig) renew(ctx context.Context, client *kinesis.Client) error {
	for _, name := range r.streams {
		if _, err := client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &name}); err != nil {
			return err
		}
	}
	r.round++
	r.oracle.Forget()
	r.marks, r.ended = map[shardName]int{}, map[shardName]bool{}
	r.streams = nil
	for _, name := range []string{pond, river} {
		name = fmt.Sprintf("%s-%d", name, r.round)
		if _, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(3)}); err != nil {
			return err
		}
		r.streams = append(r.streams, name)
	}
	for _, p := range r.crowd {
		p.streams = r.streams
	}
	return r.active(ctx, client)
}

// active waits until no stream of the rig is in a transition.
func (r *Rig) active(ctx context.Context, client *kinesis.Client) error {
	for _, name := range r.streams {
		for deadline := time.Now().Add(10 * time.Second); ; {
			out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
			if err != nil {
				return err
			}
			status := out.StreamDescriptionSummary.StreamStatus
			if status == types.StreamStatusActive {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("stream %s is %s for 10 s", name, status)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
	return nil
}

// load lets everyone at the server and kills it at a random moment.
func (r *Rig) load(ctx context.Context, s *harness.Server, client *kinesis.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	failed := make(chan error, producers+3)
	var cutting atomic.Bool
	start := func(run func() error) {
		wg.Go(func() {
			err := run()
			if r.Cut != nil && cutting.Load() {
				err = nil // a server may say that its disk is gone
			}
			failed <- err
		})
	}
	for _, p := range r.crowd {
		start(func() error { return p.run(ctx, client) })
	}
	start(func() error { return r.churn.run(ctx, client) })
	start(func() error { return reader{r.oracle, client}.tail(ctx, r.streams) })
	river := resharder{r.streams[1], rand.New(rand.NewPCG(r.random.Uint64(), 0)), &r.Reshards}
	start(func() error { return river.run(ctx, client) })
	time.Sleep(time.Duration(20+r.random.IntN(600)) * time.Millisecond)
	cutting.Store(true)
	if err := r.cut(s); err != nil {
		cancel()
		wg.Wait()
		return err
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Rig) cut(s *harness.Server) error {
	if r.Cut != nil {
		return r.Cut(s)
	}
	s.Kill()
	return nil
}

// Verdict is what the oracle has found so far.
func (r *Rig) Verdict() Verdict { return r.oracle.Verdict() }

// verify reads what a restarted server has. Without full it reads from where
// each shard stood after the death before.
func (r *Rig) verify(ctx context.Context, client *kinesis.Client, full bool) error {
	if err := r.active(ctx, client); err != nil {
		return err
	}
	if err := r.churn.check(ctx, client); err != nil {
		return err
	}
	for _, stream := range r.streams {
		shards, err := shardsOf(ctx, client, stream)
		if err != nil {
			return err
		}
		for _, each := range shards {
			name := shardName{stream, *each.ShardId}
			from := r.marks[name]
			if full {
				from = 0
			} else if r.ended[name] {
				continue
			}
			if r.ended[name], err = (reader{r.oracle, client}).shard(ctx, name, from); err != nil {
				return err
			}
			r.marks[name], _ = r.oracle.Known(name, 0)
		}
		if err := r.missing(stream, shards); err != nil {
			return err
		}
	}
	r.oracle.CheckAcks(full)
	if full {
		r.oracle.CheckKeys()
	}
	return nil
}

// missing fails if a shard that was seen before is not listed any more.
func (r *Rig) missing(stream string, shards []types.Shard) error {
	for name := range r.marks {
		if name.stream == stream && !slices.ContainsFunc(shards, func(s types.Shard) bool { return *s.ShardId == name.shard }) {
			return fmt.Errorf("%v is not listed any more", name)
		}
	}
	return nil
}
