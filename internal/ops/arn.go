package ops

import (
	"fmt"
	"strings"

	"millrace/internal/catalog"
	"millrace/kinesis/types"
)

// streamARN is the ARN of a stream (developer guide, ARNs of Kinesis).
func streamARN(n catalog.Name) string {
	return "arn:" + partition(n.Region) + ":kinesis:" + n.Region + ":" + n.Account + ":stream/" + n.Stream
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// parseStreamARN takes a stream ARN apart. The model's pattern has been
// checked, but it lets more through than names a stream.
func parseStreamARN(arn string) (catalog.Name, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 {
		if name, ok := strings.CutPrefix(parts[5], "stream/"); ok && name != "" && !strings.ContainsAny(name, "/:") {
			return catalog.Name{Account: parts[4], Region: parts[3], Stream: name}, nil
		}
	}
	return catalog.Name{}, invalidArgument(fmt.Sprintf("StreamARN %s is not the ARN of a stream.", arn))
}

// resolve tells which stream a call means by StreamName, StreamARN or both
// (operations with both members need one of them, and both must agree).
func (s *Service) resolve(c Caller, operation string, name, arn *string) (catalog.Name, error) {
	if arn == nil {
		if name == nil {
			return catalog.Name{}, invalidArgument("Either StreamName or StreamARN must be provided.")
		}
		return catalog.Name{Account: c.Account, Region: c.Region, Stream: *name}, nil
	}
	n, err := parseStreamARN(*arn)
	if err != nil {
		return catalog.Name{}, err
	}
	if name != nil && *name != n.Stream {
		return catalog.Name{}, invalidArgument(fmt.Sprintf(
			"StreamName %s and StreamARN %s do not name the same stream.", *name, *arn))
	}
	return s.reach(c, operation, n)
}

// reach says which stream an ARN finds for a caller. Without signatures an
// account is a label, so an ARN written for another account or region (as
// kept in many a configuration) finds the caller's own stream of that name.
func (s *Service) reach(c Caller, operation string, n catalog.Name) (catalog.Name, error) {
	own := catalog.Name{Account: c.Account, Region: c.Region, Stream: n.Stream}
	switch {
	case n == own:
		return n, nil
	case !c.Verified:
		if _, err := s.streams.Lookup(n); err == nil {
			return n, nil
		}
		return own, nil
	case n.Account != c.Account:
		return catalog.Name{}, denied(c, operation, streamARN(n))
	}
	return catalog.Name{}, notFound(streamNotFoundText(n))
}

func denied(c Caller, operation, arn string) error {
	return types.NewError("AccessDeniedException", fmt.Sprintf(
		"User: arn:aws:iam::%s:user/%s is not authorized to perform: kinesis:%s on resource: %s because no resource-based policy allows the kinesis:%s action",
		c.Account, c.AccessKey, operation, arn, operation))
}

// find resolves and looks up in one step.
func (s *Service) find(c Caller, operation string, name, arn *string) (*catalog.Stream, error) {
	n, err := s.resolve(c, operation, name, arn)
	if err != nil {
		return nil, err
	}
	return s.streams.Lookup(n)
}
