// Package jvm builds the Maven modules of test/java and runs what is in them
// as child processes.
//
// Maven fetches dependencies by name into .cache/m2 of the project and writes
// what it builds below .cache/java. A module is built again only when its
// sources changed. Processes belong to the test that started them.
package jvm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"millrace/test/harness"
)

// sources is the folder of the Maven project.
func sources() string { return filepath.Join(harness.Root(), "test", "java") }

// Need skips the test under -short and where there is no Java or no Maven; a
// CI run fails instead, because there the suite is not optional.
func Need(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("clients on the Java virtual machine are no short test")
	}
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			tb.Fatalf("no %s here", tool)
		}
		tb.Skipf("no %s here", tool)
	}
}

// Version is the version of a dependency as the parent POM names it, such as
// "kcl3.version".
func Version(tb testing.TB, property string) string {
	tb.Helper()
	pom, err := os.ReadFile(filepath.Join(sources(), "pom.xml"))
	if err != nil {
		tb.Fatal(err)
	}
	name := regexp.QuoteMeta(property)
	found := regexp.MustCompile("<" + name + ">([^<]+)</" + name + ">").FindSubmatch(pom)
	if found == nil {
		tb.Fatalf("the parent POM has no %s", property)
	}
	return string(found[1])
}

// classpath builds a module, unless it is built already, and returns the class
// path that runs it.
func classpath(tb testing.TB, module string) string {
	tb.Helper()
	built := filepath.Join(harness.Root(), ".cache", "java", module)
	if err := os.MkdirAll(built, 0o777); err != nil {
		tb.Fatal(err)
	}
	defer Lock(tb, "java")()
	stamp, now := filepath.Join(built, "stamp"), digest(tb, module)
	if old, _ := os.ReadFile(stamp); string(old) != now {
		maven(tb, module)
		if err := os.WriteFile(stamp, []byte(now), 0o666); err != nil {
			tb.Fatal(err)
		}
	}
	libraries, err := os.ReadFile(filepath.Join(built, "classpath"))
	if err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(built, "classes") + ":" + strings.TrimSpace(string(libraries))
}

func maven(tb testing.TB, module string) {
	tb.Helper()
	cmd := exec.Command("mvn", "-B", "-q", "--no-transfer-progress",
		"-Dmaven.repo.local="+filepath.Join(harness.Root(), ".cache", "m2"),
		"-pl", module, "compile")
	cmd.Dir = sources()
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("mvn compile of %s: %v\n%s", module, err, tail(string(out), 4000))
	}
}

// digest is a hash over the parent POM, the module and the sources that
// modules share.
func digest(tb testing.TB, module string) string {
	tb.Helper()
	hash := sha256.New()
	for _, part := range []string{"pom.xml", module, "kcl"} {
		err := filepath.WalkDir(filepath.Join(sources(), part), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			fmt.Fprintf(hash, "%s %d\n%s", path, len(text), text)
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Lock takes what is below .cache under a name for this process alone, as
// suites that install things run side by side, and returns what lets it go.
func Lock(tb testing.TB, name string) (unlock func()) {
	tb.Helper()
	folder := filepath.Join(harness.Root(), ".cache")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		tb.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(folder, name+".lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		tb.Fatal(err)
	}
	return func() { file.Close() }
}

func tail(text string, most int) string {
	return text[max(0, len(text)-most):]
}
