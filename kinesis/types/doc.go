// Package types holds the shapes of the Kinesis API: inputs and outputs of all
// operations, the structures and enums in them, and the errors. They are
// generated from api/model.json and named as users of AWS's Go SDK know them:
// member names as on the wire, pointers for scalars, slices of values for lists.
//
// A nil pointer, slice or map and an empty enum mean that the member is absent;
// an empty slice or map that is not nil is present and empty. The types carry
// no locks: a value belongs to whoever made it.
//
// The package imports the standard library only. The client hands its types to
// users, the server's packages pass them between the wire and the operations.
package types
