// Makes the code caches of a build (`run-bundle.ts`): has a server do once what every start does, with samples in a log, a write and a few
// queries, and each thread write what V8 compiled for that. A machine where this cannot be done gets a server that starts slower.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const TIMEOUT_MS = 60_000;
const QUESTIONS = ['query?query=count(up)', 'query?query=rate(up[5m])', 'query_range?query=sum(up)&start=0&end=60&step=15', 'labels'];
const SETTINGS = [
  '--web.listen-address=127.0.0.1:0', '--otlp.grpc-listen-address=off', '--otlp.http-listen-address=off', '--log.format=json',
];

/** @param dist the build */
export async function prime(dist) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-prime-'));
  try {
    const first = await start(dist, directory, {});
    await write(first.url, Date.now());
    await stop(first, 'SIGKILL');
    const second = await start(dist, directory, { NARTHEX_PRIME_CODE_CACHE: '1' });
    await write(second.url, Date.now());
    for (const question of QUESTIONS) {
      await fetch(`${second.url}/api/v1/${question}`).then((answer) => answer.text());
    }
    await stop(second, 'SIGTERM');
  } catch (error) {
    console.warn(`narthex: no code caches, starts will be slower: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

async function start(dist, directory, environment) {
  const child = spawn(process.execPath, [path.join(dist, 'main.js'), `--storage.tsdb.path=${directory}`, ...SETTINGS], {
    stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment }, timeout: TIMEOUT_MS,
  });
  const lines = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    const url = JSON.parse(line).grafana_data_source;
    if (url === undefined) continue;
    child.stderr.resume();
    return { child, url: url.replace(/\/$/, '') };
  }
  throw new Error(lines.at(-1) ?? 'the server ended');
}

async function stop({ child }, signal) {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** One remote write request, protobuf and snappy by hand, as packages may be missing here: `up{instance="a"} 1`. */
async function write(url, timestampMs) {
  const value = Buffer.alloc(8);
  value.writeDoubleLE(1);
  const sample = Buffer.concat([Buffer.from([0x09]), value, Buffer.from([0x10]), varint(BigInt(timestampMs))]);
  const series = Buffer.concat([field(1, label('__name__', 'up')), field(1, label('instance', 'a')), field(2, sample)]);
  const body = field(1, series);
  // Snappy: the length, and one literal (up to 256 bytes have their length less one in a byte of its own).
  const compressed = Buffer.concat([varint(BigInt(body.length)), Buffer.from([60 << 2, body.length - 1]), body]);
  const answer = await fetch(`${url}/api/v1/write`, {
    method: 'POST', body: compressed,
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' },
  });
  if (answer.status !== 204) throw new Error(`a write was answered ${answer.status} ${await answer.text()}`);
}

function label(name, value) {
  return Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))]);
}

function field(number, bytes) {
  return Buffer.concat([Buffer.from([number << 3 | 2]), varint(BigInt(bytes.length)), bytes]);
}

function varint(value) {
  const bytes = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return Buffer.from([...bytes, Number(value)]);
}
