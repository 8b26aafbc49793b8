package sdkgo_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"millrace/test/harness"
)

// overH2C makes a client speak HTTP/2 without TLS.
func overH2C(o *kinesis.Options) {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	o.HTTPClient = &http.Client{Transport: &http.Transport{Protocols: &p}}
}

// overHTTP1 is the client that harness gives: see there for what it mends.
func overHTTP1(o *kinesis.Options) { o.HTTPClient = harness.HTTPClient(256) }

// TestSubscribeWithTheClientAsItIs leaves the client as users have it.
func TestSubscribeWithTheClientAsItIs(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	c := s.Client(func(o *kinesis.Options) { o.HTTPClient = awshttp.NewBuildableClient() })
	create(t, c, "s", 1)
	put(t, c, "s", "x")
	for i := range 20 {
		sub := subscribe(t, c, register(t, c, "s", fmt.Sprint("c", i)), shard(0), at(types.ShardIteratorTypeTrimHorizon))
		sub.records(1)
	}
	s.Stop(t)
}

// everyProtocol runs a test over each protocol that the server speaks in clear text.
func everyProtocol(t *testing.T, o harness.Options, test func(t *testing.T, c *kinesis.Client)) {
	for name, over := range map[string]func(*kinesis.Options){"HTTP/1.1": overHTTP1, "h2c": overH2C} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Start(t, o)
			test(t, s.Client(over))
			s.Stop(t)
		})
	}
}

// register makes an ACTIVE consumer and returns its ARN.
func register(t *testing.T, c *kinesis.Client, stream, name string) *string {
	t.Helper()
	d := must[*kinesis.DescribeStreamSummaryOutput](t)(c.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &stream}))
	out := must[*kinesis.RegisterStreamConsumerOutput](t)(c.RegisterStreamConsumer(t.Context(),
		&kinesis.RegisterStreamConsumerInput{StreamARN: d.StreamDescriptionSummary.StreamARN, ConsumerName: &name}))
	if out.Consumer.ConsumerStatus != types.ConsumerStatusCreating {
		t.Errorf("a new consumer is %s", out.Consumer.ConsumerStatus)
	}
	harness.Eventually(t, "the consumer is ACTIVE", func() bool {
		d := must[*kinesis.DescribeStreamConsumerOutput](t)(c.DescribeStreamConsumer(t.Context(), &kinesis.DescribeStreamConsumerInput{ConsumerARN: out.Consumer.ConsumerARN}))
		return d.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive
	})
	return out.Consumer.ConsumerARN
}

// subscription is an open stream of events.
type subscription struct {
	t      *testing.T
	stream *kinesis.SubscribeToShardEventStream
}

func trySubscribe(t *testing.T, c *kinesis.Client, arn, shard *string, at types.StartingPosition) (*subscription, error) {
	out, err := c.SubscribeToShard(t.Context(), &kinesis.SubscribeToShardInput{ConsumerARN: arn, ShardId: shard, StartingPosition: &at})
	if err != nil {
		return nil, err
	}
	s := &subscription{t, out.GetStream()}
	t.Cleanup(func() { s.stream.Close() })
	return s, nil
}

func subscribe(t *testing.T, c *kinesis.Client, arn, shard *string, at types.StartingPosition) *subscription {
	t.Helper()
	return must[*subscription](t)(trySubscribe(t, c, arn, shard, at))
}

// next returns the next event, nil at the end of the stream.
func (s *subscription) next() *types.SubscribeToShardEvent {
	s.t.Helper()
	select {
	case e, ok := <-s.stream.Events():
		if !ok {
			return nil
		}
		return &e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
	case <-time.After(20 * time.Second):
		s.t.Fatal("no event in 20 s")
		return nil
	}
}

// records gathers records until there are n.
func (s *subscription) records(n int) (all []string, last *types.SubscribeToShardEvent) {
	s.t.Helper()
	for len(all) < n {
		if last = s.next(); last == nil {
			s.t.Fatalf("the stream ended after %d of %d records: %v", len(all), n, s.stream.Err())
		}
		for _, r := range last.Records {
			all = append(all, string(r.Data))
		}
	}
	return all, last
}

// end expects the stream to end, with an error of the given type or none.
func (s *subscription) end() error {
	s.t.Helper()
	for e := s.next(); e != nil; e = s.next() {
		if len(e.Records) > 0 {
			s.t.Errorf("%d records before the end", len(e.Records))
		}
	}
	return s.stream.Err()
}

func at(kind types.ShardIteratorType) types.StartingPosition {
	return types.StartingPosition{Type: kind}
}

func put(t *testing.T, c *kinesis.Client, stream, data string) *kinesis.PutRecordOutput {
	t.Helper()
	return must[*kinesis.PutRecordOutput](t)(c.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: aws.String("k"), Data: []byte(data)}))
}

func TestSubscribeFromEverywhere(t *testing.T) {
	everyProtocol(t, harness.Options{Verify: true}, func(t *testing.T, c *kinesis.Client) {
		create(t, c, "s", 1)
		before := time.Now().Add(-time.Minute)
		first := put(t, c, "s", "0")
		for i := range 4 {
			put(t, c, "s", fmt.Sprint(i+1))
		}
		for i, tt := range []struct {
			name string
			at   types.StartingPosition
			want string
		}{
			{"TRIM_HORIZON", at(types.ShardIteratorTypeTrimHorizon), "[0 1 2 3 4]"},
			{"AT_SEQUENCE_NUMBER", types.StartingPosition{Type: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: first.SequenceNumber}, "[0 1 2 3 4]"},
			{"AFTER_SEQUENCE_NUMBER", types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: first.SequenceNumber}, "[1 2 3 4]"},
			{"AT_TIMESTAMP", types.StartingPosition{Type: types.ShardIteratorTypeAtTimestamp, Timestamp: &before}, "[0 1 2 3 4]"},
		} {
			sub := subscribe(t, c, register(t, c, "s", fmt.Sprint("c", i)), shard(0), tt.at)
			got, last := sub.records(len(tt.want) / 2)
			if fmt.Sprint(got) != tt.want || *last.MillisBehindLatest != 0 || last.ContinuationSequenceNumber == nil {
				t.Errorf("%s: %v, %+v", tt.name, got, last)
			}
		}
		// LATEST: an event at once, then the record at once.
		arn := register(t, c, "s", "latest")
		sub := subscribe(t, c, arn, shard(0), at(types.ShardIteratorTypeLatest))
		e := sub.next()
		if len(e.Records) != 0 || e.ContinuationSequenceNumber == nil || len(e.ChildShards) != 0 {
			t.Fatalf("first event %+v", e)
		}
		for i := range 3 {
			put(t, c, "s", fmt.Sprint("new", i))
			acknowledged := time.Now()
			got, _ := sub.records(1)
			if got[0] != fmt.Sprint("new", i) {
				t.Errorf("got %v", got)
			}
			if d := time.Since(acknowledged); d > time.Second {
				t.Errorf("pushed %v after the put's answer", d)
			}
		}
		// What the empty event said is where the records are behind of.
		again := subscribe(t, c, register(t, c, "s", "again"), shard(0), types.StartingPosition{
			Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: e.ContinuationSequenceNumber})
		if got, _ := again.records(3); fmt.Sprint(got) != "[new0 new1 new2]" {
			t.Errorf("behind the first event: %v", got)
		}
	})
}

func TestSubscribeIdleAndTakeOver(t *testing.T) {
	everyProtocol(t, harness.Options{}, func(t *testing.T, c *kinesis.Client) {
		create(t, c, "s", 1)
		arn := register(t, c, "s", "c")
		first := subscribe(t, c, arn, shard(0), at(types.ShardIteratorTypeLatest))
		opened := time.Now()
		started := first.next()
		_, err := trySubscribe(t, c, arn, shard(0), at(types.ShardIteratorTypeLatest))
		inUse, ok := errors.AsType[*types.ResourceInUseException](err)
		if want := "Another active subscription exists for this consumer: 000000000000:s:shardId-000000000000:c"; !ok || inUse.ErrorMessage() != want {
			t.Errorf("second subscription: %v", err)
		}
		idle := first.next()
		if d := time.Since(opened); d > 5*time.Second || len(idle.Records) != 0 {
			t.Errorf("%d records after %v of silence", len(idle.Records), d)
		}
		if *idle.ContinuationSequenceNumber <= *started.ContinuationSequenceNumber {
			t.Error("the continuation did not advance")
		}
		time.Sleep(time.Until(opened.Add(5100 * time.Millisecond)))
		second := subscribe(t, c, arn, shard(0), at(types.ShardIteratorTypeLatest))
		if err := first.end(); !isA[*types.ResourceInUseException](err) {
			t.Errorf("the first one ended with %v", err)
		}
		put(t, c, "s", "x")
		second.records(1)
		// A client that goes makes room at once.
		second.stream.Close()
		harness.Eventually(t, "room for the next subscription", func() bool {
			_, err := trySubscribe(t, c, arn, shard(0), at(types.ShardIteratorTypeLatest))
			return err == nil
		})
	})
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func TestSubscribeEndsWithItsShard(t *testing.T) {
	everyProtocol(t, harness.Options{StateDelay: "200ms"}, func(t *testing.T, c *kinesis.Client) {
		create(t, c, "s", 1)
		put(t, c, "s", "before")
		arn := register(t, c, "s", "c")
		sub := subscribe(t, c, arn, shard(0), at(types.ShardIteratorTypeTrimHorizon))
		sub.records(1)
		half := "170141183460469231731687303715884105728"
		must[*kinesis.SplitShardOutput](t)(c.SplitShard(t.Context(), &kinesis.SplitShardInput{StreamName: aws.String("s"), ShardToSplit: shard(0), NewStartingHashKey: &half}))
		var last *types.SubscribeToShardEvent
		for e := sub.next(); e != nil; e = sub.next() {
			if last != nil && len(last.ChildShards) > 0 {
				t.Error("an event behind the last one")
			}
			last = e
		}
		if sub.stream.Err() != nil || len(last.ChildShards) != 2 || last.ContinuationSequenceNumber != nil {
			t.Fatalf("last event %+v, end %v", last, sub.stream.Err())
		}
		for _, child := range last.ChildShards {
			if len(child.ParentShards) != 1 || child.ParentShards[0] != *shard(0) || child.HashKeyRange == nil {
				t.Errorf("child %+v", child)
			}
			subscribe(t, c, arn, child.ShardId, at(types.ShardIteratorTypeTrimHorizon)).next()
		}
	})
}

func TestSubscribeEnds(t *testing.T) {
	everyProtocol(t, harness.Options{Args: []string{"--subscription-lifetime", "3s"}}, func(t *testing.T, c *kinesis.Client) {
		create(t, c, "s", 1)
		lifetime := subscribe(t, c, register(t, c, "s", "lifetime"), shard(0), at(types.ShardIteratorTypeLatest))
		arn := register(t, c, "s", "deregistered")
		deregistered := subscribe(t, c, arn, shard(0), at(types.ShardIteratorTypeLatest))
		must[*kinesis.DeregisterStreamConsumerOutput](t)(c.DeregisterStreamConsumer(t.Context(), &kinesis.DeregisterStreamConsumerInput{ConsumerARN: arn}))
		started := time.Now()
		if err := deregistered.end(); err != nil || time.Since(started) > 2*time.Second {
			t.Errorf("deregistered: %v after %v", err, time.Since(started))
		}
		_, err := trySubscribe(t, c, arn, shard(0), at(types.ShardIteratorTypeLatest))
		if !isA[*types.ResourceNotFoundException](err) {
			t.Errorf("a consumer that is gone: %v", err)
		}
		if err := lifetime.end(); err != nil || time.Since(started) > 4*time.Second {
			t.Errorf("lifetime: %v after %v", err, time.Since(started))
		}

		doomed := subscribe(t, c, register(t, c, "s", "doomed"), shard(0), at(types.ShardIteratorTypeLatest))
		_, err = c.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("s")})
		if !isA[*types.ResourceInUseException](err) {
			t.Errorf("deleting a stream with consumers: %v", err)
		}
		must[*kinesis.DeleteStreamOutput](t)(c.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("s"), EnforceConsumerDeletion: aws.Bool(true)}))
		if err := doomed.end(); !isA[*types.ResourceNotFoundException](err) {
			t.Errorf("a deleted stream: %v", err)
		}
	})
}

// A server that stops ends subscriptions in order, and soon.
func TestSubscribeAndDrain(t *testing.T) {
	for name, over := range map[string]func(*kinesis.Options){"HTTP/1.1": overHTTP1, "h2c": overH2C} {
		t.Run(name, func(t *testing.T) {
			s := harness.Start(t, harness.Options{})
			c := s.Client(over)
			create(t, c, "s", 1)
			sub := subscribe(t, c, register(t, c, "s", "c"), shard(0), at(types.ShardIteratorTypeLatest))
			sub.next()
			started := time.Now()
			s.Stop(t)
			if err := sub.end(); err != nil || time.Since(started) > 3*time.Second {
				t.Errorf("ended with %v after %v", err, time.Since(started))
			}
		})
	}
}
