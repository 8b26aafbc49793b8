package main

import (
	"net"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestCommandLinesThatCannotBeUnderstood(t *testing.T) {
	cleanEnvironment(t)
	for _, line := range []string{
		"nonsense",
		"--nonsense",
		"streams nonsense",
		"streams create",
		"streams create a b",
		"streams create a --shards many",
		"streams create a --shards 2 --on-demand",
		"streams create a --tag novalue --endpoint http://127.0.0.1:1",
		"streams tag s novalue",
		"streams update-shard-count s many",
		"streams retention s soon",
		"put",
		"put s data --file x",
		"put s --lines --json-lines",
		"tail",
		"tail s --from nowhere",
		"tail s --from at-timestamp",
		"tail s --at yesterday",
		"tail s --from at-sequence",
		"tail s --from after-sequence --sequence 1",
		"tail s --from latest --since 1m",
		"tail s --sequence 1 --from latest",
		"bench --mode sideways",
		"bench --mode get",
		"bench --size 0",
		"bench --records 5 --duration 1s",
		"version --output yaml",
		"serve extra",
		"serve --limits nowhere.yaml",
		"serve --durability maybe",
		"serve --log-level loud",
		"serve --auth verify",
		"serve --listen 0.0.0.0:0",
		"serve --tls maybe",
		"serve --tls-cert c.pem",
		"serve --tls-host *.example.com",
		"cert nonsense",
		"cert export-ca extra",
		"cert export-ca --data d --endpoint https://127.0.0.1:1",
		"cert show --endpoint localhost",
		"doctor nonsense",
		"doctor check",
		"doctor salvage d",
		"backup",
		"backup --to b --data d --admin 127.0.0.1:1",
		"restore b",
		"restore --data d",
	} {
		t.Run(line, func(t *testing.T) {
			if strings.Contains(line, "novalue --endpoint") {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				line = strings.ReplaceAll(line, "127.0.0.1:1", l.Addr().String())
			}
			r := millrace(t, strings.Fields(line)...)
			if r.code != exitUsage || !strings.HasPrefix(r.stderr, "millrace: ") || !strings.Contains(r.stderr, "--help'") || r.stdout != "" {
				t.Errorf("exit code %d\nstdout: %s\nstderr: %s", r.code, r.stdout, r.stderr)
			}
		})
	}
}

func TestEveryCommandHelps(t *testing.T) {
	var walk func(cmd *cobra.Command, path []string)
	walk = func(cmd *cobra.Command, path []string) {
		if len(path) > 0 && path[0] == "completion" || cmd.Name() == "help" {
			return
		}
		if cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%v has no description or no examples", path)
		}
		help := must(t, append(path, "--help")...)
		if !strings.Contains(help, "Usage:") || !strings.Contains(help, "Examples:") {
			t.Errorf("help of %v:\n%s", path, help)
		}
		for _, sub := range cmd.Commands() {
			walk(sub, append(path[:len(path):len(path)], sub.Name()))
		}
	}
	walk(newApp(nil, nil, nil).rootCommand(), nil)
}

func TestNothingListens(t *testing.T) {
	cleanEnvironment(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r := millrace(t, "streams", "list", "--endpoint", "http://"+l.Addr().String())
	if r.code != exitFailure || !strings.Contains(r.stderr, "is millrace serve running?") {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
}

func TestVersion(t *testing.T) {
	if out := must(t, "version"); !strings.HasPrefix(out, "millrace ") {
		t.Errorf("version = %q", out)
	}
	if o := objects(t, must(t, "version", "-o", "json")); len(o) != 1 || o[0]["Version"] == "" {
		t.Errorf("version = %v", o)
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := must(t, "completion", shell); !strings.Contains(out, "millrace") {
			t.Errorf("%s: %q", shell, out)
		}
	}
}
