package arrows

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "millrace/"

type pkg struct {
	ImportPath string
	Name       string
	Doc        string
	Imports    []string
}

// packages lists the module's own packages.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func allowed(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("arrows.txt")
	if err != nil {
		t.Fatal(err)
	}
	arrows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		from, to, ok := strings.Cut(line, "->")
		if !ok {
			t.Fatalf("arrows.txt: no arrow in %q", line)
		}
		arrows[strings.TrimSpace(from)] = strings.Fields(to)
	}
	return arrows
}

func TestArrows(t *testing.T) {
	arrows := allowed(t)
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		may, listed := arrows[from]
		if !listed {
			t.Errorf("%s is not in arrows.txt", from)
		}
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, module); ours && !slices.Contains(may, to) {
				t.Errorf("%s imports %s, which arrows.txt does not allow", from, to)
			}
		}
	}
}

// outside says which packages may know a module that is kept to one place.
var outside = map[string][]string{
	"github.com/aws/": {"kinesis", "cmd/millrace"},
	"net/http":        {"kinesis", "internal/wire", "internal/sigv4", "internal/server", "cmd/millrace"},
	"go.yaml.in/":     {"internal/limits", "internal/credentials", "internal/sigv4"},
	"github.com/spf13/cobra": {
		"cmd/millrace"},
}

func TestOutsideModulesStayInTheirRoom(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imp := range p.Imports {
			for prefix, may := range outside {
				if strings.HasPrefix(imp, prefix) && !slices.Contains(may, from) {
					t.Errorf("%s imports %s; only %v may", from, imp, may)
				}
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.Doc) < 20 {
			t.Errorf("%s has no package comment (go doc shows %q)", p.ImportPath, p.Doc)
		}
	}
}
