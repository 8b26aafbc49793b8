package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestGenerated: what the repository holds is what the model gives, and the
// model gives the same every time.
func TestGenerated(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var first []file
	for range 3 {
		m, err := loadModel(filepath.Join(root, "api", "model.json"))
		if err != nil {
			t.Fatal(err)
		}
		files, err := generate(m)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = files
		}
		for i, f := range files {
			if !bytes.Equal(f.text, first[i].text) {
				t.Errorf("%s: differs from one run to the next", f.path)
			}
		}
	}
	for _, f := range first {
		old, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.path)))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(old, f.text) {
			t.Errorf("%s is not up to date; run go run ./api/gen", f.path)
		}
	}
}

func TestLoadModelRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":            `{`,
		"unknown field":      `{"shapez":[]}`,
		"shape twice":        `{"shapes":[{"name":"A","type":"string"},{"name":"A","type":"string"}]}`,
		"no shape of member": `{"shapes":[{"name":"A","type":"structure","members":[{"name":"X","shape":"B"}]}]}`,
		"no shape of list":   `{"shapes":[{"name":"A","type":"list","member":"B"}]}`,
		"no input":           `{"operations":[{"name":"A"}]}`,
		"no error":           `{"operations":[{"name":"A","input":"I","output":"I","errors":["E"]}],"shapes":[{"name":"I","type":"structure"}]}`,
	} {
		path := filepath.Join(t.TempDir(), "model.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadModel(path); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestEnumName(t *testing.T) {
	for value, want := range map[string]string{
		"ACTIVE": "XActive", "AT_TRIM_HORIZON": "XAtTrimHorizon", "IncomingBytes": "XIncomingBytes", "S3_TABLES": "XS3Tables", "ALL": "XAll",
	} {
		if got := enumName("X", value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func TestConstraintText(t *testing.T) {
	n := func(n int64) *int64 { return &n }
	m := &model{byName: map[string]*shape{"Key": {Type: "string", Min: n(1), Max: n(128)}}}
	for _, tt := range []struct {
		s    *shape
		want string
	}{
		{&shape{Type: "string", Min: n(1), Max: n(128), Pattern: "[a-zA-Z0-9_.-]+"}, "1 to 128 characters of [a-zA-Z0-9_.-]"},
		{&shape{Type: "string", Pattern: "^0$"}, "matches ^0$"},
		{&shape{Type: "string", Min: n(12), Max: n(12), Pattern: `\d{12}`}, `12 characters that match \d{12}`},
		{&shape{Type: "integer", Min: n(1), Max: n(10000)}, "1 to 10000"},
		{&shape{Type: "integer", Min: n(0)}, "not negative"},
		{&shape{Type: "integer", Min: n(1)}, "at least 1"},
		{&shape{Type: "blob", Max: n(10)}, "at most 10 bytes"},
		{&shape{Type: "list", Min: n(1), Max: n(50), Member: "Key"}, "1 to 50 entries; each 1 to 128 characters"},
		{&shape{Type: "enum", Enum: []string{"A", "B"}}, "one of A, B"},
		{&shape{Type: "boolean"}, ""},
	} {
		if got := constraintText(m, tt.s); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
