package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"millrace/internal/server"
)

// announce says that the server is ready, and what to do next. A log of JSON
// lines is left as it is: it has a line that says so.
func (a *app) announce(s *server.Server, f serveFlags) {
	switch {
	case a.output == "json":
		a.printJSON(struct{ Endpoint, Admin, Data string }{s.Endpoint(), s.AdminAddr(), f.data})
	case f.logFormat == "text":
		writeBanner(a.stderr, banner{
			endpoint: s.Endpoint(), data: f.data, program: program(), region: a.region,
			verify: f.auth == server.AuthVerify, credentials: f.credentials,
			ownCA: f.tls == server.TLSRequire && f.tlsCert == "",
		})
	}
}

// banner is what is said to whoever started a server.
type banner struct {
	endpoint, data, program, region string
	verify                          bool
	credentials                     string
	ownCA                           bool // clients must be told of it
}

// writeBanner writes lines that work as they stand, in order, in a fresh
// shell. Data goes to the AWS CLI through a file, as its versions 1 and 2
// take an argument for different things.
func writeBanner(w io.Writer, b banner) {
	where := "data in " + b.data
	if b.data == server.Memory {
		where = "data in memory"
	}
	if b.region == "" {
		b.region = "us-east-1"
	}
	own := func(command string) string {
		if b.endpoint == defaultEndpoint {
			return b.program + " " + command
		}
		return b.program + " --endpoint " + b.endpoint + " " + command
	}
	keys := "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
	fmt.Fprintf(w, "\nmillrace is ready at %s, %s. From another shell:\n", b.endpoint, where)
	if b.verify {
		keys = "AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=..."
		fmt.Fprintf(w, "\n  # with a key pair of %s\n  export %s\n", b.credentials, keys)
	}
	if b.ownCA {
		fmt.Fprintf(w, "\n  # the CA of the server, for AWS's tools and millrace's own\n  %s\n  export AWS_CA_BUNDLE=$PWD/millrace-ca.pem\n",
			own("cert export-ca --out millrace-ca.pem"))
	}
	aws := "aws --endpoint-url " + b.endpoint + " kinesis "
	for _, line := range []string{
		"",
		"# millrace",
		own("streams create hello --if-absent --wait"),
		own("put hello 'hello from millrace'"),
		own("tail hello --from trim-horizon --no-follow"),
		"",
		"# the AWS CLI, on the same stream",
		"export " + keys + " AWS_DEFAULT_REGION=" + b.region + " AWS_PAGER=",
		"echo 'hello from AWS' | " + aws + "put-record --stream-name hello --partition-key 1 --data fileb:///dev/stdin",
		aws + "get-records --shard-iterator $(" + aws + "get-shard-iterator --stream-name hello" +
			" --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON --query ShardIterator --output text)",
		"",
	} {
		fmt.Fprintln(w, strings.TrimRight("  "+line, " "))
	}
}

// program is how a shell can start this very program from anywhere.
func program() string {
	self, err := os.Executable()
	if err != nil {
		return "millrace"
	}
	if found, err := exec.LookPath("millrace"); err == nil {
		if abs, err := filepath.Abs(found); err == nil && abs == self {
			return "millrace"
		}
	}
	return quoted(self)
}

// quoted makes a word of the shell out of a path.
func quoted(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+") == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
