package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"millrace/kinesis"
)

// tailFlags are the flags of tail.
type tailFlags struct {
	from, sequence, at string
	since              time.Duration
	shards             []string
	consumer           string
	limit              int
	noFollow           bool
	raw                bool
}

const tailLong = `Read records of all shards of a stream, or of some, and go on as new ones come.
When shards are split or merged their children are read after them, so that
records of one partition key stay in order.

Where to begin (--from):
  latest            what is put from now on (the default)
  trim-horizon      the oldest record that is kept (the default with --no-follow)
  at-timestamp      records that came at --at or later
  at-sequence       the record of --sequence, in the one shard of --shard
  after-sequence    the one that follows it
--since 10m is --from at-timestamp of ten minutes ago.

Text shows bytes that are no text as base64. --output json writes one object a
line, with Data for text and DataBase64 for bytes, as 'put --json-lines' takes
it. --raw writes the data alone, each record followed by a new line.

With --consumer the records are pushed to a registered consumer (enhanced
fan-out), which has a throughput of its own. One that is not registered yet is,
until the end of the command.

It ends with an interrupt (Ctrl-C), unless --limit or --no-follow end it before.`

func (a *app) tailCommand() *cobra.Command {
	var f tailFlags
	cmd := &cobra.Command{
		Use:   "tail STREAM",
		Short: "Read records as they come",
		Long:  tailLong,
		Example: example(
			"millrace tail demo",
			"millrace tail demo --since 10m",
			"millrace tail demo --from trim-horizon --limit 100 --output json",
			"millrace tail demo --consumer dashboard",
			"millrace tail demo --from at-timestamp --at 2026-11-01T12:00:00Z --no-follow",
			"millrace tail demo --shard shardId-000000000001 --from after-sequence --sequence 4960...",
		),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeStream,
	}
	fl := cmd.Flags()
	fl.StringVar(&f.from, "from", "", "latest, trim-horizon, at-timestamp, at-sequence or after-sequence")
	fl.StringVar(&f.sequence, "sequence", "", "sequence number, for at-sequence and after-sequence")
	fl.StringVar(&f.at, "at", "", "time, for at-timestamp: RFC 3339, or seconds since 1970")
	fl.DurationVar(&f.since, "since", 0, "begin that long ago")
	fl.StringArrayVar(&f.shards, "shard", nil, "read this shard only; may be repeated")
	fl.StringVar(&f.consumer, "consumer", "", "read as that registered consumer")
	fl.IntVarP(&f.limit, "limit", "n", 0, "end after so many records")
	fl.BoolVar(&f.noFollow, "no-follow", false, "end when all that was there is read")
	fl.BoolVar(&f.noFollow, "until-tip", false, "the same as --no-follow")
	fl.BoolVar(&f.raw, "raw", false, "write the data alone")
	cmd.MarkFlagsMutuallyExclusive("since", "from")
	cmd.MarkFlagsMutuallyExclusive("since", "at")
	cmd.MarkFlagsMutuallyExclusive("at", "sequence")
	a.completeValues(cmd, "from", "latest", "trim-horizon", "at-timestamp", "at-sequence", "after-sequence")
	cmd.RunE = a.action(func(ctx context.Context, args []string) error {
		start, err := f.start(time.Now())
		if err != nil {
			return err
		}
		client, err := a.client(ctx)
		if err != nil {
			return err
		}
		t := &tailer{client: client, stream: args[0], start: start, only: f.shards, toTip: f.noFollow}
		if f.consumer != "" {
			leave, err := a.enterConsumer(ctx, t, f.consumer)
			if err != nil {
				return err
			}
			defer leave()
		}
		return a.tail(ctx, t, f)
	})
	return cmd
}

// tail prints what a tailer reads.
func (a *app) tail(ctx context.Context, t *tailer, f tailFlags) error {
	w := newRecordWriter(a.stdout, a.output, f.raw)
	printed := 0
	for page, err := range t.pages(ctx) {
		if ctx.Err() != nil {
			// An interrupt is how one ends a tail: it is no failure.
			break
		}
		if err != nil {
			w.flush()
			return err
		}
		for _, r := range page.records {
			if err := w.write(page.shard, r); err != nil {
				return err
			}
			if printed++; printed == f.limit {
				return w.flush()
			}
		}
		if err := w.flush(); err != nil {
			return err
		}
	}
	return w.flush()
}

// start is the place that the flags say to begin at.
func (f tailFlags) start(now time.Time) (kinesis.Start, error) {
	var none kinesis.Start
	if f.limit < 0 {
		return none, usagef("--limit must not be negative")
	}
	if f.since < 0 {
		return none, usagef("--since must not be negative")
	}
	if f.since > 0 {
		return kinesis.AtTimestamp(now.Add(-f.since)), nil
	}
	from := f.from
	switch {
	case from != "":
	case f.at != "":
		from = "at-timestamp"
	case f.sequence != "":
		from = "at-sequence"
	case f.noFollow:
		from = "trim-horizon"
	default:
		from = "latest"
	}
	if f.at != "" && from != "at-timestamp" {
		return none, usagef("--at goes with --from at-timestamp")
	}
	switch from {
	case "latest":
		return kinesis.Latest(), f.noSequence()
	case "trim-horizon":
		return kinesis.TrimHorizon(), f.noSequence()
	case "at-timestamp":
		t, err := parseTime(f.at)
		if err != nil {
			return none, err
		}
		return kinesis.AtTimestamp(t), f.noSequence()
	case "at-sequence", "at-sequence-number":
		return kinesis.AtSequenceNumber(f.sequence), f.oneShard()
	case "after-sequence", "after-sequence-number":
		return kinesis.AfterSequenceNumber(f.sequence), f.oneShard()
	}
	return none, usagef("--from %q is none of latest, trim-horizon, at-timestamp, at-sequence and after-sequence", from)
}

func (f tailFlags) noSequence() error {
	if f.sequence != "" {
		return usagef("--sequence goes with --from at-sequence or after-sequence")
	}
	return nil
}

// oneShard checks that a sequence number has its shard.
func (f tailFlags) oneShard() error {
	switch {
	case f.sequence == "":
		return usagef("--from at-sequence and after-sequence need --sequence")
	case len(f.shards) != 1:
		return usagef("a sequence number is one of a shard: name it with --shard")
	}
	return nil
}
