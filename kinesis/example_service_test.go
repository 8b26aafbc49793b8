package kinesis_test

import (
	"context"
	"log"

	"millrace/internal/limits"
	"millrace/internal/server"
	"millrace/kinesis"
	"millrace/kinesis/types"
)

// startService starts a millrace server in memory that has the stream orders,
// with two shards and a tag.
func startService() (endpoint string, stop func()) {
	ctx := context.Background()
	s, err := server.Start(ctx, server.Config{
		Data: server.Memory, Listen: "127.0.0.1:0", Admin: server.Off, Limits: limits.None(),
	})
	if err != nil {
		log.Fatal(err)
	}
	client := local(s.Endpoint())
	defer client.CloseIdleConnections()
	_, err = client.CreateStream(ctx, &types.CreateStreamInput{
		StreamName: new("orders"), ShardCount: new(int32(2)), Tags: map[string]string{"team": "shop"},
	})
	if err != nil {
		log.Fatal(err)
	}
	// With a state delay of 0 the stream is ACTIVE a moment later.
	for {
		out, err := client.DescribeStreamSummary(ctx, &types.DescribeStreamSummaryInput{StreamName: new("orders")})
		if err != nil {
			log.Fatal(err)
		}
		if out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			break
		}
	}
	return s.Endpoint(), func() {
		if err := s.Shutdown(ctx); err != nil {
			log.Fatal(err)
		}
	}
}

// newClient makes a client of a service of its own.
func newClient() (client *kinesis.Client, stop func()) {
	endpoint, stopService := startService()
	client = local(endpoint)
	return client, func() {
		client.CloseIdleConnections()
		stopService()
	}
}

func local(endpoint string) *kinesis.Client {
	return kinesis.NewClient(kinesis.Options{
		Endpoint: endpoint, Region: "us-east-1", Credentials: kinesis.StaticCredentials("key", "secret", ""),
	})
}
