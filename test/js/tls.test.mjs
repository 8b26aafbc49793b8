// TLS on the port of the API, with the CA that the server made: node's own
// HTTP/2, and the SDK's default handler in a process that was told of the CA.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { accessKeyId, binary, region, secretAccessKey, startServer } from "./server.mjs";

const run = promisify(execFile);

for (const verify of [false, true]) {
  describe(`TLS, signatures ${verify ? "verified" : "not verified"}`, () => {
    let server, endpoint, folder, ca;

    before(async () => {
      server = await startServer({ verify });
      endpoint = server.endpoint.replace("http:", "https:");
      folder = mkdtempSync(path.join(tmpdir(), "millrace-tls-"));
      ca = path.join(folder, "ca.pem");
      await run(binary, ["cert", "export-ca", "--endpoint", endpoint, "--out", ca]);
    });
    after(async () => {
      rmSync(folder, { recursive: true });
      await server.stop();
    });

    test("HTTP/2 is agreed on", async () => {
      const session = http2.connect(endpoint, { ca: readFileSync(ca) });
      await once(session, "connect");
      assert.equal(session.alpnProtocol, "h2");
      session.close();
      await once(session, "close");
    });

    test("the SDK's default handler puts and reads", async () => {
      const script = `
        import * as kinesis from "@aws-sdk/client-kinesis";
        const client = new kinesis.KinesisClient({ endpoint: process.env.ENDPOINT, region: "${region}", maxAttempts: 1,
          credentials: { accessKeyId: "${accessKeyId}", secretAccessKey: "${secretAccessKey}" } });
        const send = (name, input) => client.send(new kinesis[name + "Command"](input));
        const StreamName = "tls";
        await send("CreateStream", { StreamName, ShardCount: 1 });
        while ((await send("DescribeStreamSummary", { StreamName })).StreamDescriptionSummary.StreamStatus !== "ACTIVE");
        await Promise.all(Array.from({ length: 50 }, (_, i) =>
          send("PutRecord", { StreamName, Data: Buffer.from(String(i)), PartitionKey: "k" })));
        const { ShardIterator } = await send("GetShardIterator",
          { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" });
        console.log(client.config.requestHandler.metadata.handlerProtocol, (await send("GetRecords", { ShardIterator })).Records.length);
        client.destroy();`;
      const env = { ...process.env, ENDPOINT: endpoint, NODE_EXTRA_CA_CERTS: ca };
      const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { env, cwd: import.meta.dirname });
      assert.equal(stdout.trim(), "h2 50");
    });
  });
}
