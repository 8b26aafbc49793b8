package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"millrace/internal/catalog"
	"millrace/kinesis/types"
)

// maxListConsumers is the most consumers of one ListStreamConsumers answer,
// and the default (API reference, ListStreamConsumers).
const maxListConsumers = 100

// consumerPage is what a NextToken of ListStreamConsumers carries.
type consumerPage struct {
	Name      catalog.Name
	CreatedMs int64 // tells a stream from one re-created under its name
	After     string
}

// listStreamConsumers implements ListStreamConsumers, in order of the names.
func (s *Service) listStreamConsumers(_ context.Context, c Caller, in *types.ListStreamConsumersInput) (*types.ListStreamConsumersOutput, error) {
	st, err := s.find(c, "ListStreamConsumers", nil, in.StreamARN)
	if err != nil {
		return nil, err
	}
	page, err := s.consumerPage(c, st, in)
	if err != nil {
		return nil, err
	}
	if err := s.meterStream("ListStreamConsumers", st.Name); err != nil {
		return nil, err
	}
	if st.Status != catalog.Active && st.Status != catalog.Updating {
		return nil, notActive(st.Name, st.Status)
	}
	from, found := slices.BinarySearchFunc(st.Consumers, page.After, func(cn *catalog.Consumer, after string) int {
		return strings.Compare(cn.Name, after)
	})
	if found {
		from++
	}
	rest := st.Consumers[from:]
	most := pageSize(in.MaxResults, maxListConsumers, maxListConsumers)
	out := &types.ListStreamConsumersOutput{}
	if len(rest) > most {
		rest = rest[:most]
		page.After = rest[most-1].Name
		out.NextToken = new(s.sealConsumerPage(c, page))
	}
	out.Consumers = make([]types.Consumer, len(rest))
	for i, cn := range rest {
		out.Consumers[i] = wireConsumer(st.Name, cn)
	}
	return out, nil
}

// consumerPage says which page is asked for.
func (s *Service) consumerPage(c Caller, st *catalog.Stream, in *types.ListStreamConsumersInput) (consumerPage, error) {
	page := consumerPage{Name: st.Name, CreatedMs: st.CreatedMs}
	if in.NextToken == nil {
		if in.StreamCreationTimestamp != nil {
			_, err := s.createdAt(st.Name, *in.StreamCreationTimestamp)
			return page, err
		}
		return page, nil
	}
	if in.StreamCreationTimestamp != nil {
		return page, invalidArgument("NextToken and StreamCreationTimestamp cannot be provided together.")
	}
	state, err := s.streams.OpenToken("ListStreamConsumers", c.Account, *in.NextToken)
	if err != nil {
		return page, err
	}
	var next consumerPage
	if err := json.Unmarshal(state, &next); err != nil {
		return page, fmt.Errorf("state of a ListStreamConsumers token: %w", err)
	}
	if next.Name != st.Name || next.CreatedMs != st.CreatedMs {
		return page, invalidArgument("NextToken is not of the stream that StreamARN names.")
	}
	return next, nil
}

func (s *Service) sealConsumerPage(c Caller, page consumerPage) string {
	state, err := json.Marshal(page)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return s.streams.SealToken("ListStreamConsumers", c.Account, state)
}
