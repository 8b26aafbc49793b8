package ops

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"millrace/internal/limits"
	"millrace/kinesis/types"
)

// register makes a consumer of stream s.
func (h *house) register(t testing.TB, consumer string) *types.Consumer {
	t.Helper()
	return must[types.RegisterStreamConsumerOutput](t, h, "RegisterStreamConsumer",
		&types.RegisterStreamConsumerInput{StreamARN: new(arnOfS), ConsumerName: &consumer}).Consumer
}

func (h *house) consumer(t testing.TB, in types.DescribeStreamConsumerInput) *types.ConsumerDescription {
	t.Helper()
	return must[types.DescribeStreamConsumerOutput](t, h, "DescribeStreamConsumer", &in).ConsumerDescription
}

func TestConsumerLife(t *testing.T) {
	h := newHouse(t, limits.AWS(), delay)
	h.create(t, "s", 1)
	_, err := try[struct{}](t, h, "RegisterStreamConsumer", &types.RegisterStreamConsumerInput{StreamARN: new(arnOfS), ConsumerName: new("c")})
	refused(t, err, "ResourceInUseException", "not ACTIVE, instead in state CREATING")
	h.clock.Advance(delay)
	c := h.register(t, "c")
	want := fmt.Sprintf("%s/consumer/c:%d", arnOfS, h.clock.Now().Unix())
	if *c.ConsumerARN != want || c.ConsumerStatus != types.ConsumerStatusCreating || !c.ConsumerCreationTimestamp.Equal(h.clock.Now()) {
		t.Fatalf("registered %+v, want ARN %s", c, want)
	}
	_, err = try[struct{}](t, h, "RegisterStreamConsumer", &types.RegisterStreamConsumerInput{StreamARN: new(arnOfS), ConsumerName: new("c")})
	refused(t, err, "ResourceInUseException", "Consumer c under stream s already exists for account 000000000000.")
	h.clock.Advance(delay)
	for _, in := range []types.DescribeStreamConsumerInput{
		{ConsumerARN: c.ConsumerARN},
		{StreamARN: new(arnOfS), ConsumerName: new("c")},
		{StreamARN: new(arnOfS), ConsumerName: new("c"), ConsumerARN: c.ConsumerARN},
	} {
		if d := h.consumer(t, in); d.ConsumerStatus != types.ConsumerStatusActive || *d.ConsumerARN != want || *d.StreamARN != arnOfS || *d.ConsumerName != "c" {
			t.Errorf("got %+v", d)
		}
	}
	must[struct{}](t, h, "DeregisterStreamConsumer", &types.DeregisterStreamConsumerInput{ConsumerARN: c.ConsumerARN})
	if d := h.consumer(t, types.DescribeStreamConsumerInput{ConsumerARN: c.ConsumerARN}); d.ConsumerStatus != types.ConsumerStatusDeleting {
		t.Errorf("status %s, want DELETING", d.ConsumerStatus)
	}
	must[struct{}](t, h, "DeregisterStreamConsumer", &types.DeregisterStreamConsumerInput{ConsumerARN: c.ConsumerARN})
	h.clock.Advance(delay)
	_, err = try[struct{}](t, h, "DescribeStreamConsumer", &types.DescribeStreamConsumerInput{ConsumerARN: c.ConsumerARN})
	refused(t, err, "ResourceNotFoundException", "Consumer c under stream s not found for account 000000000000.")
	if again := h.register(t, "c"); *again.ConsumerARN == want {
		t.Errorf("two consumers with the ARN %s", want)
	}
}

func TestConsumerNaming(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	h.create(t, "other", 1)
	c := h.register(t, "c")
	other := strings.Replace(arnOfS, "stream/s", "stream/other", 1)
	for _, tt := range []struct {
		name       string
		in         types.DescribeStreamConsumerInput
		code, text string
	}{
		{"nothing", types.DescribeStreamConsumerInput{}, "InvalidArgumentException", "must be provided"},
		{"name alone", types.DescribeStreamConsumerInput{ConsumerName: new("c")}, "InvalidArgumentException", "must be provided"},
		{"stream alone", types.DescribeStreamConsumerInput{StreamARN: new(arnOfS)}, "InvalidArgumentException", "must be provided"},
		{"another stream", types.DescribeStreamConsumerInput{StreamARN: &other, ConsumerARN: c.ConsumerARN}, "InvalidArgumentException", "do not name the same stream"},
		{"another name", types.DescribeStreamConsumerInput{ConsumerName: new("d"), ConsumerARN: c.ConsumerARN}, "InvalidArgumentException", "do not name the same consumer"},
		{"another second", types.DescribeStreamConsumerInput{ConsumerARN: new(*c.ConsumerARN + "0")}, "ResourceNotFoundException", "not found"},
		{"unknown", types.DescribeStreamConsumerInput{StreamARN: new(arnOfS), ConsumerName: new("d")}, "ResourceNotFoundException", "not found"},
		{"stream unknown", types.DescribeStreamConsumerInput{StreamARN: new(arnOfS + "x"), ConsumerName: new("c")}, "ResourceNotFoundException", "Stream sx"},
		{"pattern", types.DescribeStreamConsumerInput{ConsumerARN: new(arnOfS)}, "ValidationException", "consumerARN"},
		{"more than a consumer", types.DescribeStreamConsumerInput{ConsumerARN: new(strings.Replace(*c.ConsumerARN, "stream/s", "x/stream/s", 1))}, "InvalidArgumentException", "is not the ARN of a consumer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := try[struct{}](t, h, "DescribeStreamConsumer", &tt.in)
			refused(t, err, tt.code, tt.text)
		})
	}
	// An ARN of another account finds the caller's own, as for streams.
	foreign := strings.Replace(*c.ConsumerARN, "us-east-1:000000000000", "eu-west-1:111111111111", 1)
	if d := h.consumer(t, types.DescribeStreamConsumerInput{ConsumerARN: &foreign}); *d.ConsumerARN != *c.ConsumerARN {
		t.Errorf("found %s", *d.ConsumerARN)
	}
	h.caller.Verified = true
	_, err := try[struct{}](t, h, "DescribeStreamConsumer", &types.DescribeStreamConsumerInput{ConsumerARN: &foreign})
	refused(t, err, "AccessDeniedException", "kinesis:DescribeStreamConsumer")
}

func TestConsumerQuotasAndRates(t *testing.T) {
	h := newHouse(t, limits.AWS(), delay)
	h.create(t, "s", 1)
	h.clock.Advance(delay)
	for i := range 5 {
		h.register(t, fmt.Sprint("c", i))
	}
	register := func(name string) error {
		_, err := try[struct{}](t, h, "RegisterStreamConsumer", &types.RegisterStreamConsumerInput{StreamARN: new(arnOfS), ConsumerName: &name})
		return err
	}
	refused(t, register("c5"), "LimitExceededException", "Rate exceeded for stream s under account 000000000000.")
	h.clock.Advance(delay - 1)
	refused(t, register("c5"), "LimitExceededException", "5 consumers in CREATING")
	for i := 5; i < 20; i++ {
		h.clock.Advance(time.Second)
		h.register(t, fmt.Sprint("c", i))
	}
	h.clock.Advance(time.Second)
	refused(t, register("c20"), "LimitExceededException", "20 registered consumers")
	summary := must[types.DescribeStreamSummaryOutput](t, h, "DescribeStreamSummary", &types.DescribeStreamSummaryInput{StreamName: new("s")})
	if n := *summary.StreamDescriptionSummary.ConsumerCount; n != 20 {
		t.Errorf("ConsumerCount %d, want 20", n)
	}
}

func TestListStreamConsumers(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	for i := range 150 {
		h.register(t, fmt.Sprintf("c%03d", i))
	}
	list := func(in types.ListStreamConsumersInput) *types.ListStreamConsumersOutput {
		in.StreamARN = new(arnOfS)
		return must[types.ListStreamConsumersOutput](t, h, "ListStreamConsumers", &in)
	}
	first := list(types.ListStreamConsumersInput{MaxResults: new(int32(10000))})
	if len(first.Consumers) != 100 || first.NextToken == nil || *first.Consumers[0].ConsumerName != "c000" {
		t.Fatalf("first page of %d", len(first.Consumers))
	}
	rest := list(types.ListStreamConsumersInput{NextToken: first.NextToken})
	if len(rest.Consumers) != 50 || rest.NextToken != nil || *rest.Consumers[0].ConsumerName != "c100" {
		t.Errorf("second page of %d", len(rest.Consumers))
	}
	if got := list(types.ListStreamConsumersInput{MaxResults: new(int32(2)), StreamCreationTimestamp: &epoch}); len(got.Consumers) != 2 {
		t.Errorf("page of %d, want 2", len(got.Consumers))
	}
	for _, tt := range []struct {
		name       string
		in         types.ListStreamConsumersInput
		code, text string
	}{
		{"another creation", types.ListStreamConsumersInput{StreamCreationTimestamp: new(epoch.Add(time.Hour))}, "ResourceNotFoundException", "not found"},
		{"token and creation", types.ListStreamConsumersInput{NextToken: first.NextToken, StreamCreationTimestamp: &epoch}, "InvalidArgumentException", "cannot be provided together"},
		{"no token", types.ListStreamConsumersInput{NextToken: new("abc")}, "InvalidArgumentException", "Invalid NextToken."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.StreamARN = new(arnOfS)
			_, err := try[struct{}](t, h, "ListStreamConsumers", &tt.in)
			refused(t, err, tt.code, tt.text)
		})
	}
	h.clock.Advance(301 * time.Second)
	_, err := try[struct{}](t, h, "ListStreamConsumers", &types.ListStreamConsumersInput{StreamARN: new(arnOfS), NextToken: first.NextToken})
	refused(t, err, "ExpiredNextTokenException", "expired")
}

func TestTagsOfResources(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	c := must[types.RegisterStreamConsumerOutput](t, h, "RegisterStreamConsumer", &types.RegisterStreamConsumerInput{
		StreamARN: new(arnOfS), ConsumerName: new("c"), Tags: map[string]string{"z": "26", "a": "1"}}).Consumer
	tags := func(arn string) string {
		out := must[types.ListTagsForResourceOutput](t, h, "ListTagsForResource", &types.ListTagsForResourceInput{ResourceARN: &arn})
		s := ""
		for _, tag := range out.Tags {
			s += *tag.Key + "=" + *tag.Value + " "
		}
		return s
	}
	for _, arn := range []string{arnOfS, *c.ConsumerARN} {
		must[struct{}](t, h, "TagResource", &types.TagResourceInput{ResourceARN: &arn, Tags: map[string]string{"b": "2", "a": "one"}})
		must[struct{}](t, h, "UntagResource", &types.UntagResourceInput{ResourceARN: &arn, TagKeys: []string{"b", "absent"}})
	}
	if got := tags(arnOfS); got != "a=one " {
		t.Errorf("stream: %q", got)
	}
	if got := tags(*c.ConsumerARN); got != "a=one z=26 " {
		t.Errorf("consumer: %q", got)
	}
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint("k", i)] = ""
	}
	for _, tt := range []struct {
		name       string
		in         types.TagResourceInput
		code, text string
	}{
		{"too many, stream", types.TagResourceInput{ResourceARN: new(arnOfS), Tags: many}, "InvalidArgumentException", "more than 50 tags"},
		{"too many, consumer", types.TagResourceInput{ResourceARN: c.ConsumerARN, Tags: many}, "InvalidArgumentException", "more than 50 tags"},
		{"characters", types.TagResourceInput{ResourceARN: c.ConsumerARN, Tags: map[string]string{"a": ";"}}, "InvalidArgumentException", "invalid characters"},
		{"no such consumer", types.TagResourceInput{ResourceARN: new(*c.ConsumerARN + "1"), Tags: map[string]string{"a": ""}}, "ResourceNotFoundException", "not found"},
		{"a channel", types.TagResourceInput{ResourceARN: new("arn:aws:kinesis:us-east-1:000000000000:channel/x"), Tags: map[string]string{"a": ""}}, "ResourceNotFoundException", "not found"},
		{"no stream", types.TagResourceInput{ResourceARN: new(arnOfS + "/x"), Tags: map[string]string{"a": ""}}, "InvalidArgumentException", "ResourceARN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := try[struct{}](t, h, "TagResource", &tt.in)
			refused(t, err, tt.code, tt.text)
		})
	}
}

func TestDeleteStreamWithConsumers(t *testing.T) {
	h := newHouse(t, limits.None(), 0)
	h.create(t, "s", 1)
	h.register(t, "c")
	for _, enforce := range []*bool{nil, new(false)} {
		_, err := try[struct{}](t, h, "DeleteStream", &types.DeleteStreamInput{StreamName: new("s"), EnforceConsumerDeletion: enforce})
		refused(t, err, "ResourceInUseException", "Stream s under account 000000000000 has 1 registered consumers.")
	}
	must[struct{}](t, h, "DeleteStream", &types.DeleteStreamInput{StreamName: new("s"), EnforceConsumerDeletion: new(true)})
}
