package kinesis_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"millrace/internal/limits"
	"millrace/internal/server"
	"millrace/kinesis"
	"millrace/kinesis/types"
)

// TestSignaturesAreAccepted has every signature verified by the server,
// whose verifier is written apart from AWS's signer.
func TestSignaturesAreAccepted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(file, []byte("- access_key: AKIDTEST000000000001\n  secret: s3cret/+=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := server.Start(t.Context(), server.Config{
		Data: server.Memory, Listen: "127.0.0.1:0", Admin: server.Off, Limits: limits.None(),
		Auth: server.AuthVerify, CredentialsFile: file,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown(context.Background())
	for _, tc := range []struct {
		name, key, secret string
		code              string
	}{
		{"right", "AKIDTEST000000000001", "s3cret/+=", ""},
		{"wrong secret", "AKIDTEST000000000001", "guess", "InvalidSignatureException"},
		{"unknown key", "AKIDTEST000000000002", "s3cret/+=", "UnrecognizedClientException"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := kinesis.NewClient(kinesis.Options{
				Endpoint: s.Endpoint(), Region: "us-east-1", Credentials: kinesis.StaticCredentials(tc.key, tc.secret, ""),
			})
			defer c.CloseIdleConnections()
			_, err := c.ListStreams(t.Context(), &types.ListStreamsInput{})
			e, failed := errors.AsType[*kinesis.ResponseError](err)
			if failed != (tc.code != "") || failed && (e.Code != tc.code || e.Err == nil || e.RequestID == "" || e.Attempts != 1) {
				t.Errorf("error = %+v, want %q", err, tc.code)
			}
		})
	}
}

func TestFaultsOfTheServiceAreTyped(t *testing.T) {
	client, stop := newClient()
	defer stop()
	ctx := t.Context()
	shard := new("shardId-000000000000")
	for _, tc := range []struct {
		name string
		call func() error
		is   func(error) bool
	}{
		{"no such stream", func() error {
			_, err := client.DeleteStream(ctx, &types.DeleteStreamInput{StreamName: new("nowhere")})
			return err
		}, is[*types.ResourceNotFoundException]},
		{"stream is there", func() error {
			_, err := client.CreateStream(ctx, &types.CreateStreamInput{StreamName: new("orders"), ShardCount: new(int32(1))})
			return err
		}, is[*types.ResourceInUseException]},
		{"constraint", func() error {
			_, err := client.CreateStream(ctx, &types.CreateStreamInput{StreamName: new("!"), ShardCount: new(int32(1))})
			return err
		}, is[*types.ValidationException]},
		{"rule", func() error {
			_, err := client.SplitShard(ctx, &types.SplitShardInput{StreamName: new("orders"), ShardToSplit: shard, NewStartingHashKey: new("0")})
			return err
		}, is[*types.InvalidArgumentException]},
		{"iterator", func() error {
			_, err := client.GetRecords(ctx, &types.GetRecordsInput{ShardIterator: new("nonsense")})
			return err
		}, is[*types.InvalidArgumentException]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.call(); !tc.is(err) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// TestRecordsOfAShardThatIsSplit reads through pages to the end of the shard.
func TestRecordsOfAShardThatIsSplit(t *testing.T) {
	client, stop := newClient()
	defer stop()
	ctx := t.Context()
	var records []types.PutRecordsRequestEntry
	for i := range 1500 {
		records = append(records, types.PutRecordsRequestEntry{
			PartitionKey: new("k"), ExplicitHashKey: new("0"), Data: bytes.Repeat([]byte{byte(i), byte(i >> 8), 0xff}, 1+i),
		})
	}
	results, err := client.PutAll(ctx, "orders", records)
	if err != nil {
		t.Fatal(err)
	}
	shard := *results[0].ShardId
	_, err = client.SplitShard(ctx, &types.SplitShardInput{
		StreamName: new("orders"), ShardToSplit: &shard, NewStartingHashKey: new("85070591730234615865843651857942052864"),
	})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r, err := range client.Records(ctx, kinesis.ShardPosition{Stream: "orders", ShardID: shard, Limit: 400}) {
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(r.Data, records[n].Data) || *r.SequenceNumber != *results[n].SequenceNumber || r.ApproximateArrivalTimestamp == nil {
			t.Fatalf("record %d is not what was put", n)
		}
		n++
	}
	if n != len(records) {
		t.Errorf("%d records, want %d", n, len(records))
	}
	var children []types.ChildShard
	for page, err := range client.Pages(ctx, kinesis.ShardPosition{Stream: "orders", ShardID: shard, Start: kinesis.AfterSequenceNumber(*results[1499].SequenceNumber)}) {
		if err != nil {
			t.Fatal(err)
		}
		children = page.ChildShards
	}
	if len(children) != 2 {
		t.Errorf("%d children, want 2", len(children))
	}
}
