// Starts a server for the tests, on a free port and in memory. vitest and jest call it once.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

let server;
let folder;

export async function setup() {
  folder = mkdtempSync(join(tmpdir(), "dynamodb-"));
  const ready = join(folder, "ready"); // has the server's URL as soon as it answers requests
  const options = ["--port", "0", "--in-memory", "--ready-file", ready, "--exit-with-parent"];
  server = spawn("dynamodb-emulator", options, { stdio: ["ignore", "ignore", "inherit"] });
  await once(server, "spawn");
  while (!existsSync(ready)) {
    if (server.exitCode !== null) throw new Error("the server has not started");
    await setTimeout(20);
  }
  // The processes that run the tests inherit these variables.
  process.env.AWS_ENDPOINT_URL = readFileSync(ready, "utf8").trim();
  process.env.AWS_REGION = "us-east-1";
  process.env.AWS_ACCESS_KEY_ID = "local";
  process.env.AWS_SECRET_ACCESS_KEY = "local";
}

export async function teardown() {
  server.kill();
  if (server.exitCode === null) await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
}
