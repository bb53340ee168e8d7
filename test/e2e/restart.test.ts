/** Stops and starts of the whole server: what it says while it starts, what it keeps, and how it ends. */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { write } from '../support/remote-write-client.js';
import { query } from './support/query.js';
import { removeAll, Server, sleep } from './support/server.js';

const servers: Server[] = [];
afterAll(() => removeAll(servers));

async function started(server: Promise<Server>): Promise<Server> {
  const one = await server;
  servers.push(one);
  return one;
}

/** In one head's range with everything that the test sends. */
const HEAD_MS = 7_200_000;
const BEGIN = Math.floor(Date.now() / HEAD_MS) * HEAD_MS - HEAD_MS + 60_000;
const SERIES = 300;

/** Writes one sample of each series at the given step. */
async function send(server: Server, step: number, extra = 0): Promise<void> {
  const series = Array.from({ length: SERIES + extra }, (_, i) => ({
    labels: { __name__: 'restart_value', series: String(i) }, samples: [{ timestampMs: BEGIN + step * 1000, value: step * 1000 + i }],
  }));
  const answer = await write(server.url, 1, series);
  expect(answer.status).toBe(204);
}

/** Number and sum of all samples sent. */
async function stored(server: Server): Promise<string[]> {
  const at = Date.now() / 1000;
  const figures = await Promise.all(['count_over_time', 'sum_over_time'].map((fn) => query(server.url, `sum(${fn}(restart_value[5h]))`, at)));
  return figures.map((result) => result[0]?.points[0]?.[1] ?? 'none');
}

function snapshots(server: Server): string[] {
  const heads = path.join(server.directory, 'heads');
  return fs.readdirSync(heads).map((name) => path.join(heads, name, 'arena.snapshot')).filter((file) => fs.existsSync(file));
}

it('clean stop, kill -9 behind a snapshot, a damaged snapshot, and without snapshots: everything is there, once', async () => {
  let server = await started(Server.start({ flags: ['--web.enable-admin-api'] }));
  for (let step = 0; step < 5; step++) await send(server, step);
  let expected = await stored(server);
  expect(expected[0]).toBe(String(5 * SERIES));
  const deleted = new URLSearchParams({ 'match[]': '{series="7"}', start: String(BEGIN / 1000), end: String(BEGIN / 1000 + 1.5) });
  expect((await fetch(`${server.url}/api/v1/admin/tsdb/delete_series?${deleted}`, { method: 'POST' })).status).toBe(204);
  expected = await stored(server);
  expect(expected[0]).toBe(String(5 * SERIES - 2));
  expect(await server.stop()).toBe(0);
  expect(snapshots(server)).toHaveLength(1);

  server = await started(server.again());
  expect(server.log).toMatch(/restored=1.*logBytes=0/);
  expect(await stored(server)).toEqual(expected);
  await send(server, 5, 10);
  // Again: duplicates are no error and not stored twice; what was deleted is new.
  await send(server, 0);
  expected = await stored(server);
  expect(expected[0]).toBe(String(6 * SERIES + 10 - 1));
  await server.kill();

  server = await started(server.again());
  expect(server.log).toMatch(/restored=1.*logBytes=[1-9]/);
  expect(await stored(server)).toEqual(expected);
  expect(server.log).not.toMatch(/level="?(warn|error)/i);
  expect(await server.stop()).toBe(0);

  const [file] = snapshots(server);
  const bytes = fs.readFileSync(file!);
  bytes[bytes.length >> 1]! ^= 1;
  fs.writeFileSync(file!, bytes);
  server = await started(server.again());
  expect(server.log).toContain('the log is replayed instead, nothing is lost');
  expect(await stored(server)).toEqual(expected);
  await server.kill();
  for (const one of snapshots(server)) fs.rmSync(one);

  server = await started(Server.start({ directory: server.directory, environment: { NARTHEX_STORAGE_HEAD_SNAPSHOT: 'false' } }));
  expect(server.log).toMatch(/restored=0/);
  expect(await stored(server)).toEqual(expected);
  expect(await server.stop()).toBe(0);
  expect(snapshots(server)).toEqual([]);
});

it('listens while it starts, and a stop meanwhile is orderly', async () => {
  const server = await started(Server.spawn());
  const states = new Set<number>();
  await eventually('a server that is ready', async () => {
    const answer = await fetch(`${server.url}/-/ready`).catch(() => undefined);
    if (answer) states.add(answer.status);
    const progress = await fetch(`${server.url}/api/v1/status/walreplay`).catch(() => undefined);
    if (progress) expect(Object.keys(((await progress.json()) as { data: object }).data)).toEqual(['min', 'max', 'current']);
    return states.has(200);
  }, () => server.log);
  states.delete(503);
  expect([...states]).toEqual([200]);
  expect(await server.stop()).toBe(0);

  const next = await started(server.spawnAgain());
  await eventually('a server that listens', () => next.log.includes('narthex is listening'), () => next.log);
  expect(await next.stop()).toBe(0);
  expect(fs.existsSync(path.join(next.directory, 'narthex.lock'))).toBe(false);
});

it('a second signal ends it at once, whatever it waits for', async () => {
  const server = await started(Server.start());
  // A request that never ends: its body does not come.
  const hanging = http.request(`${server.url}/api/v1/write`, { method: 'POST', headers: { 'content-length': 1000 } });
  hanging.on('error', () => {});
  hanging.flushHeaders();
  await send(server, 0);
  process.kill(server.pid, 'SIGTERM');
  await eventually('a signal that is heard', () => server.log.includes('stopping because of SIGTERM'), () => server.log);
  await sleep(100);
  expect(server.running).toBe(true);
  process.kill(server.pid, 'SIGINT');
  await server.exit();
  expect(server.exitCode).toBe(1);
  const next = await started(server.again());
  expect((await stored(next))[0]).toBe(String(SERIES));
  expect(await next.stop()).toBe(0);
});
