package kcl

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"millrace/test/harness"
	"millrace/test/java/jvm"
	"millrace/test/kcl/leases"
	"millrace/test/kcl/ledger"
)

const (
	stream      = "orders"
	application = "app"
	// keys is how many partition keys records have.
	keys = 100
	// size is the length of a record's data.
	size = 120
	// leastRate is how many records are put in a second at least, and longest
	// how many seconds that may take, so that splits, the merge and the kill
	// come while there is something to process.
	leastRate = 1000
	longest   = 50
	// slowly is the time between two rounds while the second worker has not yet
	// got a share of the shards; in KCL 2 it takes leases every 8 s.
	slowly = 400 * time.Millisecond
	// patience is how long nothing may be processed before a run has failed.
	// It covers the start of a worker and the taking over of its leases.
	patience = 60 * time.Second
)

// rig is one run: a server, its client, a place for leases, and two workers of
// one application.
type rig struct {
	tb      testing.TB
	module  string
	mode    string
	perKey  int
	server  *harness.Server
	client  *kinesis.Client
	leases  string
	folder  string
	workers []*jvm.Process
	killed  bool // the second worker
	began   time.Time
}

func start(tb testing.TB, module, mode string) *rig {
	r := &rig{
		tb: tb, module: module, mode: mode, folder: jvm.Folder(tb), began: time.Now(),
		perKey: max(1, records(tb)/keys),
		server: harness.Start(tb, harness.Options{}),
		leases: leases.Start(tb),
	}
	r.client = r.server.Client()
	r.createStream()
	r.stage("server and leases are there")
	// Workers wait for a random while before one of them writes the first
	// leases; with two of them it is the shorter one. The second comes when
	// the table and its index are there: making the index twice at once is
	// more than the stand-in for DynamoDB can bear.
	r.startWorker()
	r.wait("the table of leases is there", func() bool {
		table := leases.Table(tb, r.leases, application)
		return strings.Contains(table, `"TableStatus"`) &&
			(module != "kcl3" || strings.Contains(table, `"IndexStatus"`))
	})
	r.startWorker()
	r.waitForStart()
	return r
}

// stage notes in the log of the test how far the run is.
func (r *rig) stage(what string) {
	r.tb.Logf("%5.1f s %s", time.Since(r.began).Seconds(), what)
}

func (r *rig) path(worker int) string {
	return filepath.Join(r.folder, fmt.Sprintf("worker-%d", worker))
}

func (r *rig) paths() []string {
	var all []string
	for i := range r.workers {
		all = append(all, r.path(i))
	}
	return all
}

func (r *rig) startWorker() {
	i := len(r.workers)
	r.workers = append(r.workers, jvm.Start(r.tb, r.module, jvm.Options{
		Name: fmt.Sprintf("worker-%d", i),
		Main: "millrace.kcl.Worker",
		Args: []string{
			"--application", application, "--stream", stream, "--mode", r.mode,
			"--worker", fmt.Sprintf("worker-%d", i),
			"--endpoint", r.server.Endpoint, "--leases", r.leases, "--out", r.path(i),
		},
	}))
}

// processed is what all workers have processed so far.
func (r *rig) processed() []ledger.Entry {
	entries, err := ledger.Read(size, r.paths()...)
	if err != nil {
		r.tb.Fatal(err)
	}
	return entries
}
