package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// benchFlags are the flags of bench.
type benchFlags struct {
	stream         string
	shards         int32
	mode           string
	recordsPerCall int
	size           int
	concurrency    int
	duration       time.Duration
	records        int64
	keep           bool
}

const benchLong = `Measure an endpoint: store and read records as fast as it goes, and report
records and megabytes a second, the latency of the calls, errors and throttling.

--mode put stores, get reads a stream from its oldest record to the tip, and
both does both at once and also measures how long a record takes to be read.
Calls are not retried: what the endpoint refuses is counted.

A stream that does not exist is created for the time of the measurement, and
deleted at its end unless --keep is given. On AWS this costs money.`

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure an endpoint",
		Long:  benchLong,
		Example: example(
			"millrace bench",
			"millrace bench --size 100 --records-per-call 500 --concurrency 16 --duration 30s",
			"millrace bench --records-per-call 1 --records 10000",
			"millrace bench --stream orders --mode get --output json",
		),
		Args: cobra.NoArgs,
	}
	fl := cmd.Flags()
	fl.StringVar(&f.stream, "stream", "", "stream to use (default: a new one)")
	fl.Int32Var(&f.shards, "shards", 4, "shards of a stream that is created")
	fl.StringVar(&f.mode, "mode", "put", "put, get or both")
	fl.IntVar(&f.recordsPerCall, "records-per-call", 100, "records of a call: 1 is PutRecord, more PutRecords; the limit of a GetRecords in mode get")
	fl.IntVar(&f.size, "size", 1024, "bytes of a record")
	fl.IntVarP(&f.concurrency, "concurrency", "c", 8, "calls under way at once that put; each shard has one that gets")
	fl.DurationVarP(&f.duration, "duration", "d", 10*time.Second, "how long to go on")
	fl.Int64Var(&f.records, "records", 0, "how many records, in place of --duration")
	fl.BoolVar(&f.keep, "keep", false, "keep a stream that was created")
	cmd.MarkFlagsMutuallyExclusive("duration", "records")
	a.completeValues(cmd, "mode", "put", "get", "both")
	cmd.RunE = a.action(func(ctx context.Context, _ []string) error {
		if err := f.check(); err != nil {
			return err
		}
		return a.bench(ctx, f)
	})
	return cmd
}

func (f benchFlags) check() error {
	switch {
	case f.mode != "put" && f.mode != "get" && f.mode != "both":
		return usagef("--mode %q is none of put, get and both", f.mode)
	case f.mode == "get" && f.stream == "":
		return usagef("--mode get needs --stream")
	case f.recordsPerCall < 1 || f.mode != "get" && f.recordsPerCall > 500:
		return usagef("--records-per-call must be from 1 to 500")
	case f.size < 1 || f.size > 10<<20:
		return usagef("--size must be from 1 to %d", 10<<20)
	case f.mode == "both" && f.size < stampBytes:
		return usagef("--size must be at least %d with --mode both, to hold a time", stampBytes)
	case f.concurrency < 1 || f.concurrency > 4096:
		return usagef("--concurrency must be from 1 to 4096")
	case f.records < 0 || f.records == 0 && f.duration <= 0:
		return usagef("--records and --duration must be positive")
	case f.shards < 1:
		return usagef("--shards must be positive")
	}
	return nil
}

func (a *app) bench(ctx context.Context, f benchFlags) error {
	// One attempt a call: retries would hide what is to be measured.
	once, err := a.client(ctx, func(o *kinesis.Options) { o.MaxAttempts = 1 })
	if err != nil {
		return err
	}
	control, err := a.client(ctx)
	if err != nil {
		return err
	}
	temporary, err := a.benchStream(ctx, control, &f)
	b := &benchRun{client: once, control: control, flags: f}
	if err == nil {
		err = b.run(ctx, a)
	}
	if temporary && !f.keep {
		err = errors.Join(err, deleteBenchStream(ctx, control, f.stream))
	}
	if err != nil {
		return err
	}
	return a.printBench(b.report())
}

// deleteBenchStream deletes a temporary stream, also after an interrupt.
func deleteBenchStream(ctx context.Context, client *kinesis.Client, stream string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if _, err := client.DeleteStream(ctx, &types.DeleteStreamInput{StreamName: &stream}); err != nil {
		return fmt.Errorf("the stream %s is left behind: %w", stream, err)
	}
	return nil
}

// benchStream makes sure that there is a stream, and says whether it made it.
func (a *app) benchStream(ctx context.Context, client *kinesis.Client, f *benchFlags) (temporary bool, err error) {
	if f.stream != "" {
		view, err := describe(ctx, client, f.stream)
		if err == nil && view.StreamStatus == types.StreamStatusActive {
			return false, nil
		}
		if err == nil {
			_, err = a.waitActive(ctx, client, f.stream)
			return false, err
		}
		if !kinesis.IsNotFound(err) || f.mode == "get" {
			return false, err
		}
	} else {
		f.stream = "millrace-bench-" + strings.ToLower(rand.Text()[:8])
	}
	if _, err := client.CreateStream(ctx, &types.CreateStreamInput{StreamName: &f.stream, ShardCount: &f.shards}); err != nil {
		return false, err
	}
	_, err = a.waitActive(ctx, client, f.stream)
	return true, err
}
