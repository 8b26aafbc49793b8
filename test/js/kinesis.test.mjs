// The AWS SDK for JavaScript v3: its default handler, which speaks HTTP/2 with
// prior knowledge on http://, and its HTTP/1.1 handler; with signatures
// verified and not.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as kinesis from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { accessKeyId, region, secretAccessKey, startServer } from "./server.mjs";

const text = (bytes) => Buffer.from(bytes).toString("utf8");
const shard = (number) => `shardId-${String(number).padStart(12, "0")}`;
const middle = 2n ** 127n;
const top = 2n ** 128n - 1n;

/** A client that sees every fault. */
function connect(endpoint, { http1, secret = secretAccessKey } = {}) {
  const client = new kinesis.KinesisClient({
    endpoint, region, credentials: { accessKeyId, secretAccessKey: secret }, maxAttempts: 1,
    ...(http1 ? { requestHandler: new NodeHttpHandler() } : {}),
  });
  return client;
}

for (const verify of [false, true]) {
  for (const http1 of [false, true]) {
    describe(`${http1 ? "HTTP/1.1" : "HTTP/2"}, signatures ${verify ? "verified" : "not verified"}`, () => {
      let server, client, count = 0;
      const send = (name, input = {}) => client.send(new kinesis[`${name}Command`](input));

      before(async () => {
        server = await startServer({ verify });
        client = connect(server.endpoint, { http1 });
      });
      after(async () => {
        client.destroy();
        await server.stop();
      });

      async function active(StreamName) {
        for (;;) {
          const { StreamDescription } = await send("DescribeStream", { StreamName });
          if (StreamDescription.StreamStatus === "ACTIVE") return StreamDescription;
        }
      }
      async function stream(ShardCount = 2) {
        const StreamName = `js-${count++}`;
        await send("CreateStream", { StreamName, ShardCount });
        await active(StreamName);
        return StreamName;
      }
      async function read(StreamName, ShardId, more = {}) {
        const { ShardIterator } = await send("GetShardIterator",
          { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON", ...more });
        return send("GetRecords", { ShardIterator });
      }

      test("speaks the HTTP version that it should", () => {
        const handler = client.config.requestHandler;
        assert.equal(handler.metadata.handlerProtocol, http1 ? "http/1.1" : "h2");
      });

      test("create, wait, describe, list, delete, wait", async () => {
        const StreamName = "lifecycle";
        await send("CreateStream", { StreamName, ShardCount: 3 });
        const wait = { client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 };
        await kinesis.waitUntilStreamExists(wait, { StreamName });
        const { StreamDescriptionSummary: summary } = await send("DescribeStreamSummary", { StreamName });
        assert.equal(summary.OpenShardCount, 3);
        assert.equal(summary.StreamId, undefined);
        assert.ok(summary.StreamCreationTimestamp instanceof Date);
        const { StreamNames } = await send("ListStreams");
        assert.ok(StreamNames.includes(StreamName));
        await send("DeleteStream", { StreamName });
        await kinesis.waitUntilStreamNotExists(wait, { StreamName });
      });

      test("paginates streams", async () => {
        const names = [await stream(1), await stream(1), await stream(1)];
        const found = [];
        for await (const page of kinesis.paginateListStreams({ client, pageSize: 2 }, {})) {
          found.push(...page.StreamNames);
        }
        assert.deepEqual(found, [...found].sort());
        for (const name of names) assert.ok(found.includes(name));
      });

      test("puts and gets records, binary and text", async () => {
        const StreamName = await stream();
        const binary = Uint8Array.from({ length: 256 }, (_, i) => i);
        const put = await send("PutRecord", { StreamName, Data: binary, PartitionKey: "鍵", ExplicitHashKey: "0" });
        assert.equal(put.ShardId, shard(0));
        assert.match(put.SequenceNumber, /^\d{56}$/);
        const next = await send("PutRecord", {
          StreamName, Data: Buffer.from("Zażółć"), PartitionKey: "k", ExplicitHashKey: String(middle - 1n),
          SequenceNumberForOrdering: put.SequenceNumber,
        });
        assert.ok(BigInt(next.SequenceNumber) > BigInt(put.SequenceNumber));
        const many = await send("PutRecords", {
          StreamName,
          Records: Array.from({ length: 500 }, (_, i) => ({ Data: Buffer.from(String(i)), PartitionKey: "k", ExplicitHashKey: String(top) })),
        });
        assert.equal(many.FailedRecordCount, 0);
        assert.equal(many.Records.length, 500);
        const page = await read(StreamName, shard(0));
        assert.deepEqual(page.Records[0].Data, binary);
        assert.equal(page.Records[0].PartitionKey, "鍵");
        assert.equal(text(page.Records[1].Data), "Zażółć");
        assert.equal(page.MillisBehindLatest, 0);
        const { Records } = await read(StreamName, shard(1));
        assert.deepEqual(Records.map((r) => text(r.Data)), Array.from({ length: 500 }, (_, i) => String(i)));
      });

      test("carries 1 MiB records and 10 MiB requests", async () => {
        const StreamName = await stream();
        const Data = Buffer.alloc((1 << 20) - 1, "x");
        await send("PutRecord", { StreamName, Data, PartitionKey: "k", ExplicitHashKey: "0" });
        const { Records } = await read(StreamName, shard(0));
        assert.ok(Buffer.from(Records[0].Data).equals(Data));
        const answer = await send("PutRecords", {
          StreamName, Records: Array.from({ length: 9 }, () => ({ Data, PartitionKey: "k", ExplicitHashKey: String(top) })),
        });
        assert.equal(answer.FailedRecordCount, 0);
        assert.equal((await read(StreamName, shard(1))).Records.length, 9);
      });

      test("reads from every kind of position", async () => {
        const StreamName = await stream(1);
        const numbers = [];
        for (const each of ["0", "1", "2"]) {
          numbers.push((await send("PutRecord", { StreamName, Data: Buffer.from(each), PartitionKey: "k" })).SequenceNumber);
        }
        const data = async (more) => (await read(StreamName, shard(0), more)).Records.map((r) => text(r.Data)).join("");
        assert.equal(await data({}), "012");
        assert.equal(await data({ ShardIteratorType: "LATEST" }), "");
        assert.equal(await data({ ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: numbers[1] }), "12");
        assert.equal(await data({ ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: numbers[1] }), "2");
        assert.equal(await data({ ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(Date.now() - 3600e3) }), "012");
      });

      test("splits, merges and rescales", async () => {
        const StreamName = await stream();
        await send("SplitShard", { StreamName, ShardToSplit: shard(0), NewStartingHashKey: "1000" });
        await active(StreamName);
        const { ChildShards, NextShardIterator } = await read(StreamName, shard(0));
        assert.equal(NextShardIterator, undefined);
        assert.deepEqual(ChildShards.map((c) => [c.ShardId, c.ParentShards]),
          [[shard(2), [shard(0)]], [shard(3), [shard(0)]]]);
        await send("MergeShards", { StreamName, ShardToMerge: shard(2), AdjacentShardToMerge: shard(3) });
        await active(StreamName);
        const answer = await send("UpdateShardCount", { StreamName, TargetShardCount: 4, ScalingType: "UNIFORM_SCALING" });
        assert.equal(answer.CurrentShardCount, 2);
        await active(StreamName);
        const { Shards } = await send("ListShards", { StreamName, ShardFilter: { Type: "AT_LATEST" } });
        assert.equal(Shards.length, 4);
      });

      test("lists shards in pages and through filters", async () => {
        const StreamName = await stream(5);
        const first = await send("ListShards", { StreamName, MaxResults: 3 });
        const rest = await send("ListShards", { NextToken: first.NextToken });
        assert.deepEqual([...first.Shards, ...rest.Shards].map((s) => s.ShardId), [0, 1, 2, 3, 4].map(shard));
        const later = await send("ListShards", { StreamName, ShardFilter: { Type: "AFTER_SHARD_ID", ShardId: shard(3) } });
        assert.deepEqual(later.Shards.map((s) => s.ShardId), [shard(4)]);
      });

      test("tags, retention, limits", async () => {
        const StreamName = await stream(1);
        await send("AddTagsToStream", { StreamName, Tags: { a: "1", b: "水" } });
        await send("RemoveTagsFromStream", { StreamName, TagKeys: ["a"] });
        const { Tags, HasMoreTags } = await send("ListTagsForStream", { StreamName });
        assert.deepEqual([Tags, HasMoreTags], [[{ Key: "b", Value: "水" }], false]);
        await send("IncreaseStreamRetentionPeriod", { StreamName, RetentionPeriodHours: 48 });
        assert.equal((await active(StreamName)).RetentionPeriodHours, 48);
        await send("DecreaseStreamRetentionPeriod", { StreamName, RetentionPeriodHours: 24 });
        assert.equal((await active(StreamName)).RetentionPeriodHours, 24);
        assert.ok((await send("DescribeLimits")).OpenShardCount > 0);
      });

      test("takes an ARN in place of a name", async () => {
        const StreamName = await stream(1);
        const { StreamARN } = await active(StreamName);
        await send("PutRecord", { StreamARN, Data: Buffer.from("x"), PartitionKey: "k" });
        const { ShardIterator } = await send("GetShardIterator",
          { StreamARN, ShardId: shard(0), ShardIteratorType: "TRIM_HORIZON" });
        const { Records } = await send("GetRecords", { StreamARN, ShardIterator });
        assert.equal(text(Records[0].Data), "x");
        await send("DeleteStream", { StreamARN });
      });

      test("gives typed faults", async () => {
        await assert.rejects(send("DescribeStream", { StreamName: "nobody" }), (fault) =>
          fault instanceof kinesis.ResourceNotFoundException
          && fault.message === "Stream nobody under account 000000000000 not found."
          && fault.$metadata.httpStatusCode === 400
          && Boolean(fault.$metadata.requestId));
        const StreamName = await stream(1);
        await assert.rejects(send("CreateStream", { StreamName, ShardCount: 1 }), kinesis.ResourceInUseException);
        await assert.rejects(send("GetRecords", { ShardIterator: "nonsense" }), kinesis.InvalidArgumentException);
        await assert.rejects(send("PutRecords", { StreamName, Records: [] }),
          (fault) => fault.name === "ValidationException");
      });

      test("many calls at once on one client", async () => {
        const StreamName = await stream(4);
        const puts = await Promise.all(Array.from({ length: 300 }, (_, i) =>
          send("PutRecord", { StreamName, Data: Buffer.from(String(i)), PartitionKey: String(i) })));
        assert.equal(new Set(puts.map((p) => p.SequenceNumber)).size, 300);
        const found = [];
        for (const n of [0, 1, 2, 3]) found.push(...(await read(StreamName, shard(n))).Records.map((r) => Number(text(r.Data))));
        assert.deepEqual(found.sort((a, b) => a - b), Array.from({ length: 300 }, (_, i) => i));
      });

      test("a wrong secret", async () => {
        const stranger = connect(server.endpoint, { http1, secret: "wrong" });
        const call = stranger.send(new kinesis.ListStreamsCommand({}));
        if (verify) await assert.rejects(call, (fault) => fault.name === "InvalidSignatureException");
        else await call;
        stranger.destroy();
      });
    });
  }
}

test("throttling reaches the client as its typed fault", async () => {
  const server = await startServer({ limits: "aws" });
  const client = connect(server.endpoint);
  try {
    await client.send(new kinesis.CreateStreamCommand({ StreamName: "narrow", ShardCount: 1 }));
    await kinesis.waitUntilStreamExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { StreamName: "narrow" });
    const Data = Buffer.alloc(700000);
    await assert.rejects(async () => {
      for (let i = 0; i < 20; i++) {
        await client.send(new kinesis.PutRecordCommand({ StreamName: "narrow", Data, PartitionKey: "k" }));
      }
    }, kinesis.ProvisionedThroughputExceededException);
  } finally {
    client.destroy();
    await server.stop();
  }
});
