package main

import (
	"bytes"
	"fmt"
)

// answering are the names of all structures that occur in an answer: the
// outputs, the events and what is in them.
func (m *model) answering() map[string]bool {
	seen := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		if name == "" || seen[name] {
			return
		}
		seen[name] = true
		s := m.byName[name]
		walk(s.Member)
		for _, mem := range s.Members {
			walk(mem.Shape)
		}
	}
	for _, op := range m.Operations {
		walk(op.Output)
		walk(op.EventStream)
	}
	return seen
}

// writeEncoders writes one function for each structure, and Encode over all of them.
func writeEncoders(m *model, b *bytes.Buffer) {
	b.WriteString("package shape\n\nimport \"millrace/kinesis/types\"\n\n")
	b.WriteString("// Encode writes v, a pointer to any structure of kinesis/types, with a codec. It is\n// false if v is none.\nfunc Encode(e Encoder, v any) bool {\nswitch v := v.(type) {\n")
	list := m.structures(nested, input, output)
	for _, s := range list {
		fmt.Fprintf(b, "case *types.%s:\nencode%s(e, v)\n", s.Name, s.Name)
	}
	b.WriteString("default:\nreturn false\n}\nreturn true\n}\n\n")
	answers := m.answering()
	for _, s := range list {
		fmt.Fprintf(b, "func encode%s(e Encoder, v *types.%s) {\ne.BeginStruct()\n", s.Name, s.Name)
		for _, mem := range s.Members {
			writeEncodeMember(m, b, mem, answers[s.Name])
		}
		b.WriteString("e.EndStruct()\n}\n\n")
	}
}

// writeEncodeMember writes one member. In answers required lists and blobs are
// always there, and StreamId never is: SDKs that are given one send further
// calls to a host made from it, whatever endpoint they were told to use.
func writeEncodeMember(m *model, b *bytes.Buffer, mem *member, answer bool) {
	if answer && mem.Name == "StreamId" {
		b.WriteString("// StreamId is never written: it would make SDKs leave the endpoint they were given.\n")
		return
	}
	always := answer && mem.Required
	name, s := mem.Name, mem.of
	switch s.Type {
	case "string":
		fmt.Fprintf(b, "stringMember(e, %q, v.%s)\n", name, name)
	case "enum":
		fmt.Fprintf(b, "enumMember(e, %q, v.%s)\n", name, name)
	case "integer", "long":
		fmt.Fprintf(b, "intMember(e, %q, v.%s)\n", name, name)
	case "boolean":
		fmt.Fprintf(b, "boolMember(e, %q, v.%s)\n", name, name)
	case "timestamp":
		fmt.Fprintf(b, "timeMember(e, %q, v.%s)\n", name, name)
	case "blob":
		fmt.Fprintf(b, "blobMember(e, %q, v.%s, %t)\n", name, name, always)
	case "map":
		fmt.Fprintf(b, "mapMember(e, %q, v.%s)\n", name, name)
	case "structure":
		fmt.Fprintf(b, "structMember(e, %q, v.%s, encode%s)\n", name, name, s.Name)
	case "list":
		if of := m.byName[s.Member]; of.Type == "structure" {
			fmt.Fprintf(b, "structsMember(e, %q, v.%s, %t, encode%s)\n", name, name, always, of.Name)
		} else {
			fmt.Fprintf(b, "stringsMember(e, %q, v.%s, %t)\n", name, name, always)
		}
	default:
		panic("no encoder for " + s.Type)
	}
}

// writeDecoders writes one function for each structure, and Decode over all of them.
func writeDecoders(m *model, b *bytes.Buffer) {
	b.WriteString("package shape\n\nimport \"millrace/kinesis/types\"\n\n")
	b.WriteString("// Decode reads v, a pointer to any structure of kinesis/types, with a codec. It is\n// false if v is none.\nfunc Decode(d Decoder, v any) bool {\nswitch v := v.(type) {\n")
	list := m.structures(nested, input, output)
	for _, s := range list {
		fmt.Fprintf(b, "case *types.%s:\nif d.BeginStruct() {\ndecode%s(d, v)\n}\n", s.Name, s.Name)
	}
	b.WriteString("default:\nreturn false\n}\nreturn true\n}\n\n")
	for _, s := range list {
		fmt.Fprintf(b, "func decode%s(d Decoder, v *types.%s) {\nfor {\nname, ok := d.Member()\nif !ok {\nreturn\n}\n", s.Name, s.Name)
		if len(s.Members) == 0 {
			b.WriteString("_ = name\nd.Skip()\n}\n}\n\n")
			continue
		}
		b.WriteString("switch name {\n")
		for _, mem := range s.Members {
			fmt.Fprintf(b, "case %q:\nv.%s = %s\n", mem.Name, mem.Name, decodeValue(m, mem.of))
		}
		b.WriteString("default:\nd.Skip()\n}\n}\n}\n\n")
	}
}

// decodeValue is the expression that reads a value of the shape.
func decodeValue(m *model, s *shape) string {
	switch s.Type {
	case "string":
		return "stringValue(d)"
	case "enum":
		return "enumValue[types." + s.Name + "](d)"
	case "integer":
		return "int32Value(d)"
	case "long":
		return "int64Value(d)"
	case "boolean":
		return "boolValue(d)"
	case "timestamp":
		return "timeValue(d)"
	case "blob":
		return "d.Blob()"
	case "map":
		return "mapValue(d)"
	case "structure":
		return "structValue(d, decode" + s.Name + ")"
	case "list":
		if of := m.byName[s.Member]; of.Type == "structure" {
			return "structsValue(d, decode" + of.Name + ")"
		} else if of.Type == "enum" {
			return "stringsValue[types." + of.Name + "](d)"
		}
		return "stringsValue[string](d)"
	}
	panic("no decoder for " + s.Type)
}
