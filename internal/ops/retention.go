package ops

import (
	"context"
	"errors"
	"fmt"

	"millrace/internal/streams"
	"millrace/kinesis/types"
)

// minRetentionHours is the shortest retention period (API reference,
// DecreaseStreamRetentionPeriod).
const minRetentionHours = 24

// increaseStreamRetentionPeriod implements IncreaseStreamRetentionPeriod. The
// period that the stream has already is accepted (observed; Terraform relies
// on it).
func (s *Service) increaseStreamRetentionPeriod(ctx context.Context, c Caller, in *types.IncreaseStreamRetentionPeriodInput) error {
	return s.setRetention(ctx, c, retention{"IncreaseStreamRetentionPeriod", in.StreamName, in.StreamARN, *in.RetentionPeriodHours, true})
}

// decreaseStreamRetentionPeriod implements DecreaseStreamRetentionPeriod.
func (s *Service) decreaseStreamRetentionPeriod(ctx context.Context, c Caller, in *types.DecreaseStreamRetentionPeriodInput) error {
	return s.setRetention(ctx, c, retention{"DecreaseStreamRetentionPeriod", in.StreamName, in.StreamARN, *in.RetentionPeriodHours, false})
}

// retention is a call of either operation.
type retention struct {
	operation string
	name, arn *string
	hours     int32
	increase  bool
}

func (s *Service) setRetention(ctx context.Context, c Caller, r retention) error {
	name, err := s.resolve(c, r.operation, r.name, r.arn)
	if err != nil {
		return err
	}
	if err := s.meterStream(r.operation, name); err != nil {
		return err
	}
	if _, err := s.streams.Lookup(name); err != nil {
		return err
	}
	if r.hours < minRetentionHours {
		return invalidArgument(fmt.Sprintf(
			"Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.", minRetentionHours, r.hours))
	}
	if most := s.limits.MaxRetentionHours; most > 0 && int(r.hours) > most {
		return invalidArgument(fmt.Sprintf(
			"Maximum allowed retention period is %d hours. Requested retention period (%d hours) is too long.", most, r.hours))
	}
	err = s.streams.SetRetention(ctx, name, r.hours, r.increase)
	if e, ok := errors.AsType[*streams.RetentionError](err); ok {
		return wrongDirection(r, e, name.Stream)
	}
	return err
}

func wrongDirection(r retention, e *streams.RetentionError, stream string) error {
	side, other := "shorter", "DecreaseRetentionPeriod"
	if !r.increase {
		side, other = "longer", "IncreaseRetentionPeriod"
	}
	return invalidArgument(fmt.Sprintf(
		"Requested retention period (%d hours) for stream %s can not be %s than existing retention period (%d hours). Use %s API.",
		r.hours, stream, side, e.Current, other))
}
