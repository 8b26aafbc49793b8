package main

import (
	"bytes"
	"fmt"
	"strings"
)

// writeOperations writes the table of operations of package shape.
func writeOperations(m *model, b *bytes.Buffer) {
	b.WriteString("package shape\n\nimport \"millrace/kinesis/types\"\n\n")
	fmt.Fprintf(b, "// TargetPrefix is what X-Amz-Target holds before the dot and the operation's name.\nconst TargetPrefix = %q\n\n", m.Service.TargetPrefix)
	fmt.Fprintf(b, "// SigningName is the service's name in the scope of a signature.\nconst SigningName = %q\n\n", m.Service.SigningName)
	b.WriteString("// Operations are all operations of the API, sorted by name.\nvar Operations = []Operation{\n")
	for _, op := range m.Operations {
		fmt.Fprintf(b, "{\nName: %q,\nPlane: %s,\n", op.Name, planeName(op.Plane))
		fmt.Fprintf(b, "NewInput: func() any { return new(types.%s) },\n", op.Input)
		fmt.Fprintf(b, "NewOutput: func() any { return new(types.%s) },\n", op.Output)
		fmt.Fprintf(b, "HasOutput: %t,\n", !op.EmptyBody)
		if op.EventStream != "" {
			b.WriteString("EventStream: true,\n")
		}
		fmt.Fprintf(b, "Errors: []string{%s},\n},\n", quoted(op.Errors))
	}
	b.WriteString("}\n")
}

func planeName(plane string) string {
	if plane == "data" {
		return "Data"
	}
	return "Control"
}

func quoted(list []string) string {
	q := make([]string, len(list))
	for i, s := range list {
		q[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(q, ", ")
}

// writeClient writes the methods of kinesis.Client.
func writeClient(m *model, b *bytes.Buffer) {
	b.WriteString("package kinesis\n\nimport (\n\"context\"\n\n\"millrace/kinesis/types\"\n)\n\n")
	for _, op := range m.Operations {
		if op.EventStream != "" {
			comment(b, "", fmt.Sprintf("%s answers with a stream of events and has no method here: a stream needs a reader of its own.", op.Name))
			b.WriteString("\n")
			continue
		}
		comment(b, "", fmt.Sprintf("%s %s.", op.Name, op.Doc))
		b.WriteString("//\n")
		comment(b, "", "Errors of its own: "+errorList(op.Errors)+".")
		fmt.Fprintf(b, "func (c *Client) %s(ctx context.Context, in *types.%s) (*types.%s, error) {\n", op.Name, op.Input, op.Output)
		fmt.Fprintf(b, "out := new(types.%s)\nif err := c.invoke(ctx, %q, in, out); err != nil {\nreturn nil, err\n}\nreturn out, nil\n}\n\n", op.Output, op.Name)
	}
}

func errorList(codes []string) string {
	links := make([]string, len(codes))
	for i, c := range codes {
		links[i] = "[types." + c + "]"
	}
	return strings.Join(links, ", ")
}
