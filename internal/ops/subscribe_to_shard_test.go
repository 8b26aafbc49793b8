package ops

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/internal/wire/awsjson"
	"millrace/kinesis/types"
)

func subscribeInput(c *types.Consumer, p types.StartingPosition) *types.SubscribeToShardInput {
	return &types.SubscribeToShardInput{ConsumerARN: c.ConsumerARN, ShardId: new("shardId-000000000000"), StartingPosition: &p}
}

// event is the next event of a subscription.
func event(t testing.TB, sub *Subscription) *types.SubscribeToShardEvent {
	t.Helper()
	e, err := sub.Next(t.Context(), "request")
	if err != nil {
		t.Fatal(err)
	}
	out := new(types.SubscribeToShardEvent)
	body := e.Encoded(func(e *types.SubscribeToShardEvent) []byte { return awsjson.Marshal(nil, e) })
	if err := awsjson.UnmarshalOutput(body, out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return out
}

func TestSubscribeStartingPositions(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	first := h.put(t, "s", "k", "a")
	h.clock.Advance(time.Minute)
	h.put(t, "s", "k", "b")
	for _, tt := range []struct {
		name string
		at   types.StartingPosition
		want string
	}{
		{"TRIM_HORIZON", types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}, "ab"},
		{"LATEST", types.StartingPosition{Type: types.ShardIteratorTypeLatest}, ""},
		{"AT_SEQUENCE_NUMBER", types.StartingPosition{Type: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: first.SequenceNumber}, "ab"},
		{"AFTER_SEQUENCE_NUMBER", types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: first.SequenceNumber}, "b"},
		{"AT_TIMESTAMP", types.StartingPosition{Type: types.ShardIteratorTypeAtTimestamp, Timestamp: new(epoch.Add(time.Second))}, "b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub := must[Subscription](t, h, "SubscribeToShard", subscribeInput(h.register(t, tt.name), tt.at))
			defer sub.Close()
			got := ""
			e := event(t, sub)
			for _, r := range e.Records {
				got += string(r.Data)
			}
			if got != tt.want || *e.MillisBehindLatest != 0 || e.ContinuationSequenceNumber == nil || e.ChildShards != nil {
				t.Errorf("got %q in %+v", got, e)
			}
		})
	}
}

func TestSubscribeRefusals(t *testing.T) {
	h := newHouse(t, limits.None(), delay)
	h.create(t, "s", 1)
	h.clock.Advance(delay)
	c := h.register(t, "c")
	latest := types.StartingPosition{Type: types.ShardIteratorTypeLatest}
	_, err := try[Subscription](t, h, "SubscribeToShard", subscribeInput(c, latest))
	created := h.clock.Now().Unix()
	refused(t, err, "ResourceInUseException", "Consumer c with creation timestamp "+fmt.Sprint(created)+" under stream: s , account 000000000000 is not in ACTIVE status.")
	h.clock.Advance(delay)
	with := func(change func(in *types.SubscribeToShardInput)) *types.SubscribeToShardInput {
		in := subscribeInput(c, latest)
		change(in)
		return in
	}
	for _, tt := range []struct {
		name       string
		in         *types.SubscribeToShardInput
		code, text string
	}{
		{"no position", with(func(in *types.SubscribeToShardInput) { in.StartingPosition = nil }), "ValidationException", "startingPosition"},
		{"no such shard", with(func(in *types.SubscribeToShardInput) { in.ShardId = new("shardId-000000000007") }), "ResourceNotFoundException", "Shard shardId-000000000007 in stream s under account 000000000000 does not exist"},
		{"no shard", with(func(in *types.SubscribeToShardInput) { in.ShardId = new("x") }), "ResourceNotFoundException", "Could not find shard x in stream s under account 000000000000."},
		{"no such consumer", with(func(in *types.SubscribeToShardInput) { in.ConsumerARN = new(*c.ConsumerARN + "1") }), "ResourceNotFoundException", "Consumer c under stream s not found"},
		{"number with LATEST", subscribeInput(c, types.StartingPosition{Type: types.ShardIteratorTypeLatest, SequenceNumber: new("1")}), "InvalidArgumentException", "Request specified LATEST and also a StartingSequenceNumber."},
		{"no number", subscribeInput(c, types.StartingPosition{Type: types.ShardIteratorTypeAtSequenceNumber}), "InvalidArgumentException", "and no StartingSequenceNumber."},
		{"no time", subscribeInput(c, types.StartingPosition{Type: types.ShardIteratorTypeAtTimestamp}), "InvalidArgumentException", "Must specify timestampInMillis"},
		{"future", subscribeInput(c, types.StartingPosition{Type: types.ShardIteratorTypeAtTimestamp, Timestamp: new(h.clock.Now().Add(time.Hour))}), "InvalidArgumentException", "cannot be greater than"},
		{"other shard's number", subscribeInput(c, types.StartingPosition{Type: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: new("49674026002850188218576229259473476449429298564223254594")}), "InvalidArgumentException", "It encodes shardId-000000003076, while it was used in a call to a shard with shardId-000000000000"},
		{"other stream's number", subscribeInput(c, types.StartingPosition{Type: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: new("49600871682957036442365024926191073437251060580128653314")}), "InvalidArgumentException", "used in SubscribeToShard on shard shardId-000000000000 in stream s under account 000000000000 is invalid because it did not come from this stream."},
		{"dry run", with(func(in *types.SubscribeToShardInput) { in.DryRun = new(true) }), "DryRunOperationException", "SubscribeToShard"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := try[Subscription](t, h, "SubscribeToShard", tt.in)
			refused(t, err, tt.code, tt.text)
		})
	}
	must[Subscription](t, h, "SubscribeToShard", subscribeInput(c, latest)).Close()
}

func TestSubscribeTwice(t *testing.T) {
	h := newHouse(t, limits.AWS(), 0)
	h.create(t, "s", 1)
	c := h.register(t, "c")
	in := subscribeInput(c, types.StartingPosition{Type: types.ShardIteratorTypeLatest})
	first := must[Subscription](t, h, "SubscribeToShard", in)
	defer first.Close()
	event(t, first)
	const another = "Another active subscription exists for this consumer: 000000000000:s:shardId-000000000000:c"
	_, err := try[Subscription](t, h, "SubscribeToShard", in)
	refused(t, err, "ResourceInUseException", another)
	h.clock.Advance(4999 * time.Millisecond)
	_, err = try[Subscription](t, h, "SubscribeToShard", in)
	refused(t, err, "ResourceInUseException", another)
	h.clock.Advance(time.Millisecond)
	second := must[Subscription](t, h, "SubscribeToShard", in)
	defer second.Close()
	_, err = first.Next(t.Context(), "request")
	refused(t, err, "ResourceInUseException", another)
	event(t, second)
	second.Close()
	_, err = try[Subscription](t, h, "SubscribeToShard", in)
	refused(t, err, "LimitExceededException", "Rate exceeded for consumer c")
}

func TestSubscribeEnds(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	h.put(t, "s", "k", "a")
	c := h.register(t, "c")
	horizon := types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	sub := must[Subscription](t, h, "SubscribeToShard", subscribeInput(c, horizon))
	defer sub.Close()
	event(t, sub)
	must[struct{}](t, h, "SplitShard", &types.SplitShardInput{StreamName: new("s"), ShardToSplit: new("shardId-000000000000"), NewStartingHashKey: new("170141183460469231731687303715884105728")})
	last := event(t, sub)
	if last.ContinuationSequenceNumber != nil || len(last.ChildShards) != 2 || last.ChildShards[0].ParentShards[0] != "shardId-000000000000" {
		t.Errorf("last event %+v", last)
	}
	if _, err := sub.Next(t.Context(), "request"); !errors.Is(err, io.EOF) {
		t.Errorf("behind the last event: %v", err)
	}
	doomed := subscribeInput(h.register(t, "d"), types.StartingPosition{Type: types.ShardIteratorTypeLatest})
	doomed.ShardId = last.ChildShards[0].ShardId
	open := must[Subscription](t, h, "SubscribeToShard", doomed)
	defer open.Close()
	event(t, open)
	must[struct{}](t, h, "DeleteStream", &types.DeleteStreamInput{StreamName: new("s"), EnforceConsumerDeletion: new(true)})
	_, err := open.Next(t.Context(), "request")
	refused(t, err, "ResourceNotFoundException", "Stream s under account 000000000000 not found.")
	if open.Context().Err() == nil {
		t.Error("its context goes on")
	}
}

// However many records an event has, making its shape and encoding it costs
// the same few allocations.
func TestEventsAllocateNothingPerRecord(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	c := h.register(t, "c")
	allocations := func(records int) float64 {
		for range records {
			h.put(t, "s", "key", "some data")
		}
		h.clock.Advance(time.Minute)
		sub := must[Subscription](t, h, "SubscribeToShard", subscribeInput(c, types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}))
		defer sub.Close()
		e, err := sub.Next(t.Context(), "request")
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 0, 4<<20)
		return testing.AllocsPerRun(10, func() { buf = awsjson.Marshal(buf[:0], wireEvent(e.e)) })
	}
	few, many := allocations(10), allocations(1000)
	if many > few+4 {
		t.Errorf("10 records take %v allocations, 1010 take %v", few, many)
	}
}
