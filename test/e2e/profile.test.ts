/** Profiles of a server at work. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { readProfile } from '../support/pprof.js';
import { write } from '../support/remote-write-client.js';
import { Server } from './support/server.js';

let server: Server;
const nowMs = Date.now();
beforeAll(async () => {
  server = await Server.start({ flags: ['--web.max-profile-duration=1m'] });
  for (let i = 0; i < 10; i++) {
    const samples = Array.from({ length: 100 }, (_, k) => ({ timestampMs: nowMs - (100 - k) * 15_000, value: k * i }));
    expect((await write(server.url, 1, Array.from({ length: 50 }, (_, k) => ({ labels: { __name__: 'm', a: String(i), b: String(k) }, samples })))).status).toBe(204);
  }
});
afterAll(() => server.remove());

async function profile(name: string) {
  const response = await fetch(`${server.url}/debug/pprof/${name}`);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return readProfile(new Uint8Array(await response.arrayBuffer()));
}

/** Heavy queries and writes until `done`. */
async function work(done: Promise<unknown>): Promise<void> {
  let busy = true;
  void done.finally(() => (busy = false));
  const start = nowMs / 1000 - 1400;
  while (busy) {
    const query = `query=sum(rate(m[5m])) by (a) + count(m)&start=${start}&end=${nowMs / 1000}&step=1&nocache=1`;
    await (await fetch(`${server.url}/api/v1/query_range?${query}`)).arrayBuffer();
    await write(server.url, 1, [{ labels: { __name__: 'n' }, samples: [{ timestampMs: Date.now(), value: 1 }] }]);
  }
}

it('says where the threads spend their time', async () => {
  const taken = profile('profile?seconds=2');
  await work(taken);
  const cpu = await taken;
  expect([cpu.types, cpu.period]).toEqual([['samples/count', 'cpu/nanoseconds'], '10000000 cpu/nanoseconds']);
  expect(cpu.durationMs).toBeGreaterThanOrEqual(1990);
  const queries = cpu.samples.filter(({ labels }) => labels['thread']!.startsWith('query-worker '));
  // The query's way through its thread, from the door to the operators.
  expect(queries.some(({ stack }) => stack.some((frame) => /^handleApiRequest \/.*\/src\/api\/handler-table\.ts:\d+$/.test(frame)))).toBe(true);
  expect(cpu.samples.some(({ labels, stack }) => labels['thread'] === 'main' && stack.length > 0)).toBe(true);
  expect(cpu.samples.flatMap(({ stack }) => stack).filter((frame) => /^\((?:idle|root)\)/.test(frame))).toEqual([]);
  for (const { values: [count, time] } of cpu.samples) expect(time).toBe(count! * 10_000_000);
});

it('says what is allocated', async () => {
  const taken = profile('allocs?seconds=1');
  await work(taken);
  const allocated = await taken;
  expect(allocated.types).toEqual(['alloc_space/bytes']);
  expect(new Set(allocated.samples.map(({ labels }) => labels['thread']!.split(' ')[0]))).toContain('query-worker');
  const heap = await profile('heap?seconds=1');
  expect([heap.types, heap.comments]).toEqual([['inuse_space/bytes'], [
    expect.stringContaining('Objects allocated within 1 s and reachable'), expect.stringMatching(/^Process: resident \d+ bytes\./),
  ]]);
});

it('names the threads, and ends with its client', async () => {
  const threads = (await profile('goroutine')).samples.map(({ labels }) => labels['thread']!.split(' ')[0]);
  expect(new Set(threads)).toEqual(new Set(['main', 'query-worker', 'maintenance-worker']));
  const gone = new AbortController();
  const left = fetch(`${server.url}/debug/pprof/profile?seconds=60`, { signal: gone.signal }).catch(() => 'left');
  // The server has begun it as soon as it refuses another.
  const shortOne = async (): Promise<number> => (await fetch(`${server.url}/debug/pprof/heap?seconds=1`)).status;
  await eventually('a profile is being made', async () => (await shortOne()) === 500);
  gone.abort();
  expect(await left).toBe('left');
  await eventually('another may be made, long before the first would have ended', async () => (await shortOne()) === 200);
});
