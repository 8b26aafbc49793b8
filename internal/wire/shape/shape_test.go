package shape

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"millrace/kinesis/types"
)

func TestOperations(t *testing.T) {
	if len(Operations) != 45 {
		t.Errorf("%d operations, want 45", len(Operations))
	}
	if !slices.IsSortedFunc(Operations, func(a, b Operation) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
	var data []string
	for _, op := range Operations {
		if got := reflect.TypeOf(op.NewInput()).Elem().Name(); got != op.Name+"Input" {
			t.Errorf("%s: input %s", op.Name, got)
		}
		out := reflect.TypeOf(op.NewOutput()).Elem()
		if out.Name() != op.Name+"Output" {
			t.Errorf("%s: output %s", op.Name, out.Name())
		}
		if !op.HasOutput && out.NumField() > 0 || op.HasOutput && !op.EventStream && out.NumField() == 0 {
			t.Errorf("%s: HasOutput %v with %d members", op.Name, op.HasOutput, out.NumField())
		}
		if op.Plane == Data {
			data = append(data, op.Name)
		}
	}
	if want := []string{"GetRecords", "GetShardIterator", "PutRecord", "PutRecords", "SubscribeToShard"}; !slices.Equal(data, want) {
		t.Errorf("data operations %v, want %v", data, want)
	}
}

func TestLookup(t *testing.T) {
	for _, want := range Operations {
		if op, ok := Lookup(want.Name); !ok || op.Name != want.Name {
			t.Errorf("%s: %v, %v", want.Name, op.Name, ok)
		}
	}
	for _, name := range []string{"", "putRecord", "PutRecord ", "Zzz"} {
		if _, ok := Lookup(name); ok {
			t.Errorf("%q: found", name)
		}
	}
	if Control.String() != "control" || Data.String() != "data" {
		t.Error("names of the planes")
	}
}

func TestWalkKnowsItsShapes(t *testing.T) {
	if Encode(nil, types.PutRecordInput{}) || Encode(nil, 1) || Decode(nil, nil) {
		t.Error("something that is no pointer to a structure was taken")
	}
}
