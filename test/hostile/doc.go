// Package hostile holds the tests of clients that mean no good, and of those
// that cannot help it: requests that are none, connections that say nothing,
// say it slowly or say too much, bodies and structures without measure, and
// the attempt to learn a secret from what the server says.
//
// Each test starts the real binary under a memory limit and looks at it from
// outside: it must live, answer in the form of AWS's errors, stay within its
// memory, and go on serving those who behave. The numbers that
// docs/reliability.md shows are the ones logged here.
package hostile
