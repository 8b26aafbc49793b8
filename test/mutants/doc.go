// Package mutants shows that the tests can fail. Each row of the table is a
// fault that would cost users their data or let strangers in; the tests that
// guard against it are run on a build with that fault, and have to fail.
//
// The tree is not touched: the faulty file is given to the compiler as an
// overlay. `make mutants` prints the table.
package mutants
