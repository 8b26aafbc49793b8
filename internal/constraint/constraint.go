// Package constraint checks the inputs of operations against the bounds of the
// model: what is required, lengths, ranges, patterns and sets of values. What
// it says is worded as Kinesis words it, members in the order of the model, at
// most [MaxFindings] of them. Bounds that the model gives for outputs are not
// checked.
//
// Package ops calls it before it looks at an input itself. A valid input costs
// no allocation. The package has no state but regular expressions, compiled
// when first used; it is safe for concurrent use.
package constraint

import (
	"fmt"
	"strconv"
	"strings"

	"millrace/kinesis/types"
)

const (
	// MaxFindings is how many faults of an input are told.
	MaxFindings = 10
	// MaxValueBytes is how much of a value is printed; the service prints all of
	// it, and no value of a sensible size is cut.
	MaxValueBytes = 64 << 10
	// maxPath is how deep the inputs of the model nest, and some more.
	maxPath = 8
)

// Check says what is wrong with in, a pointer to an input of kinesis/types: a
// *types.ValidationException, or nil if nothing is.
func Check(in any) error {
	var c checker
	if !checkInput(&c, in) {
		panic(fmt.Sprintf("constraint: %T is not an input", in))
	}
	return c.result()
}

// checker gathers what is wrong with one input.
type checker struct {
	findings []string
	path     [maxPath]segment
	depth    int
}

// segment is one structure on the way to a member: a member, or an element of one.
type segment struct {
	name  string
	index int // from 1; 0 if the member is no list
}

func (c *checker) push(name string, index int) {
	c.path[c.depth] = segment{name, index}
	c.depth++
}

func (c *checker) pop() { c.depth-- }

func (c *checker) full() bool { return len(c.findings) == MaxFindings }

// found notes that a member breaks a constraint. value is as it is printed.
func (c *checker) found(name, value, sentence string) {
	if c.full() {
		return
	}
	var b strings.Builder
	b.WriteString("Value ")
	b.WriteString(value)
	b.WriteString(" at '")
	for _, s := range c.path[:c.depth] {
		b.WriteString(s.name)
		if s.index > 0 {
			b.WriteByte('.')
			b.WriteString(strconv.Itoa(s.index))
			b.WriteString(".member")
		}
		b.WriteByte('.')
	}
	b.WriteString(name)
	b.WriteString("' failed to satisfy constraint: ")
	b.WriteString(sentence)
	c.findings = append(c.findings, b.String())
}

func (c *checker) result() error {
	if c.findings == nil {
		return nil
	}
	plural := "s"
	if len(c.findings) == 1 {
		plural = ""
	}
	return &types.ValidationException{Message: fmt.Sprintf("%d validation error%s detected: %s",
		len(c.findings), plural, strings.Join(c.findings, "; "))}
}

// missing notes a required member that is absent.
func (c *checker) missing(name string, required bool) {
	if required {
		c.found(name, "null", "Member must not be null")
	}
}
