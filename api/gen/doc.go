package main

import (
	"bytes"
	"fmt"
	"strings"
)

// comment writes text as a doc comment, wrapped, with the given indent.
func comment(b *bytes.Buffer, indent, text string) {
	const width = 88
	line := indent + "//"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width && line != indent+"//" {
			b.WriteString(line + "\n")
			line = indent + "//"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// constraintText says in words what values a shape takes; "" if all of its type.
func constraintText(m *model, s *shape) string {
	switch s.Type {
	case "string":
		return stringText(s)
	case "enum":
		return "one of " + strings.Join(s.Enum, ", ")
	case "integer", "long":
		return rangeText(s, "", "")
	case "blob":
		return rangeText(s, "byte", "bytes")
	case "list":
		return listText(m, s)
	case "map":
		text := rangeText(s, "entry", "entries")
		text = join(text, "each key "+stringText(m.byName[s.Key]))
		return join(text, "each value "+stringText(m.byName[s.Value]))
	case "timestamp":
		return "millisecond precision"
	}
	return ""
}

func listText(m *model, s *shape) string {
	text := rangeText(s, "entry", "entries")
	of := m.byName[s.Member]
	if of.Type == "structure" {
		return text
	}
	if each := constraintText(m, of); each != "" {
		text = join(text, "each "+each)
	}
	return text
}

func stringText(s *shape) string {
	text := rangeText(s, "character", "characters")
	switch {
	case s.Pattern == "":
		return text
	case text == "":
		return "matches " + s.Pattern
	case strings.HasPrefix(s.Pattern, "[") && strings.HasSuffix(s.Pattern, "]+"):
		return text + " of " + strings.TrimSuffix(s.Pattern, "+")
	}
	return text + " that match " + s.Pattern
}

func rangeText(s *shape, one, many string) string {
	unit := func(n int64) string {
		switch {
		case one == "":
			return fmt.Sprint(n)
		case n == 1:
			return "1 " + one
		}
		return fmt.Sprint(n, " ", many)
	}
	switch {
	case s.Min != nil && s.Max != nil && *s.Min == *s.Max:
		return unit(*s.Max)
	case s.Min != nil && s.Max != nil:
		return fmt.Sprintf("%d to %s", *s.Min, unit(*s.Max))
	case s.Max != nil:
		return "at most " + unit(*s.Max)
	case s.Min != nil && *s.Min > 0:
		return "at least " + unit(*s.Min)
	case s.Min != nil && one == "":
		return "not negative"
	}
	return ""
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// memberText is the doc comment of one member.
func memberText(m *model, mem *member) string {
	text := mem.Name
	if mem.Doc != "" {
		text += " " + mem.Doc
	} else {
		text += " is a member of type " + mem.Shape
	}
	if c := constraintText(m, mem.of); c != "" {
		text += ": " + c
	}
	text += "."
	if mem.Required {
		text += " Required."
	}
	return text
}
