package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"millrace/kinesis"
	"millrace/kinesis/types"
)

// A client with all its settings from AWS's environment: variables such as
// AWS_REGION and AWS_ENDPOINT_URL_KINESIS, and the files under ~/.aws.
func ExampleNewClient() {
	client := kinesis.NewClient(kinesis.Options{})
	out, err := client.PutRecord(context.Background(), &types.PutRecordInput{
		StreamName:   new("orders"),
		PartitionKey: new("customer-17"),
		Data:         []byte("one espresso"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*out.ShardId, *out.SequenceNumber)
}

// A client of a server on this machine. It needs no credentials.
func ExampleNewClient_local() {
	endpoint, stop := startService()
	defer stop()

	client := kinesis.NewClient(kinesis.Options{Endpoint: endpoint, Region: "us-east-1"})
	out, err := client.PutRecord(context.Background(), &types.PutRecordInput{
		StreamName:   new("orders"),
		PartitionKey: new("customer-17"),
		Data:         []byte("one espresso"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stored in", *out.ShardId)
	// Output: stored in shardId-000000000000
}

// Errors can be told apart by type, and all of them tell what was called.
func ExampleResponseError() {
	client, stop := newClient()
	defer stop()

	_, err := client.DescribeStreamSummary(context.Background(), &types.DescribeStreamSummaryInput{
		StreamName: new("nowhere"),
	})
	if gone, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		fmt.Println("not found:", gone.ErrorMessage())
	}
	if e, ok := errors.AsType[*kinesis.ResponseError](err); ok {
		fmt.Println(e.Operation, e.StatusCode, e.Code, e.Attempts)
	}
	// Output:
	// not found: Stream nowhere under account 000000000000 not found.
	// DescribeStreamSummary 400 ResourceNotFoundException 1
}

func ExampleClient_Streams() {
	client, stop := newClient()
	defer stop()

	for stream, err := range client.Streams(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(*stream.StreamName, stream.StreamStatus)
	}
	// Output: orders ACTIVE
}

func ExampleClient_Shards() {
	client, stop := newClient()
	defer stop()

	for shard, err := range client.Shards(context.Background(), "orders") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(*shard.ShardId, "from hash key", *shard.HashKeyRange.StartingHashKey)
	}
	// Output:
	// shardId-000000000000 from hash key 0
	// shardId-000000000001 from hash key 170141183460469231731687303715884105728
}

func ExampleClient_Tags() {
	client, stop := newClient()
	defer stop()

	for tag, err := range client.Tags(context.Background(), "orders") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s=%s\n", *tag.Key, *tag.Value)
	}
	// Output: team=shop
}

// All records of a shard that are there, and then those that come. Here the
// reader leaves after two.
func ExampleClient_Records() {
	client, stop := newClient()
	defer stop()
	ctx := context.Background()

	for _, order := range []string{"one espresso", "two teas"} {
		_, err := client.PutRecord(ctx, &types.PutRecordInput{
			StreamName: new("orders"), PartitionKey: new("customer-17"), Data: []byte(order),
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	position := kinesis.ShardPosition{
		Stream: "orders", ShardID: "shardId-000000000000", Start: kinesis.TrimHorizon(),
	}
	n := 0
	for record, err := range client.Records(ctx, position) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", *record.PartitionKey, record.Data)
		if n++; n == 2 {
			break
		}
	}
	// Output:
	// customer-17: one espresso
	// customer-17: two teas
}

// Any number of records, of which those that are refused are sent again.
func ExampleClient_PutAll() {
	client, stop := newClient()
	defer stop()

	var records []types.PutRecordsRequestEntry
	for i := range 1200 {
		records = append(records, types.PutRecordsRequestEntry{
			PartitionKey: new(fmt.Sprintf("customer-%d", i)), Data: []byte("one espresso"),
		})
	}
	results, err := client.PutAll(context.Background(), "orders", records)
	if failed, ok := errors.AsType[*kinesis.PutError](err); ok {
		log.Fatalf("%d records not stored: %v", failed.Failed, err)
	}
	fmt.Println(len(results), "stored")
	// Output: 1200 stored
}
