package ops

import (
	"errors"
	"fmt"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// translate names the errors of package streams as Kinesis does, nil for one
// that no caller should see. It is the only place that does so; where an
// operation words an error differently, its file makes that error itself.
// Texts: API reference of the operations, and observed answers.
func translate(err error) error {
	switch e := err.(type) {
	case *streams.NotFoundError:
		return notFound(streamNotFoundText(e.Name))
	case *streams.ExistsError:
		return types.NewError("ResourceInUseException",
			fmt.Sprintf("Stream %s under account %s already exists.", e.Name.Stream, e.Name.Account))
	case *streams.StateError:
		return notActive(e.Name, e.Status)
	case *streams.ShardNotFoundError:
		return notFound(shardNotFoundText(e.Name, streams.ShardID(e.Shard)))
	case *streams.ShardClosedError:
		return invalidArgument(fmt.Sprintf(
			"Shard %s in stream %s under account %s has already been merged or split, and thus is not eligible for merging or splitting.",
			streams.ShardID(e.Shard), e.Name.Stream, e.Name.Account))
	case *streams.NotAdjacentError:
		return invalidArgument(fmt.Sprintf(
			"Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging",
			streams.ShardID(e.Lower), streams.ShardID(e.Upper), e.Name.Stream, e.Name.Account))
	case *streams.IteratorExpiredError:
		return types.NewError("ExpiredIteratorException", fmt.Sprintf(
			"Iterator expired. The iterator was created at time %s while right now it is %s which is further in the future than the tolerated delay of 300000 milliseconds.",
			javaTime(e.IssuedMs), javaTime(e.NowMs)))
	case *streams.TokenExpiredError:
		return types.NewError("ExpiredNextTokenException", fmt.Sprintf(
			"NextToken expired. It was created at time %s while right now it is %s, more than the tolerated 300000 milliseconds later.",
			javaTime(e.IssuedMs), javaTime(e.NowMs)))
	}
	if api := translateConsumer(err); api != nil {
		return api
	}
	switch {
	case errors.Is(err, streams.ErrIteratorInvalid):
		return invalidArgument("Invalid ShardIterator.")
	case errors.Is(err, streams.ErrTokenInvalid):
		return invalidArgument("Invalid NextToken.")
	}
	return nil
}

func streamNotFoundText(n catalog.Name) string {
	return fmt.Sprintf("Stream %s under account %s not found.", n.Stream, n.Account)
}

func shardNotFoundText(n catalog.Name, shardID string) string {
	return fmt.Sprintf("Shard %s in stream %s under account %s does not exist", shardID, n.Stream, n.Account)
}

func notActive(n catalog.Name, status catalog.Status) error {
	return types.NewError("ResourceInUseException", fmt.Sprintf(
		"Stream %s under account %s not ACTIVE, instead in state %s", n.Stream, n.Account, status))
}

// javaTime prints a time as the service's expiry texts do.
func javaTime(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("Mon Jan 02 15:04:05 UTC 2006")
}
