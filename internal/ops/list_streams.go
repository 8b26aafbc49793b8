package ops

import (
	"context"

	"millrace/internal/catalog"
	"millrace/kinesis/types"
)

// maxListStreams is the most streams of one ListStreams answer (API
// reference, ListStreams).
const maxListStreams = 100

// listStreams implements ListStreams. A NextToken wins over
// ExclusiveStartStreamName.
func (s *Service) listStreams(_ context.Context, c Caller, in *types.ListStreamsInput) (*types.ListStreamsOutput, error) {
	after := ""
	if in.ExclusiveStartStreamName != nil {
		after = *in.ExclusiveStartStreamName
	}
	if in.NextToken != nil {
		state, err := s.streams.OpenToken("ListStreams", c.Account, *in.NextToken)
		if err != nil {
			return nil, err
		}
		after = string(state)
	}
	list, more := s.streams.List(c.Account, c.Region, after, pageSize(in.Limit, s.limits.ListStreamsDefault, maxListStreams))
	out := &types.ListStreamsOutput{
		StreamNames:     make([]string, len(list)),
		StreamSummaries: make([]types.StreamSummary, len(list)),
		HasMoreStreams:  new(more),
	}
	for i, st := range list {
		out.StreamNames[i] = st.Name.Stream
		out.StreamSummaries[i] = wireSummary(st)
	}
	if more {
		last := list[len(list)-1].Name.Stream
		out.NextToken = new(s.streams.SealToken("ListStreams", c.Account, []byte(last)))
	}
	return out, nil
}

func wireSummary(st *catalog.Stream) types.StreamSummary {
	return types.StreamSummary{
		StreamName:              new(st.Name.Stream),
		StreamARN:               new(streamARN(st.Name)),
		StreamStatus:            types.StreamStatus(st.Status),
		StreamModeDetails:       wireMode(st),
		StreamCreationTimestamp: timestamp(st.CreatedMs),
	}
}
