// node run.js <peer> <url> <rows>: one first sync into a fresh store per line on stdin, one JSON answer per line.
//
// A peer is a module with `open(folder, variant)` -> { sync(url), count(), close() }. Only `sync` is timed: it
// ends when the rows can be read. What stands in the store is counted after each.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [peer, url, rows] = process.argv.slice(2);
const [file, variant] = peer.split(":");
const { open } = await import(`./${file}.js`);

const peakMb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;

async function once() {
  const folder = mkdtempSync(join(tmpdir(), "daogou-peer-"));
  const store = await open(folder, variant);
  const began = performance.now(), before = process.cpuUsage();
  await store.sync(url);
  const ms = performance.now() - began, used = process.cpuUsage(before);
  const held = await store.count();
  if (held !== Number(rows)) throw new Error(`${peer} holds ${held} of ${rows} rows`);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  globalThis.gc?.();
  return { ms, cpu: (used.user + used.system) / 1000, peak: peakMb() };
}

const idle = peakMb();
process.stdout.write(`${JSON.stringify({ idle })}\n`);
for await (const _line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await once())}\n`);
}
process.exit(0);
