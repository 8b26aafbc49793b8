package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// model is api/model.json.
type model struct {
	Service struct {
		Name         string `json:"name"`
		APIVersion   string `json:"apiVersion"`
		TargetPrefix string `json:"targetPrefix"`
		SigningName  string `json:"signingName"`
	} `json:"service"`
	Source     string       `json:"source"`
	Rule       string       `json:"rule"`
	Operations []*operation `json:"operations"`
	Shapes     []*shape     `json:"shapes"`
	Errors     []*apiError  `json:"errors"`

	byName map[string]*shape
}

// operation is one operation; Input and Output name structures.
type operation struct {
	Name        string   `json:"name"`
	Plane       string   `json:"plane"`
	Doc         string   `json:"doc"`
	Input       string   `json:"input"`
	Output      string   `json:"output"`
	EmptyBody   bool     `json:"emptyBody"`
	EventStream string   `json:"eventStream"`
	Errors      []string `json:"errors"`
}

// shape is one shape; which fields hold depends on Type.
type shape struct {
	Name    string    `json:"name"`
	Type    string    `json:"type"`
	Doc     string    `json:"doc"`
	Members []*member `json:"members"`
	Enum    []string  `json:"enum"`
	Printed []string  `json:"printed"`
	Min     *int64    `json:"min"`
	Max     *int64    `json:"max"`
	Pattern string    `json:"pattern"`
	Member  string    `json:"member"`
	Key     string    `json:"key"`
	Value   string    `json:"value"`

	// role is what the structure is to its operation: input, output or nested.
	role role
}

type role int

const (
	nested role = iota
	input
	output
)

// member is one member of a structure, in the order of the model.
type member struct {
	Name     string `json:"name"`
	Shape    string `json:"shape"`
	Doc      string `json:"doc"`
	Required bool   `json:"required"`

	of *shape
}

// apiError is one error; Common ones are in no operation's list.
type apiError struct {
	Code   string `json:"code"`
	Status int    `json:"status"`
	Doc    string `json:"doc"`
	Common bool   `json:"common"`
}

// loadModel reads the model and resolves its references.
func loadModel(path string) (*model, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &model{byName: map[string]*shape{}}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, s := range m.Shapes {
		if m.byName[s.Name] != nil {
			return nil, fmt.Errorf("%s: shape %s twice", path, s.Name)
		}
		m.byName[s.Name] = s
	}
	if err := m.resolve(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func (m *model) resolve() error {
	for _, s := range m.Shapes {
		for _, mem := range s.Members {
			if mem.of = m.byName[mem.Shape]; mem.of == nil {
				return fmt.Errorf("%s.%s: no shape %s", s.Name, mem.Name, mem.Shape)
			}
		}
		for _, ref := range []string{s.Member, s.Key, s.Value} {
			if ref != "" && m.byName[ref] == nil {
				return fmt.Errorf("%s: no shape %s", s.Name, ref)
			}
		}
	}
	for _, op := range m.Operations {
		in, out := m.byName[op.Input], m.byName[op.Output]
		if in == nil || out == nil {
			return fmt.Errorf("operation %s: no input or no output", op.Name)
		}
		in.role, out.role = input, output
		for _, code := range op.Errors {
			if !m.hasError(code) {
				return fmt.Errorf("operation %s: no error %s", op.Name, code)
			}
		}
	}
	return nil
}

func (m *model) hasError(code string) bool {
	for _, e := range m.Errors {
		if e.Code == code {
			return true
		}
	}
	return false
}

// structures are the structures of a role, in the order of the model.
func (m *model) structures(roles ...role) []*shape {
	var list []*shape
	for _, s := range m.Shapes {
		if s.Type != "structure" {
			continue
		}
		for _, r := range roles {
			if s.role == r {
				list = append(list, s)
			}
		}
	}
	return list
}

// enumName is the Go name of a value: ALL_CAPS words become CamelCase, values
// that are CamelCase already stay.
func enumName(shape, value string) string {
	if value != strings.ToUpper(value) {
		return shape + value
	}
	var b strings.Builder
	b.WriteString(shape)
	for word := range strings.SplitSeq(value, "_") {
		b.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return b.String()
}
