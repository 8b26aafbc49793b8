// Starts the real server for a test of node's test runner.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const binary = process.env.MILLRACE_BIN ?? path.join(root, "bin", "millrace");

export const accessKeyId = "AKIDMILLRACETEST0001";
export const secretAccessKey = "a-secret-for-tests/of+the=server";
export const region = "us-east-1";

/** Starts a server in memory; verify turns signature checks on. */
export async function startServer({ verify = false, limits = "none", delay = "0" } = {}) {
  const args = ["serve", "--data", ":memory:", "--listen", "127.0.0.1:0", "--admin", "off",
    "--limits", limits, "--state-delay", delay];
  const folder = mkdtempSync(path.join(tmpdir(), "millrace-js-"));
  if (verify) {
    const file = path.join(folder, "credentials.yaml");
    writeFileSync(file, `- access_key: ${accessKeyId}\n  secret: ${secretAccessKey}\n`, { mode: 0o600 });
    args.push("--auth", "verify", "--credentials", file);
  }
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const said = [];
  const ready = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const found = /ready at (http:\/\/[0-9.]+:\d+)/.exec(line);
        if (found) resolve(found[1]);
      });
    }
  });
  const endpoint = await Promise.race([ready, ended.then(() => null)]);
  if (endpoint === null) throw new Error(`server ended before it was ready:\n${said.join("\n")}`);
  return {
    endpoint,
    async stop() {
      child.kill("SIGTERM");
      const [code] = await ended;
      rmSync(folder, { recursive: true });
      if (code !== 0) throw new Error(`server exited with ${code}:\n${said.join("\n")}`);
    },
  };
}
