package ops

import (
	"fmt"

	"millrace/internal/catalog"
	"millrace/kinesis/types"
)

// dryRunsPerSecond is the rate of dry runs that the data operations of a
// stream share (API reference, DryRun).
const dryRunsPerSecond = 1

// dryRunControl names that rate among the control operations' rates.
const dryRunControl = "DryRun"

// dryRun answers a call with DryRun set, once every check has passed: the
// call has no effect and its success is an exception.
func (s *Service) dryRun(operation string, name catalog.Name) error {
	if !s.meter.takeControl(streamControl(dryRunControl, name), s.nowMs()) {
		return types.NewError("ThrottlingException", streamRateText(name))
	}
	return types.NewError("DryRunOperationException", fmt.Sprintf(
		"DryRunOperation validation succeeded while calling %s operation.: Request would have succeeded, but DryRun flag is set.", operation))
}
