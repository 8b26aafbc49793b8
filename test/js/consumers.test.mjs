// Registered consumers and SubscribeToShard through the AWS SDK for JavaScript
// v3, over HTTP/2 with prior knowledge and HTTP/1.1.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as kinesis from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { accessKeyId, region, secretAccessKey, startServer } from "./server.mjs";

const text = (bytes) => Buffer.from(bytes).toString("utf8");
const shard = (number) => `shardId-${String(number).padStart(12, "0")}`;

for (const http1 of [false, true]) {
  describe(`consumers over ${http1 ? "HTTP/1.1" : "HTTP/2"}`, () => {
    let server, client, count = 0;
    const send = (name, input = {}) => client.send(new kinesis[`${name}Command`](input));

    before(async () => {
      server = await startServer({ verify: true });
      client = new kinesis.KinesisClient({
        endpoint: server.endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1,
        ...(http1 ? { requestHandler: new NodeHttpHandler() } : {}),
      });
    });
    after(async () => {
      client.destroy();
      await server.stop();
    });

    /** A stream of one shard with an ACTIVE consumer. */
    async function consumer() {
      const StreamName = `fanout-${count++}`;
      await send("CreateStream", { StreamName, ShardCount: 1 });
      const { StreamDescriptionSummary: { StreamARN } } = await send("DescribeStreamSummary", { StreamName });
      const { Consumer } = await send("RegisterStreamConsumer", { StreamARN, ConsumerName: "c", Tags: { a: "1" } });
      for (;;) {
        const { ConsumerDescription } = await send("DescribeStreamConsumer", { ConsumerARN: Consumer.ConsumerARN });
        if (ConsumerDescription.ConsumerStatus === "ACTIVE") break;
      }
      return { StreamName, StreamARN, ConsumerARN: Consumer.ConsumerARN };
    }
    const subscribe = (ConsumerARN, StartingPosition) =>
      send("SubscribeToShard", { ConsumerARN, ShardId: shard(0), StartingPosition });
    const put = (StreamName, data) =>
      send("PutRecord", { StreamName, PartitionKey: "k", Data: new TextEncoder().encode(data) });

    test("lists, tags and deregisters", async () => {
      const { StreamARN, ConsumerARN } = await consumer();
      await send("TagResource", { ResourceARN: ConsumerARN, Tags: { b: "2" } });
      await send("UntagResource", { ResourceARN: ConsumerARN, TagKeys: ["a"] });
      const { Tags } = await send("ListTagsForResource", { ResourceARN: ConsumerARN });
      assert.deepEqual(Tags, [{ Key: "b", Value: "2" }]);
      const listed = [];
      for await (const page of kinesis.paginateListStreamConsumers({ client, pageSize: 1 }, { StreamARN })) listed.push(...page.Consumers);
      assert.deepEqual(listed.map((c) => c.ConsumerARN), [ConsumerARN]);
      await send("DeregisterStreamConsumer", { ConsumerARN });
      await assert.rejects(send("DescribeStreamConsumer", { ConsumerARN }), kinesis.ResourceNotFoundException);
    });

    test("is pushed records, and the end of the shard", async () => {
      const { StreamName, ConsumerARN } = await consumer();
      await put(StreamName, "before");
      const { EventStream } = await subscribe(ConsumerARN, { Type: "TRIM_HORIZON" });
      await assert.rejects(subscribe(ConsumerARN, { Type: "LATEST" }), kinesis.ResourceInUseException);
      const got = [];
      let last;
      for await (const { SubscribeToShardEvent: event } of EventStream) {
        last = event;
        for (const r of event.Records) got.push(text(r.Data));
        if (got.length === 1 && event.Records.length) await put(StreamName, "pushed");
        if (got.length === 2 && event.Records.length) {
          await send("SplitShard", { StreamName, ShardToSplit: shard(0), NewStartingHashKey: String(2n ** 127n) });
        }
      }
      assert.deepEqual(got, ["before", "pushed"]);
      assert.equal(last.ContinuationSequenceNumber, undefined);
      assert.deepEqual(last.ChildShards.map((c) => [c.ShardId, c.ParentShards]), [[shard(1), [shard(0)]], [shard(2), [shard(0)]]]);
    });

    test("gets an exception in the stream when its stream goes", async () => {
      const { StreamName, ConsumerARN } = await consumer();
      const { EventStream } = await subscribe(ConsumerARN, { Type: "LATEST" });
      await assert.rejects(async () => {
        let deleted = false;
        for await (const event of EventStream) {
          assert.ok(event.SubscribeToShardEvent);
          if (!deleted) await send("DeleteStream", { StreamName, EnforceConsumerDeletion: true });
          deleted = true;
        }
      }, (error) => error.name === "ResourceNotFoundException");
    });
  });
}
