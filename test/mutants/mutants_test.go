package mutants

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMutants runs the tests named by each row on a build with its fault.
// MUTANT=text picks the rows whose name holds the text.
func TestMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("a build and a test run for each mutant; see make mutants")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		if !strings.Contains(m.name, os.Getenv("MUTANT")) {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			start := time.Now()
			out, err := m.test(t, root)
			switch exit, failed := errors.AsType[*exec.ExitError](err); {
			case err == nil:
				t.Errorf("SURVIVED: %s passes with the fault in %s", m.pkg, m.file)
			case !failed:
				t.Fatal(err)
			case strings.Contains(out, "[build failed]") || strings.Contains(out, "no tests to run"):
				t.Fatalf("the mutant does not build or no test matches (%v):\n%s", exit, out)
			default:
				fmt.Printf("caught    %-55s by %s in %.0f s\n", m.name, firstFailure(out), time.Since(start).Seconds())
			}
		})
	}
}

// test runs the mutant's tests with its faulty file laid over the real one.
func (m mutant) test(t *testing.T, root string) (output string, err error) {
	t.Helper()
	path := filepath.Join(root, m.file)
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.from); n != 1 {
		t.Fatalf("%q stands %d times in %s, want once: bring the table up to date", m.from, n, m.file)
	}
	dir := t.TempDir()
	faulty := filepath.Join(dir, "faulty.go")
	text := strings.Replace(string(source), m.from, m.to, 1) + extras[m.name]
	if err := os.WriteFile(faulty, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: faulty}})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"test", "-count=1", "-timeout=3m", "-overlay", overlayFile, "-run", m.run}, strings.Fields(m.pkg)...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// firstFailure names the first test that failed.
func firstFailure(out string) string {
	for line := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); ok {
			name, _, _ = strings.Cut(name, " ")
			return name
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "panic:") {
			return strings.TrimSpace(line)
		}
	}
	return "a failed run"
}
