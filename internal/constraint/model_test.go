package constraint

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"millrace/internal/wire/shape"
)

// modelShape is a shape of api/model.json, as far as constraints go.
type modelShape struct {
	Name, Type, Pattern, Member, Key, Value string
	Enum, Printed                           []string
	Min, Max                                *int
	Members                                 []struct {
		Name, Shape string
		Required    bool
	}
}

// unanchored takes the anchors off hash keys and sequence numbers, whose
// patterns the service was seen to print without.
var unanchored = strings.NewReplacer("^(0|", "0|", "}))$", "})")

// sample holds a value that matches each pattern of the inputs.
var sample = map[string]string{
	`[a-zA-Z0-9_.-]+`: "name", `[a-z0-9]{20}-[a-z0-9]{3}`: "abcdefghij0123456789-abc",
	`arn:aws.*:kinesis:.*:\d{12}:stream/\S+`:                                                     "arn:aws:kinesis:us-east-1:123456789012:stream/a",
	`arn:aws.*:kinesis:.*:\d{12}:channel/\S+`:                                                    "arn:aws:kinesis:us-east-1:123456789012:channel/a",
	`arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel)/\S+`:                                         "arn:aws:kinesis:us-east-1:123456789012:stream/a",
	`^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`: "arn:aws:kinesis:us-east-1:123456789012:stream/a/consumer/b:1",
	`^(0|([1-9]\d{0,38}))$`:                                                                      "1",
	`^(0|([1-9]\d{0,128}))$`:                                                                     "1",
	`arn:aws[-a-z0-9]*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+`:                                  "arn:aws:iam::123456789012:role/r",
	`arn:aws[-a-z0-9]*:glue:[-a-z0-9]+:\d{12}:schema/[-a-zA-Z0-9_$#.]+/[-a-zA-Z0-9_$#.]+`:        "arn:aws:glue:us-east-1:123456789012:schema/r/s",
	`arn:aws[-a-z0-9]*:s3:::[a-z0-9._-]{3,63}`:                                                   "arn:aws:s3:::bucket",
	`arn:aws[-a-z0-9]*:s3tables:[-a-z0-9]+:\d{12}:bucket/[a-z0-9_-]{3,63}`:                       "arn:aws:s3tables:us-east-1:123456789012:bucket/bucket",
	`\d{12}`: "123456789012", `[0-9A-Za-z!\-_'.*()\/]+`: "a", `[0-9A-Za-z!\-_'.*()\/=:{}]+`: "a", `[0-9a-z_]+`: "a",
	`[a-zA-Z0-9\.\_]+`: "a", `[\.\-_/#A-Za-z0-9]+`: "a", `[^:*]*`: "a",
}

type modelTest struct {
	t      *testing.T
	shapes map[string]*modelShape
	cases  int
}

// TestCheckModel makes a valid input for each operation and breaks each
// constraint of each member once, however deep it stands.
func TestCheckModel(t *testing.T) {
	text, err := os.ReadFile("../../api/model.json")
	if err != nil {
		t.Fatal(err)
	}
	var model struct{ Shapes []*modelShape }
	if err := json.Unmarshal(text, &model); err != nil {
		t.Fatal(err)
	}
	m := &modelTest{t: t, shapes: map[string]*modelShape{}}
	for _, s := range model.Shapes {
		m.shapes[s.Name] = s
	}
	for _, op := range shape.Operations {
		s := m.shapes[op.Name+"Input"]
		fresh := func() any {
			in := op.NewInput()
			m.fill(reflect.ValueOf(in).Elem(), s)
			return in
		}
		if got := message(t, fresh()); got != "" {
			t.Errorf("%s: the valid input: %s", op.Name, got)
		}
		m.breakMembers(s, fresh, func(v reflect.Value) reflect.Value { return v }, "")
	}
	if m.cases < 500 {
		t.Errorf("only %d cases", m.cases)
	}
	t.Logf("%d cases", m.cases)
}

// fill sets all members of a structure to valid values.
func (m *modelTest) fill(v reflect.Value, s *modelShape) {
	for _, mem := range s.Members {
		f := v.FieldByName(mem.Name)
		f.Set(m.valid(f.Type(), m.shapes[mem.Shape]))
	}
}

func (m *modelTest) valid(typ reflect.Type, s *modelShape) reflect.Value {
	if typ.Kind() == reflect.Pointer {
		v := reflect.New(typ.Elem())
		v.Elem().Set(m.valid(typ.Elem(), s))
		return v
	}
	v := reflect.New(typ).Elem()
	switch s.Type {
	case "string":
		v.SetString(m.text(s))
	case "enum":
		v.SetString(s.Enum[0])
	case "integer", "long":
		v.SetInt(1)
		if s.Min != nil {
			v.SetInt(int64(*s.Min))
		}
	case "blob":
		v.SetBytes([]byte("x"))
	case "list":
		v.Set(reflect.Append(v, m.valid(typ.Elem(), m.shapes[s.Member])))
	case "map":
		v.Set(reflect.MakeMap(typ))
		v.SetMapIndex(reflect.ValueOf("k"), reflect.ValueOf("v"))
	case "structure":
		m.fill(v, s)
	}
	return v
}

func (m *modelTest) text(s *modelShape) string {
	if s.Pattern == "" {
		return "a"
	}
	text, ok := sample[s.Pattern]
	if !ok {
		m.t.Fatalf("no sample of %s", s.Pattern)
	}
	return text
}

// breakMembers breaks the members of the structure that at finds in an input.
func (m *modelTest) breakMembers(s *modelShape, fresh func() any, at func(reflect.Value) reflect.Value, path string) {
	for _, mem := range s.Members {
		of, name := m.shapes[mem.Shape], path+strings.ToLower(mem.Name[:1])+mem.Name[1:]
		field := func(v reflect.Value) reflect.Value { return at(v).FieldByName(mem.Name) }
		try := func(value any, printed string, want ...string) {
			m.t.Helper()
			in := fresh()
			f := field(reflect.ValueOf(in).Elem())
			f.Set(toField(f.Type(), value))
			m.expect(in, name, printed, want)
		}
		if mem.Required {
			try(nil, "null", "Member must not be null")
		}
		switch of.Type {
		case "string":
			for _, bad := range m.badTexts(of) {
				try(bad, "'"+bad+"'", m.textFaults(of, bad)...)
			}
		case "enum":
			try("NOPE", "'NOPE'", enumFault(of))
		case "integer":
			if of.Min != nil {
				n := *of.Min - 1
				try(int32(n), fmt.Sprintf("'%d'", n), fmt.Sprintf("Member must have value greater than or equal to %d", *of.Min))
			}
			if of.Max != nil {
				n := *of.Max + 1
				try(int32(n), fmt.Sprintf("'%d'", n), fmt.Sprintf("Member must have value less than or equal to %d", *of.Max))
			}
		case "blob":
			n := *of.Max + 1
			try(make([]byte, n), fmt.Sprintf("'java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]'", n, n), fmt.Sprintf("Member must have length less than or equal to %d", *of.Max))
		case "map":
			m.breakMap(of, try)
		case "structure":
			m.breakMembers(of, fresh, func(v reflect.Value) reflect.Value { return field(v).Elem() }, name+".")
		case "list":
			m.breakList(of, fresh, field, name)
		}
	}
}

func (m *modelTest) breakMap(of *modelShape, try func(any, string, ...string)) {
	each := func(s *modelShape) string {
		return fmt.Sprintf("[Member must have length less than or equal to %d, Member must have length greater than or equal to %d]", *s.Max, *s.Min)
	}
	key, value := m.shapes[of.Key], m.shapes[of.Value]
	try(map[string]string{}, "'{}'", fmt.Sprintf("Member must have length greater than or equal to %d", *of.Min))
	try(map[string]string{"": "v"}, "'{=v}'", "Map keys must satisfy constraint: "+each(key))
	long := strings.Repeat("é", *value.Max+1)
	try(map[string]string{"k": long}, "'{k="+long+"}'", "Map value must satisfy constraint: "+each(value))
	many := map[string]string{}
	for i := range *of.Max + 1 {
		many[fmt.Sprint(i)] = "v"
	}
	try(many, "", fmt.Sprintf("Member must have length less than or equal to %d", *of.Max))
}

func (m *modelTest) breakList(of *modelShape, fresh func() any, field func(reflect.Value) reflect.Value, name string) {
	elem := m.shapes[of.Member]
	try := func(change func(f reflect.Value), printed string, want ...string) {
		m.t.Helper()
		in := fresh()
		change(field(reflect.ValueOf(in).Elem()))
		m.expect(in, name, printed, want)
	}
	if of.Min != nil && *of.Min > 0 {
		try(func(f reflect.Value) { f.SetLen(0) }, "'[]'", fmt.Sprintf("Member must have length greater than or equal to %d", *of.Min))
	}
	if of.Max != nil {
		try(func(f reflect.Value) {
			for range *of.Max {
				f.Set(reflect.Append(f, f.Index(0)))
			}
		}, "", fmt.Sprintf("Member must have length less than or equal to %d", *of.Max))
	}
	switch elem.Type {
	case "structure":
		m.breakMembers(elem, fresh, func(v reflect.Value) reflect.Value { return field(v).Index(0) }, name+".1.member.")
	case "enum":
		try(func(f reflect.Value) { f.Index(0).SetString("NOPE") }, "'[NOPE]'", "Member must satisfy constraint: ["+enumFault(elem)+"]")
	case "string":
		try(func(f reflect.Value) { f.Index(0).SetString("") }, "'[]'",
			fmt.Sprintf("Member must satisfy constraint: [Member must have length less than or equal to %d, Member must have length greater than or equal to %d]", *elem.Max, *elem.Min))
	}
}

// expect checks an input that breaks the given constraints of one member. Where
// printed is empty the value is not compared.
func (m *modelTest) expect(in any, name, printed string, want []string) {
	m.t.Helper()
	m.cases++
	got := message(m.t, in)
	plural := "s"
	if len(want) == 1 {
		plural = ""
	}
	head, rest, _ := strings.Cut(got, ": ")
	if head != fmt.Sprintf("%d validation error%s detected", len(want), plural) {
		m.t.Errorf("%T %s: got %.300s, want %q", in, name, got, want)
		return
	}
	var texts []string
	for _, w := range want {
		if printed == "" {
			texts = append(texts, `Value '.*' at '`+regexp.QuoteMeta(name+"' failed to satisfy constraint: "+w))
		} else {
			texts = append(texts, regexp.QuoteMeta("Value "+printed+" at '"+name+"' failed to satisfy constraint: "+w))
		}
	}
	if !regexp.MustCompile(`(?s)\A` + strings.Join(texts, "; ") + `\z`).MatchString(rest) {
		m.t.Errorf("%T %s:\ngot  %.500s\nwant %.500q", in, name, rest, texts)
	}
}

// badTexts are texts that break one constraint each, as far as they can.
func (m *modelTest) badTexts(s *modelShape) []string {
	var list []string
	if s.Min != nil && *s.Min > 0 {
		list = append(list, m.text(s)[:*s.Min-1])
	}
	if s.Max != nil && *s.Max < 1<<16 {
		text := m.text(s)
		list = append(list, text+strings.Repeat(text[len(text)-1:], *s.Max+1-len(text)))
	}
	if s.Pattern != "" {
		for _, bad := range []string{" ", "a:b", "aaaaaaaaaaaa"} {
			if len(m.textFaults(s, bad)) == 1 {
				list = append(list, bad)
				break
			}
		}
	}
	return list
}

func (m *modelTest) textFaults(s *modelShape, text string) []string {
	var list []string
	if s.Pattern != "" && !regexp.MustCompile(`\A(?:`+s.Pattern+`)\z`).MatchString(text) {
		list = append(list, "Member must satisfy regular expression pattern: "+unanchored.Replace(s.Pattern))
	}
	n := len([]rune(text))
	if s.Min != nil && n < *s.Min {
		list = append(list, fmt.Sprintf("Member must have length greater than or equal to %d", *s.Min))
	}
	if s.Max != nil && n > *s.Max {
		list = append(list, fmt.Sprintf("Member must have length less than or equal to %d", *s.Max))
	}
	return list
}

func enumFault(s *modelShape) string {
	list := s.Enum
	if s.Printed != nil {
		list = s.Printed
	}
	return "Member must satisfy enum value set: [" + strings.Join(list, ", ") + "]"
}

// toField makes a value of a member's type; nil is an absent one.
func toField(typ reflect.Type, value any) reflect.Value {
	if value == nil {
		return reflect.Zero(typ)
	}
	v := reflect.ValueOf(value)
	if typ.Kind() == reflect.Pointer {
		p := reflect.New(typ.Elem())
		p.Elem().Set(v.Convert(typ.Elem()))
		return p
	}
	return v.Convert(typ)
}
