package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var readyAt = regexp.MustCompile(`ready at (http://\S+),`)

func TestServe(t *testing.T) {
	cleanEnvironment(t)
	dir := t.TempDir() + "/data"
	args := []string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--admin", "off", "--limits", "none", "--state-delay", "0"}
	start := func() (endpoint string, stop func() int) {
		_, stderr, stop := background(t, args...)
		text := stderr.await(t, "that it is ready", func(s string) bool { return readyAt.MatchString(s) })
		return readyAt.FindStringSubmatch(text)[1], stop
	}
	endpoint, stop := start()
	must(t, "streams", "create", "s", "--wait", "--endpoint", endpoint)
	must(t, "put", "s", "kept", "--endpoint", strings.TrimPrefix(endpoint, "http://"))
	if code := stop(); code != exitOK {
		t.Fatalf("exit code after a signal = %d", code)
	}
	endpoint, stop = start()
	if out := must(t, "tail", "s", "--no-follow", "--raw", "--endpoint", endpoint); out != "kept\n" {
		t.Errorf("after a restart: %q", out)
	}
	if r := millrace(t, "serve", "--data", ":memory:", "--listen", strings.TrimPrefix(endpoint, "http://"), "--admin", "off"); r.code != exitFailure || !strings.Contains(r.stderr, "--listen") {
		t.Errorf("port that is taken: %d %s", r.code, r.stderr)
	}
	if code := stop(); code != exitOK {
		t.Errorf("exit code = %d", code)
	}
}

func TestServeSaysInJSONThatItIsReady(t *testing.T) {
	cleanEnvironment(t)
	t.Setenv("AWS_PROFILE", "does-not-exist") // the server reads nothing of AWS
	stdout, stderr, _ := background(t, "serve", "--data", ":memory:", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "-o", "json", "--log-format", "json")
	o := objects(t, stdout.await(t, "the line", lines(1)))[0]
	if o["Endpoint"] == "" || o["Admin"] == "" || o["Data"] != ":memory:" {
		t.Errorf("ready: %v", o)
	}
	objects(t, stderr.String())
}

// The lines of the banner work as they stand, in order, in a fresh shell.
// Those of the AWS CLI are tried with the real one in the interop tests.
func TestBannerLinesWork(t *testing.T) {
	s := startServer(t)
	var b strings.Builder
	writeBanner(&b, banner{endpoint: s.Endpoint(), data: ":memory:", program: quoted(testProgram(t))})
	script := ""
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, " --endpoint ") {
			script += line
		}
	}
	sh := exec.Command("sh", "-e", "-c", script)
	sh.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "MILLRACE_TEST_MAIN=1"}
	out, err := sh.CombinedOutput()
	if err != nil || strings.Count(script, "\n") != 3 || !strings.HasSuffix(string(out), "  hello from millrace\n") {
		t.Errorf("%v\n%s\n%s", err, script, out)
	}
}

// testProgram is this test's executable, which is the program when
// MILLRACE_TEST_MAIN is set.
func testProgram(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMain(m *testing.M) {
	if os.Getenv("MILLRACE_TEST_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestQuoted(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin/millrace": "/usr/bin/millrace", "/my dir/millrace": "'/my dir/millrace'", "/it's": `'/it'\''s'`,
	} {
		if got := quoted(path); got != want {
			t.Errorf("quoted(%s) = %s, want %s", path, got, want)
		}
	}
}
