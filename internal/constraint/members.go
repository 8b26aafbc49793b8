package constraint

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

// required and optional make the generated checks readable.
const (
	required = true
	optional = false
)

// none is the bound of a rule that has none.
const none = -1

// emptyEnum is what codecs put in place of an enum that is given as the empty
// string, as an empty enum is an absent one. It is printed as the empty string.
const emptyEnum = "\x00"

// textRule bounds a string: its length in Unicode characters, and a pattern
// that the whole of it has to match.
type textRule struct {
	min, max int
	pattern  string
	match    func(string) bool
}

func (r *textRule) matches(s string) bool { return r.match == nil || r.match(s) }

// A character has at least one byte, so that most texts need not be counted.
func (r *textRule) tooShort(s string) bool {
	return len(s) < r.min || r.min > 1 && utf8.RuneCountInString(s) < r.min
}

func (r *textRule) tooLong(s string) bool {
	return r.max != none && len(s) > r.max && utf8.RuneCountInString(s) > r.max
}

func (c *checker) text(name string, s *string, required bool, r *textRule) {
	if s == nil {
		c.missing(name, required)
		return
	}
	if !r.matches(*s) {
		c.found(name, quoted(*s), patternSentence(r.pattern))
	}
	if r.tooShort(*s) {
		c.found(name, quoted(*s), minLength(r.min))
	}
	if r.tooLong(*s) {
		c.found(name, quoted(*s), maxLength(r.max))
	}
}

// enumRule is a set of values; sentence lists them in the order of the service.
type enumRule struct {
	set      []string
	sentence string
}

func (c *checker) enum(name, s string, required bool, r *enumRule) {
	if s == "" {
		c.missing(name, required)
		return
	}
	if !slices.Contains(r.set, s) {
		if s == emptyEnum {
			s = ""
		}
		c.found(name, quoted(s), r.sentence)
	}
}

// numberRule bounds a number.
type numberRule struct {
	min, max       int64
	hasMin, hasMax bool
}

func (c *checker) number(name string, n *int32, required bool, r *numberRule) {
	if n == nil {
		c.missing(name, required)
		return
	}
	v := int64(*n)
	if r.hasMin && v < r.min {
		c.found(name, quoted(strconv.FormatInt(v, 10)), minValue(r.min))
	}
	if r.hasMax && v > r.max {
		c.found(name, quoted(strconv.FormatInt(v, 10)), maxValue(r.max))
	}
}

// sizeRule bounds the bytes of a blob or the entries of a list or a map.
type sizeRule struct{ min, max int }

func (c *checker) size(name string, n int, r *sizeRule, value func() string) {
	if n < r.min {
		c.found(name, value(), minLength(r.min))
	}
	if r.max != none && n > r.max {
		c.found(name, value(), maxLength(r.max))
	}
}

func (c *checker) blob(name string, b []byte, required bool, r *sizeRule) {
	if b == nil {
		c.missing(name, required)
		return
	}
	c.size(name, len(b), r, func() string { return blobValue(len(b)) })
}

// present checks a member that has no bounds.
func (c *checker) present(name string, present, required bool) {
	if !present {
		c.missing(name, required)
	}
}

// structs checks a list of structures, without what is in them; class names them.
func (c *checker) structs(name string, n int, present, required bool, r *sizeRule, class string) {
	if !present {
		c.missing(name, required)
		return
	}
	c.size(name, n, r, func() string { return structsValue(class, n) })
}

// texts checks a list of strings; sentence holds what each has to satisfy.
func (c *checker) texts(name string, list []string, required bool, r *sizeRule, each *textRule, sentence string) {
	if list == nil {
		c.missing(name, required)
		return
	}
	c.size(name, len(list), r, func() string { return listValue(list) })
	for _, s := range list {
		if !each.matches(s) || each.tooShort(s) || each.tooLong(s) {
			c.found(name, listValue(list), sentence)
			return
		}
	}
}

// enums checks a list of enums.
func enums[T ~string](c *checker, name string, list []T, required bool, r *sizeRule, each *enumRule) {
	if list == nil {
		c.missing(name, required)
		return
	}
	c.size(name, len(list), r, func() string { return listValue(list) })
	for _, s := range list {
		if !slices.Contains(each.set, string(s)) {
			c.found(name, listValue(list), "Member must satisfy constraint: ["+each.sentence+"]")
			return
		}
	}
}

// entries checks a map of strings.
func (c *checker) entries(name string, m map[string]string, required bool, r *sizeRule, key, value *textRule, keySentence, valueSentence string) {
	if m == nil {
		c.missing(name, required)
		return
	}
	c.size(name, len(m), r, func() string { return mapValue(m) })
	badKey, badValue := false, false
	for k, v := range m {
		badKey = badKey || !key.matches(k) || key.tooShort(k) || key.tooLong(k)
		badValue = badValue || !value.matches(v) || value.tooShort(v) || value.tooLong(v)
	}
	if badKey {
		c.found(name, mapValue(m), keySentence)
	}
	if badValue {
		c.found(name, mapValue(m), valueSentence)
	}
}
