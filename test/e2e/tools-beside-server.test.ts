/**
 * `dump`, `verify` and `inspect` on the directory of a server that takes samples, makes blocks of them and compacts: they see every sample
 * that was acknowledged before they began, find no damage, and leave nothing behind.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { write } from '../support/remote-write-client.js';
import { value } from './support/query.js';
import { Server, sleep } from './support/server.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const STEP_MS = 5000;
const SERIES = 50;
const ROUNDS = 3;

let server: Server;
const startMs = Date.now() - 20 * 3_600_000;
/** Steps [0, acknowledged) are stored. */
let acknowledged = 0;
let stopped = false;

beforeAll(async () => {
  server = await Server.start({ flags: ['--web.enable-admin-api'] });
});
afterAll(() => server?.remove());

function narthex(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { maxBuffer: 1 << 28 }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
}

async function ingest(): Promise<void> {
  for (; !stopped; acknowledged++) {
    const series = Array.from({ length: SERIES }, (_, s) => ({
      labels: { __name__: 'beside_total', s: String(s) }, samples: [{ timestampMs: startMs + acknowledged * STEP_MS, value: acknowledged }],
    }));
    const { status, text } = await write(server.url, 2, series);
    if (status !== 204) throw new Error(`${status} ${text}`);
    await sleep(5);
  }
}

/** Heads become blocks and blocks become longer, again and again. */
async function flush(): Promise<void> {
  while (!stopped) {
    const { status } = await fetch(`${server.url}/api/v1/admin/tsdb/flush`, { method: 'POST' });
    if (status !== 204) throw new Error(`flush: ${status}`);
    await sleep(20);
  }
}

it('read the directory of a running server', async () => {
  const work = Promise.all([ingest(), flush()]);
  try {
    await eventually('samples', () => acknowledged > 0, () => server.log);
    for (let round = 0; round < ROUNDS; round++) {
      const before = acknowledged;
      const dumped = await narthex('dump', server.directory);
      expect([dumped.code, dumped.err]).toEqual([0, '']);
      const values = new Map<string, Set<number>>();
      for (const line of dumped.out.trimEnd().split('\n')) {
        const { labels, v } = JSON.parse(line) as { labels: Record<string, string>; v: number[] };
        const seen = values.get(labels['s']!) ?? new Set();
        for (const one of v) expect(seen.has(one) ? `${one} twice` : '').toBe('');
        for (const one of v) seen.add(one);
        values.set(labels['s']!, seen);
      }
      expect(values.size).toBe(SERIES);
      for (const seen of values.values()) for (let step = 0; step < before; step++) expect(seen.has(step), `step ${step} of ${before}`).toBe(true);
      expect(await narthex('verify', server.directory)).toMatchObject({ code: 0, err: '' });
      expect(await narthex('inspect', '--series', server.directory)).toMatchObject({ code: 0, err: '' });
    }
  } finally {
    stopped = true;
  }
  await work;
  expect(server.log).not.toMatch(/"level":(50|60)/);
  const end = (startMs + acknowledged * STEP_MS) / 1000;
  expect(await value(server.url, `count(count_over_time(beside_total[20h]) == ${acknowledged})`, end)).toBe(SERIES);
  expect(await server.stop()).toBe(0);
  // The lock is the server's, and so is the catalogue's log: both went with it.
  const left = fs.readdirSync(server.directory).filter((name) => !['blocks', 'heads', 'catalogue.sqlite', 'snapshots'].includes(name));
  expect(left).toEqual([]);
  expect(fs.readdirSync(path.join(server.directory, 'blocks')).filter((name) => !name.endsWith('.block'))).toEqual([]);
});
