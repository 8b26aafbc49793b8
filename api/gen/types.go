package main

import (
	"bytes"
	"fmt"
	"strings"
)

// goType is the type of a member in package types; pkg qualifies named types.
func goType(m *model, s *shape, pkg string) string {
	switch s.Type {
	case "string":
		return "*string"
	case "enum":
		return pkg + s.Name
	case "integer":
		return "*int32"
	case "long":
		return "*int64"
	case "boolean":
		return "*bool"
	case "timestamp":
		return "*time.Time"
	case "blob":
		return "[]byte"
	case "list":
		return "[]" + elemType(m.byName[s.Member], pkg)
	case "map":
		return "map[string]string"
	case "structure":
		return "*" + pkg + s.Name
	}
	panic("no Go type for " + s.Type)
}

// elemType is the type of a list's elements.
func elemType(s *shape, pkg string) string {
	switch s.Type {
	case "string":
		return "string"
	case "enum", "structure":
		return pkg + s.Name
	}
	panic("no element type for " + s.Type)
}

func writeEnums(m *model, b *bytes.Buffer) {
	b.WriteString("package types\n\n")
	for _, s := range m.Shapes {
		if s.Type != "enum" {
			continue
		}
		comment(b, "", s.Name+" "+s.Doc+".")
		fmt.Fprintf(b, "type %s string\n\n", s.Name)
		comment(b, "", "The values of "+s.Name+".")
		b.WriteString("const (\n")
		for _, v := range s.Enum {
			fmt.Fprintf(b, "%s %s = %q\n", enumName(s.Name, v), s.Name, v)
		}
		b.WriteString(")\n\n")
		comment(b, "", "Values lists all values of "+s.Name+" that the API knows.")
		fmt.Fprintf(b, "func (%s) Values() []%s {\nreturn []%s{", s.Name, s.Name, s.Name)
		for i, v := range s.Enum {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(enumName(s.Name, v))
		}
		b.WriteString("}\n}\n\n")
	}
}

func writeShapes(m *model, b *bytes.Buffer) {
	b.WriteString("package types\n\nimport \"time\"\n\n")
	for _, s := range m.structures(nested) {
		writeStruct(m, b, s, s.Name+" "+s.Doc+".")
	}
}

func writeInputsOutputs(m *model, b *bytes.Buffer) {
	b.WriteString("package types\n\nimport \"time\"\n\n")
	for _, op := range m.Operations {
		writeStruct(m, b, m.byName[op.Input], fmt.Sprintf("%s is the input of %s, which %s.", op.Input, op.Name, op.Doc))
		text := fmt.Sprintf("%s is the output of %s.", op.Output, op.Name)
		switch {
		case op.EventStream != "":
			text = fmt.Sprintf("%s is the head of the answer of %s; what follows it is a stream of %s.", op.Output, op.Name, op.EventStream)
		case op.EmptyBody:
			text = fmt.Sprintf("%s is the output of %s, which has no members.", op.Output, op.Name)
		}
		writeStruct(m, b, m.byName[op.Output], text)
	}
}

func writeStruct(m *model, b *bytes.Buffer, s *shape, doc string) {
	comment(b, "", doc)
	fmt.Fprintf(b, "type %s struct {\n", s.Name)
	for i, mem := range s.Members {
		if i > 0 {
			b.WriteString("\n")
		}
		comment(b, "\t", memberText(m, mem))
		fmt.Fprintf(b, "\t%s %s\n", mem.Name, goType(m, mem.of, ""))
	}
	b.WriteString("}\n\n")
}

func writeErrors(m *model, b *bytes.Buffer) {
	b.WriteString("package types\n\n")
	for _, e := range m.Errors {
		text := e.Code + " " + e.Doc + "."
		if e.Common {
			text += " Any operation may give it."
		}
		comment(b, "", text)
		fmt.Fprintf(b, "type %s struct {\n", e.Code)
		comment(b, "\t", "Message is the text for people; it may be empty.")
		b.WriteString("Message string\n}\n\n")
		fmt.Fprintf(b, "// Error gives the code and the message.\nfunc (e *%s) Error() string { return errorText(%q, e.Message) }\n\n", e.Code, e.Code)
		fmt.Fprintf(b, "// ErrorCode is %s.\nfunc (e *%s) ErrorCode() string { return %q }\n\n", e.Code, e.Code, e.Code)
		fmt.Fprintf(b, "// ErrorMessage is the text for people.\nfunc (e *%s) ErrorMessage() string { return e.Message }\n\n", e.Code)
	}
	b.WriteString("func newError(code, message string) APIError {\nswitch code {\n")
	for _, e := range m.Errors {
		fmt.Fprintf(b, "case %q:\nreturn &%s{Message: message}\n", e.Code, e.Code)
	}
	b.WriteString("}\nreturn nil\n}\n\nfunc httpStatus(code string) int {\nswitch code {\n")
	for _, status := range []int{413, 500, 503} {
		var codes []string
		for _, e := range m.Errors {
			if e.Status == status {
				codes = append(codes, fmt.Sprintf("%q", e.Code))
			}
		}
		fmt.Fprintf(b, "case %s:\nreturn %d\n", strings.Join(codes, ", "), status)
	}
	b.WriteString("}\nreturn 400\n}\n")
}
