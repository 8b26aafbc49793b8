package ops

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"millrace/internal/wire/shape"
)

// TestCompatTable compares docs/compat.md with what is built.
func TestCompatTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "compat.md"))
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z]\w+) \| (complete|not built) \|`).FindAllStringSubmatch(string(text), -1) {
		states[row[1]] = row[2]
	}
	for _, op := range shape.Operations {
		want := "not built"
		if _, ok := Lookup(op.Name); ok {
			want = "complete"
		}
		if got := states[op.Name]; got != want {
			t.Errorf("docs/compat.md says %q of %s, the code says %q", got, op.Name, want)
		}
		delete(states, op.Name)
	}
	for name := range states {
		t.Errorf("docs/compat.md names %s, which the model does not", name)
	}
}
