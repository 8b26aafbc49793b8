package ops

import (
	"fmt"
	"strconv"
	"strings"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// consumerARN is the ARN of a registered consumer: the stream's, its name and
// the second of its registration (developer guide, ARNs of Kinesis).
func consumerARN(n catalog.Name, c *catalog.Consumer) string {
	return refARN(streams.ConsumerRef{Stream: n, Name: c.Name, CreatedSec: c.CreatedSec()})
}

func refARN(r streams.ConsumerRef) string {
	return streamARN(r.Stream) + "/consumer/" + r.Name + ":" + strconv.FormatInt(r.CreatedSec, 10)
}

// parseConsumerARN takes the ARN of a consumer apart. The model's pattern has
// been checked, but it lets more through than names a consumer.
func parseConsumerARN(arn string) (streams.ConsumerRef, error) {
	stream, rest, ok := strings.Cut(arn, "/consumer/")
	name, created, ok2 := strings.Cut(rest, ":")
	sec, err := strconv.ParseInt(created, 10, 64)
	if !ok || !ok2 || err != nil || name == "" || len(name) > 128 || strings.ContainsAny(name, "/") {
		return streams.ConsumerRef{}, invalidArgument(fmt.Sprintf("ConsumerARN %s is not the ARN of a consumer.", arn))
	}
	n, err := parseStreamARN(stream)
	if err != nil {
		return streams.ConsumerRef{}, invalidArgument(fmt.Sprintf("ConsumerARN %s is not the ARN of a consumer.", arn))
	}
	return streams.ConsumerRef{Stream: n, Name: name, CreatedSec: sec}, nil
}

// consumerQuery is how a call names a consumer: by its ARN, by the stream's
// and its name, or by all three if they agree.
type consumerQuery struct {
	operation              string
	streamARN, name, cnARN *string
}

// findConsumer looks up the consumer that a call names.
func (s *Service) findConsumer(c Caller, q consumerQuery) (*catalog.Stream, *catalog.Consumer, error) {
	if q.cnARN == nil && (q.streamARN == nil || q.name == nil) {
		return nil, nil, invalidArgument("Either ConsumerARN or both StreamARN and ConsumerName must be provided.")
	}
	ref := streams.ConsumerRef{CreatedSec: -1}
	var err error
	if q.cnARN != nil {
		if ref, err = parseConsumerARN(*q.cnARN); err != nil {
			return nil, nil, err
		}
	}
	if q.streamARN != nil {
		n, err := parseStreamARN(*q.streamARN)
		if err != nil {
			return nil, nil, err
		}
		if q.cnARN != nil && n != ref.Stream {
			return nil, nil, invalidArgument(fmt.Sprintf("StreamARN %s and ConsumerARN %s do not name the same stream.", *q.streamARN, *q.cnARN))
		}
		ref.Stream = n
	}
	if q.name != nil {
		if q.cnARN != nil && *q.name != ref.Name {
			return nil, nil, invalidArgument(fmt.Sprintf("ConsumerName %s and ConsumerARN %s do not name the same consumer.", *q.name, *q.cnARN))
		}
		ref.Name = *q.name
	}
	return s.lookupConsumer(c, q.operation, ref)
}

// lookupConsumer finds a consumer as the caller may reach it. A CreatedSec
// below 0 is any.
func (s *Service) lookupConsumer(c Caller, operation string, ref streams.ConsumerRef) (*catalog.Stream, *catalog.Consumer, error) {
	n, err := s.reach(c, operation, ref.Stream)
	if err != nil {
		return nil, nil, err
	}
	st, err := s.streams.Lookup(n)
	if err != nil {
		return nil, nil, err
	}
	cn := st.Consumer(ref.Name)
	if cn == nil || ref.CreatedSec >= 0 && cn.CreatedSec() != ref.CreatedSec {
		return nil, nil, &streams.ConsumerNotFoundError{Name: n, Consumer: ref.Name}
	}
	return st, cn, nil
}

func refOf(st *catalog.Stream, cn *catalog.Consumer) streams.ConsumerRef {
	return streams.ConsumerRef{Stream: st.Name, Name: cn.Name, CreatedSec: cn.CreatedSec()}
}

// wireConsumer is the Consumer shape (API reference, Consumer).
func wireConsumer(n catalog.Name, cn *catalog.Consumer) types.Consumer {
	return types.Consumer{
		ConsumerName:              new(cn.Name),
		ConsumerARN:               new(consumerARN(n, cn)),
		ConsumerStatus:            types.ConsumerStatus(cn.Status),
		ConsumerCreationTimestamp: timestamp(cn.CreatedMs),
	}
}

// translateConsumer is translate for the errors about consumers. Texts: public
// reports where there are any.
func translateConsumer(err error) error {
	inUse := func(format string, args ...any) error {
		return types.NewError("ResourceInUseException", fmt.Sprintf(format, args...))
	}
	switch e := err.(type) {
	case *streams.ConsumerNotFoundError:
		return notFound(fmt.Sprintf("Consumer %s under stream %s not found for account %s.", e.Consumer, e.Name.Stream, e.Name.Account))
	case *streams.ConsumerExistsError:
		return inUse("Consumer %s under stream %s already exists for account %s.", e.Consumer, e.Name.Stream, e.Name.Account)
	case *streams.ConsumerStateError:
		return inUse("Consumer %s with creation timestamp %d under stream: %s , account %s is not in ACTIVE status.",
			e.Consumer, e.CreatedSec, e.Name.Stream, e.Name.Account)
	case *streams.HasConsumersError:
		return inUse("Stream %s under account %s has %d registered consumers. Deregister them, or set EnforceConsumerDeletion.",
			e.Name.Stream, e.Name.Account, e.Consumers)
	case *streams.SubscribedError:
		return inUse("Another active subscription exists for this consumer: %s:%s:%s:%s",
			e.Name.Account, e.Name.Stream, streams.ShardID(e.Shard), e.Consumer)
	}
	return nil
}
