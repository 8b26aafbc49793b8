// Package shape is what a front door needs to know of the API without knowing
// its encoding: the table of all operations, and how to walk every shape with
// an Encoder or a Decoder, which a codec brings. It is generated from
// api/model.json, holds no state and is safe for concurrent use.
package shape

import (
	"slices"
	"strings"
)

// Plane says which of the service's two halves an operation belongs to.
type Plane uint8

// The planes. Data operations read and write records; Control operations are all others.
const (
	Control Plane = iota
	Data
)

// String is control or data.
func (p Plane) String() string {
	if p == Data {
		return "data"
	}
	return "control"
}

// Operation is one operation of the API.
type Operation struct {
	// Name is the operation's name on the wire, such as PutRecord.
	Name string
	// Plane is the half of the service that the operation belongs to.
	Plane Plane
	// NewInput and NewOutput make empty shapes: pointers to types of kinesis/types.
	NewInput, NewOutput func() any
	// HasOutput says that the answer has a body; without it a 200 has none.
	HasOutput bool
	// EventStream says that the body of the answer is a stream of events.
	EventStream bool
	// Errors are the codes of the errors of the operation's own list, sorted.
	Errors []string
}

// Lookup finds an operation of the model by its name on the wire.
func Lookup(name string) (op Operation, ok bool) {
	i, ok := slices.BinarySearchFunc(Operations, name, func(op Operation, name string) int {
		return strings.Compare(op.Name, name)
	})
	if !ok {
		return Operation{}, false
	}
	return Operations[i], true
}
