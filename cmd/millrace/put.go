package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"millrace/kinesis"
)

// putFlags are the flags of put.
type putFlags struct {
	file             string
	lines, jsonLines bool
	key, hashKey     string
}

func (a *app) putCommand() *cobra.Command {
	var f putFlags
	cmd := &cobra.Command{
		Use:   "put STREAM [DATA]",
		Short: "Store records",
		Long: `Store records: DATA, or else what is read from --file or from standard input.

What is read is one record, byte for byte, unless --lines makes each line a
record, or --json-lines takes each line as an object with PartitionKey and
Data (text) or DataBase64 (bytes), and ExplicitHashKey if wanted: what 'tail
--output json' writes. Data is never encoded or decoded on the way.

Records without a partition key get a random one. Records that a shard refuses
for its limits are sent again; those may then change places with others.`,
		Example: example(
			"millrace put demo 'hello'",
			"millrace put demo --key customer-17 --file picture.png",
			"tail -f access.log | millrace put demo --lines",
			"millrace tail demo --from trim-horizon --no-follow -o json | millrace put copy --json-lines",
		),
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeStream,
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "", `file to read ("-" is standard input)`)
	fl.BoolVarP(&f.lines, "lines", "l", false, "each line is a record")
	fl.BoolVarP(&f.jsonLines, "json-lines", "j", false, "each line is a JSON object that holds a record")
	fl.StringVarP(&f.key, "key", "k", "", "partition key (default: a random one for each record)")
	fl.StringVar(&f.hashKey, "explicit-hash-key", "", "hash key, in place of that of the partition key")
	fl.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "partition-key" {
			name = "key"
		}
		return pflag.NormalizedName(name)
	})
	cmd.MarkFlagsMutuallyExclusive("lines", "json-lines")
	cmd.RunE = a.action(func(ctx context.Context, args []string) error {
		return a.put(ctx, args, f)
	})
	return cmd
}

func (a *app) put(ctx context.Context, args []string, f putFlags) error {
	in, size, err := a.input(args, f)
	if err != nil {
		return err
	}
	defer in.Close()
	client, err := a.client(ctx)
	if err != nil {
		return err
	}
	bar := a.progress(size, "put", "bytes")
	if size == 0 || isTerminal(a.stdin) && f.file == "" {
		bar = a.noProgress()
	}
	p := &putter{app: a, client: client, stream: args[0], flags: f}
	err = p.run(ctx, recordSource(countingReader{in, bar}, f))
	bar.Finish()
	if err != nil {
		return err
	}
	return p.report()
}

// input opens what records are read from, and says its size, -1 if it is not
// known and 0 if it is nothing that needs a bar.
func (a *app) input(args []string, f putFlags) (io.ReadCloser, int64, error) {
	switch {
	case len(args) == 2 && f.file != "":
		return nil, 0, usagef("give DATA or --file, not both")
	case len(args) == 2:
		return io.NopCloser(bytes.NewReader([]byte(args[1]))), 0, nil
	case f.file != "" && f.file != "-":
		file, err := os.Open(f.file)
		if err != nil {
			return nil, 0, err
		}
		info, err := file.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return file, -1, nil
		}
		return file, info.Size(), nil
	}
	if isTerminal(a.stdin) {
		fmt.Fprintln(a.stderr, "millrace: reading from the terminal; end with Ctrl-D")
	}
	return io.NopCloser(a.stdin), -1, nil
}

// putter sends what a source gives.
type putter struct {
	app    *app
	client *kinesis.Client
	stream string
	flags  putFlags

	stored int
	shards map[string]int
	last   *putResult
}

// putResult is a stored record as put writes it.
type putResult struct {
	ShardID        string `json:"ShardId"`
	SequenceNumber string
}

// note counts a stored record, and writes it if JSON is wanted.
func (p *putter) note(shard, sequenceNumber string) error {
	p.stored++
	if p.shards == nil {
		p.shards = make(map[string]int)
	}
	p.shards[shard]++
	p.last = &putResult{shard, sequenceNumber}
	if p.app.output == "json" {
		return p.app.printJSON(p.last)
	}
	return nil
}

// report says what was stored.
func (p *putter) report() error {
	switch {
	case p.stored == 1:
		p.app.say("%s %s", p.last.ShardID, p.last.SequenceNumber)
	default:
		p.app.say("stored %s in %s", count(p.stored, "record"), count(len(p.shards), "shard"))
	}
	return nil
}
