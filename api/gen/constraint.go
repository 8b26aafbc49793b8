package main

import (
	"bytes"
	"fmt"
	"strings"
)

// matchers are the patterns that package constraint matches by hand.
var matchers = map[string]string{
	`[a-zA-Z0-9_.-]+`:                                    "matchName",
	`^(0|([1-9]\d{0,38}))$`:                              "matchHashKey",
	`^(0|([1-9]\d{0,128}))$`:                             "matchSequenceNumber",
	`[a-z0-9]{20}-[a-z0-9]{3}`:                           "matchStreamID",
	`arn:aws.*:kinesis:.*:\d{12}:stream/\S+`:             "matchStreamARN",
	`arn:aws.*:kinesis:.*:\d{12}:channel/\S+`:            "matchChannelARN",
	`arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel)/\S+`: "matchResourceARN",
	`^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`: "matchConsumerARN",
}

// asked are the shapes that occur in inputs, in the order of the model.
func (m *model) asked() []*shape {
	seen := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		if name == "" || seen[name] {
			return
		}
		seen[name] = true
		s := m.byName[name]
		walk(s.Member)
		walk(s.Key)
		walk(s.Value)
		for _, mem := range s.Members {
			walk(mem.Shape)
		}
	}
	for _, op := range m.Operations {
		walk(op.Input)
	}
	var list []*shape
	for _, s := range m.Shapes {
		if seen[s.Name] {
			list = append(list, s)
		}
	}
	return list
}

// writeConstraints writes the rules of all shapes of inputs and the checks of
// their structures.
func writeConstraints(m *model, b *bytes.Buffer) {
	b.WriteString("package constraint\n\nimport \"millrace/kinesis/types\"\n\n")
	b.WriteString("// checkInput is false if in is no input.\nfunc checkInput(c *checker, in any) bool {\nswitch v := in.(type) {\n")
	for _, op := range m.Operations {
		fmt.Fprintf(b, "case *types.%s:\ncheck%s(c, v)\n", op.Input, op.Input)
	}
	b.WriteString("default:\nreturn false\n}\nreturn true\n}\n\nvar (\n")
	for _, s := range m.asked() {
		writeRule(b, s)
	}
	b.WriteString(")\n\n")
	for _, s := range m.asked() {
		if s.Type != "structure" {
			continue
		}
		fmt.Fprintf(b, "func check%s(c *checker, v *types.%s) {\n", s.Name, s.Name)
		for _, mem := range s.Members {
			writeCheck(m, b, mem)
		}
		b.WriteString("}\n\n")
	}
}

func writeRule(b *bytes.Buffer, s *shape) {
	switch s.Type {
	case "string":
		fmt.Fprintf(b, "rule%s = textRule{min: %s, max: %s", s.Name, bound(s.Min), bound(s.Max))
		if s.Pattern != "" {
			match, ok := matchers[s.Pattern]
			if !ok {
				match = fmt.Sprintf("lazy(%s)", literal(s.Pattern))
			}
			fmt.Fprintf(b, ", pattern: %s, match: %s", literal(printedPattern(s.Pattern)), match)
		}
		b.WriteString("}\n")
	case "enum":
		printed := s.Printed
		if printed == nil {
			printed = s.Enum
		}
		fmt.Fprintf(b, "rule%s = enumRule{set: []string{%s}, sentence: %q}\n", s.Name, quoted(s.Enum),
			"Member must satisfy enum value set: ["+strings.Join(printed, ", ")+"]")
	case "integer", "long":
		fmt.Fprintf(b, "rule%s = numberRule{", s.Name)
		if s.Min != nil {
			fmt.Fprintf(b, "min: %d, hasMin: true, ", *s.Min)
		}
		if s.Max != nil {
			fmt.Fprintf(b, "max: %d, hasMax: true", *s.Max)
		}
		b.WriteString("}\n")
	case "blob", "list", "map":
		fmt.Fprintf(b, "rule%s = sizeRule{min: %s, max: %s}\n", s.Name, bound(s.Min), bound(s.Max))
	}
}

func bound(n *int64) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprint(*n)
}

func literal(s string) string {
	if strings.Contains(s, "`") {
		return fmt.Sprintf("%q", s)
	}
	return "`" + s + "`"
}

// lowerFirst is a member's name in a path: only its first letter changes.
func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func writeCheck(m *model, b *bytes.Buffer, mem *member) {
	need := "optional"
	if mem.Required {
		need = "required"
	}
	path, field, s := lowerFirst(mem.Name), "v."+mem.Name, mem.of
	switch s.Type {
	case "string":
		fmt.Fprintf(b, "c.text(%q, %s, %s, &rule%s)\n", path, field, need, s.Name)
	case "enum":
		fmt.Fprintf(b, "c.enum(%q, string(%s), %s, &rule%s)\n", path, field, need, s.Name)
	case "integer":
		fmt.Fprintf(b, "c.number(%q, %s, %s, &rule%s)\n", path, field, need, s.Name)
	case "blob":
		fmt.Fprintf(b, "c.blob(%q, %s, %s, &rule%s)\n", path, field, need, s.Name)
	case "boolean", "timestamp":
		if mem.Required {
			fmt.Fprintf(b, "c.present(%q, %s != nil, required)\n", path, field)
		}
	case "map":
		key, value := m.byName[s.Key], m.byName[s.Value]
		fmt.Fprintf(b, "c.entries(%q, %s, %s, &rule%s, &rule%s, &rule%s, %q, %q)\n", path, field, need, s.Name, key.Name, value.Name,
			"Map keys must satisfy constraint: "+eachText(key), "Map value must satisfy constraint: "+eachText(value))
	case "structure":
		fmt.Fprintf(b, "c.present(%q, %s != nil, %s)\n", path, field, need)
		fmt.Fprintf(b, "if %s != nil {\nc.push(%q, 0)\ncheck%s(c, %s)\nc.pop()\n}\n", field, path, s.Name, field)
	case "list":
		writeListCheck(m, b, mem, need)
	default:
		panic("no check for " + s.Type)
	}
}

func writeListCheck(m *model, b *bytes.Buffer, mem *member, need string) {
	path, field, s := lowerFirst(mem.Name), "v."+mem.Name, mem.of
	of := m.byName[s.Member]
	switch of.Type {
	case "structure":
		fmt.Fprintf(b, "c.structs(%q, len(%s), %s != nil, %s, &rule%s, %q)\n", path, field, field, need, s.Name, of.Name)
		fmt.Fprintf(b, "for i := range %s {\nif c.full() {\nreturn\n}\nc.push(%q, i+1)\ncheck%s(c, &%s[i])\nc.pop()\n}\n", field, path, of.Name, field)
	case "enum":
		fmt.Fprintf(b, "enums(c, %q, %s, %s, &rule%s, &rule%s)\n", path, field, need, s.Name, of.Name)
	case "string":
		fmt.Fprintf(b, "c.texts(%q, %s, %s, &rule%s, &rule%s, %q)\n", path, field, need, s.Name, of.Name,
			"Member must satisfy constraint: "+eachText(of))
	default:
		panic("no check for a list of " + of.Type)
	}
}

// printedPattern is a pattern as the service prints it: those of hash keys and
// sequence numbers without the anchors that the reference shows (observed).
func printedPattern(pattern string) string {
	if inner, ok := strings.CutPrefix(pattern, "^("); ok {
		if inner, ok = strings.CutSuffix(inner, ")$"); ok {
			return inner
		}
	}
	return pattern
}

// eachText is what a list's elements or a map's keys or values have to satisfy.
func eachText(s *shape) string {
	var list []string
	if s.Max != nil {
		list = append(list, fmt.Sprintf("Member must have length less than or equal to %d", *s.Max))
	}
	if s.Min != nil {
		list = append(list, fmt.Sprintf("Member must have length greater than or equal to %d", *s.Min))
	}
	if s.Pattern != "" {
		list = append(list, "Member must satisfy regular expression pattern: "+printedPattern(s.Pattern))
	}
	return "[" + strings.Join(list, ", ") + "]"
}
