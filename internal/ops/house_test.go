package ops

import (
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"millrace/internal/clock"
	"millrace/internal/engine/disk"
	"millrace/internal/limits"
	"millrace/internal/streams"
	"millrace/internal/vfs"
	"millrace/kinesis/types"
)

// house is the operations over real streams and a real engine, in memory and
// on a clock that the test moves.
type house struct {
	*Service
	clock  *clock.Manual
	caller Caller
}

// epoch is where the clock of every test starts.
var epoch = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, l *limits.Limits, stateDelay time.Duration) *house {
	t.Helper()
	c := clock.NewManual(epoch)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	rnd := rand.NewChaCha8([32]byte{1})
	e, err := disk.Open(t.Context(), disk.Options{FS: vfs.NewMem(), Dir: "data", Clock: c, Rand: rnd, Log: log, JournalBytes: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s, err := streams.Open(t.Context(), streams.Config{Engine: e, Clock: c, Rand: rnd, Log: log, StateDelay: stateDelay})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		e.Close()
	})
	return &house{
		Service: New(Config{Streams: s, Limits: l, Clock: c, Log: log}),
		clock:   c,
		caller:  Caller{AccessKey: "AK", Account: "000000000000", Region: "us-east-1"},
	}
}

// try makes a call by the name of its input's type.
func try[O any](t testing.TB, h *house, name string, in any) (*O, error) {
	t.Helper()
	op, ok := Lookup(name)
	if !ok {
		t.Fatalf("no operation %s", name)
	}
	out, err := h.Do(t.Context(), h.caller, op, "request", in)
	if err != nil || out == nil {
		return nil, err
	}
	return out.(*O), nil
}

// must is try for calls that have to succeed.
func must[O any](t testing.TB, h *house, name string, in any) *O {
	t.Helper()
	out, err := try[O](t, h, name, in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

// refused checks the code and a part of the message of an error.
func refused(t testing.TB, err error, code, part string) {
	t.Helper()
	api, ok := err.(types.APIError)
	if !ok || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), part) {
		t.Errorf("got %v, want %s with %q", err, code, part)
	}
}

func (h *house) create(t testing.TB, name string, shards int32) {
	t.Helper()
	must[types.CreateStreamOutput](t, h, "CreateStream", &types.CreateStreamInput{StreamName: &name, ShardCount: &shards})
}

func (h *house) put(t testing.TB, stream, key, data string) *types.PutRecordOutput {
	t.Helper()
	return must[types.PutRecordOutput](t, h, "PutRecord", &types.PutRecordInput{StreamName: &stream, PartitionKey: &key, Data: []byte(data)})
}

func (h *house) iterator(t testing.TB, in types.GetShardIteratorInput) *string {
	t.Helper()
	return must[types.GetShardIteratorOutput](t, h, "GetShardIterator", &in).ShardIterator
}

func (h *house) trimHorizon(t testing.TB, stream, shard string) *string {
	t.Helper()
	return h.iterator(t, types.GetShardIteratorInput{StreamName: &stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
}

func (h *house) status(t testing.TB, stream string) types.StreamStatus {
	t.Helper()
	out := must[types.DescribeStreamSummaryOutput](t, h, "DescribeStreamSummary", &types.DescribeStreamSummaryInput{StreamName: &stream})
	return out.StreamDescriptionSummary.StreamStatus
}
