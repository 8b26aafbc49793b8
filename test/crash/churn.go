package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// churnPrefix starts the names of the streams that come and go.
const churnPrefix = "churn-"

// maxChurn is how many of them there may be at once.
const maxChurn = 4

// life is what is known of a stream that comes and goes.
type life struct {
	created  bool // CreateStream was acknowledged, or the stream was seen
	deleting bool // DeleteStream was tried
	deleted  bool // and acknowledged
	tag      int  // last acknowledged value of the tag
	tagging  int  // last value tried
}

// churn creates, tags and deletes streams at random and remembers what was
// acknowledged. It belongs to one goroutine at a time.
type churn struct {
	random *rand.Rand
	next   int
	lives  map[string]*life
}

// run goes on until the server is gone.
func (c *churn) run(ctx context.Context, client *kinesis.Client) error {
	for ctx.Err() == nil {
		err := c.step(ctx, client)
		var busy *types.ResourceInUseException
		if gone(err) {
			return nil
		}
		if err != nil && !errors.As(err, &busy) {
			return fmt.Errorf("churn: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(c.random.IntN(40)) * time.Millisecond):
		}
	}
	return nil
}

func (c *churn) step(ctx context.Context, client *kinesis.Client) error {
	var settled []string
	for name, l := range c.lives {
		if l.created && !l.deleting {
			settled = append(settled, name)
		}
	}
	slices.Sort(settled)
	if len(settled) == 0 || len(settled) < maxChurn && c.random.IntN(3) == 0 {
		return c.create(ctx, client)
	}
	name := settled[c.random.IntN(len(settled))]
	if c.random.IntN(3) == 0 {
		return c.delete(ctx, client, name)
	}
	return c.tag(ctx, client, name)
}

func (c *churn) create(ctx context.Context, client *kinesis.Client) error {
	name := fmt.Sprintf("%s%d", churnPrefix, c.next)
	c.next++
	l := &life{}
	c.lives[name] = l
	_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(2)})
	if err == nil {
		l.created = true
	}
	return err
}

func (c *churn) delete(ctx context.Context, client *kinesis.Client, name string) error {
	l := c.lives[name]
	l.deleting = true
	_, err := client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &name})
	if err == nil {
		l.deleted = true
	}
	return err
}

func (c *churn) tag(ctx context.Context, client *kinesis.Client, name string) error {
	l := c.lives[name]
	value := l.tagging + 1
	_, err := client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{
		StreamName: &name, Tags: map[string]string{"value": fmt.Sprint(value)},
	})
	var busy *types.ResourceInUseException
	if errors.As(err, &busy) {
		return err
	}
	l.tagging = value
	if err == nil {
		l.tag = value
	}
	return err
}

// check compares the streams of a restarted server with what was
// acknowledged, and learns the outcome of the calls that had no answer.
func (c *churn) check(ctx context.Context, client *kinesis.Client) error {
	found, err := c.settle(ctx, client)
	if err != nil {
		return err
	}
	for name, l := range c.lives {
		there := slices.Contains(found, name)
		switch {
		case there && l.deleted:
			return fmt.Errorf("stream %s is there, its deletion was acknowledged", name)
		case !there && l.created && !l.deleting:
			return fmt.Errorf("stream %s is not there, its creation was acknowledged", name)
		case !there:
			delete(c.lives, name)
			continue
		}
		l.created, l.deleting = true, false
		if err := c.checkTag(ctx, client, name, l); err != nil {
			return err
		}
	}
	for _, name := range found {
		if c.lives[name] == nil {
			return fmt.Errorf("stream %s is there, and was gone or never made", name)
		}
	}
	return nil
}

// settle waits until no stream is in a transition and returns the names.
func (c *churn) settle(ctx context.Context, client *kinesis.Client) ([]string, error) {
	for deadline := time.Now().Add(10 * time.Second); ; {
		out, err := client.ListStreams(ctx, &kinesis.ListStreamsInput{ExclusiveStartStreamName: aws.String(churnPrefix)})
		if err != nil {
			return nil, err
		}
		var names []string
		moving := ""
		for _, each := range out.StreamSummaries {
			if !strings.HasPrefix(*each.StreamName, churnPrefix) {
				continue
			}
			names = append(names, *each.StreamName)
			if each.StreamStatus != types.StreamStatusActive {
				moving = fmt.Sprintf("%s is still %s", *each.StreamName, each.StreamStatus)
			}
		}
		if moving == "" {
			return names, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("10 s after a restart %s", moving)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (c *churn) checkTag(ctx context.Context, client *kinesis.Client, name string, l *life) error {
	out, err := client.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: &name})
	if err != nil {
		return err
	}
	value := 0
	for _, tag := range out.Tags {
		fmt.Sscan(aws.ToString(tag.Value), &value)
	}
	if value != l.tag && value != l.tagging {
		return fmt.Errorf("stream %s has tag value %d; acknowledged was %d, tried %d", name, value, l.tag, l.tagging)
	}
	l.tag, l.tagging = value, value
	return nil
}
