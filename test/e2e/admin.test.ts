/** The admin API of a real server: deleting, cleaning up, and a snapshot that another server opens, while samples come in. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { write } from '../support/remote-write-client.js';
import { get, query, value } from './support/query.js';
import { removeAll, Server, sleep } from './support/server.js';

const HOUR = 3_600_000;
const STEP_MS = 60_000;
const HOURS = 8;
const steps = (HOURS * HOUR) / STEP_MS;
const firstMs = Math.floor((Date.now() - HOURS * HOUR) / STEP_MS) * STEP_MS;
const endSeconds = (firstMs + (steps - 1) * STEP_MS) / 1000;

let server: Server;
const servers: Server[] = [];
beforeAll(async () => {
  server = await Server.start({ flags: ['--web.enable-admin-api'] });
  servers.push(server);
  for (let from = 0; from < steps; from += 30) {
    const series = ['a', 'b', 'c'].map((s) => ({
      labels: { __name__: 'some_total', s },
      samples: Array.from({ length: Math.min(30, steps - from) }, (_, i) => ({ timestampMs: firstMs + (from + i) * STEP_MS, value: from + i })),
    }));
    expect((await write(server.url, 1, series)).status).toBe(204);
  }
  await eventually('two blocks', () => blocks().length >= 2, () => server.log);
});
afterAll(() => removeAll(servers));

const blocks = (): string[] => fs.readdirSync(path.join(server.directory, 'blocks')).filter((name) => name.endsWith('.block'));
const counts = async (url = server.url): Promise<Record<string, string>> =>
  Object.fromEntries((await query(url, 'count_over_time(some_total[9h])', endSeconds)).map(({ labels, points }) => [labels['s']!, points[0]![1]]));
async function admin(name: string, parameters: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}/api/v1/admin/tsdb/${name}`, { method: 'POST', body: new URLSearchParams(parameters) });
  return { status: response.status, text: await response.text() };
}

describe('the admin API', () => {
  it('deletes from blocks and heads, for good', async () => {
    // The newest hour is in a head, the oldest in a block.
    const recent = { 'match[]': 'some_total{s="a"}', 'start': String(endSeconds - 1800), 'end': String(endSeconds) };
    expect(await admin('delete_series', recent)).toEqual({ status: 204, text: '' });
    expect(await admin('delete_series', { 'match[]': '{s=~"[bx]"}', 'end': String(firstMs / 1000 + 599) })).toEqual({ status: 204, text: '' });
    const expected = { a: String(steps - 31), b: String(steps - 10), c: String(steps) };
    expect(await counts()).toEqual(expected);
    await server.kill();
    server = await server.again();
    servers.push(server);
    expect(await counts()).toEqual(expected);
    expect(await admin('clean_tombstones')).toEqual({ status: 204, text: '' });
    expect(await counts()).toEqual(expected);
    expect(fs.readdirSync(path.join(server.directory, 'blocks')).filter((name) => !name.endsWith('.block'))).toEqual([]);
    // What is sent again is there again.
    const again = [{ labels: { __name__: 'some_total', s: 'a' }, samples: [{ timestampMs: endSeconds * 1000, value: 7 }] }];
    expect((await write(server.url, 1, again)).status).toBe(204);
    expect(await value(server.url, 'some_total{s="a"}', endSeconds)).toBe(7);
  });

  it('takes a snapshot while samples come in, and a server opens it', async () => {
    let going = true;
    const sending = (async () => {
      for (let i = 0; going; i++) {
        const samples = [{ timestampMs: endSeconds * 1000 + 1 + i, value: i }];
        await write(server.url, 1, [{ labels: { __name__: 'busy', n: String(i % 50) }, samples }]);
      }
    })();
    const before = await counts();
    const reply = await admin('snapshot');
    going = false;
    await sending;
    expect(reply.status).toBe(200);
    const { name } = (JSON.parse(reply.text) as { data: { name: string } }).data;
    const copy = await Server.start({ directory: path.join(server.directory, 'snapshots', name) });
    servers.unshift(copy);
    expect(copy.log).not.toMatch(/"level":"(error|warn)"|ERROR|damage/);
    expect(await counts(copy.url)).toEqual(before);
    expect(await get(copy.url, 'label/s/values')).toEqual(['a', 'b', 'c']);
    expect(await query(copy.url, 'sum_over_time(some_total[9h])', endSeconds)).toEqual(
      await query(server.url, 'sum_over_time(some_total[9h])', endSeconds));
    const withoutHeads = await admin('snapshot', { skip_head: 'true' });
    expect(withoutHeads.status).toBe(200);
    expect(await get(server.url, 'label/s/values')).toEqual(['a', 'b', 'c']);
  });

  it('flushes while samples come in, and is killed right after: everything is in blocks', async () => {
    const heads = (): string[] => fs.readdirSync(path.join(server.directory, 'heads'));
    const before = await counts();
    let going = true;
    let sent = 0;
    const sending = (async () => {
      for (; going; sent++) {
        const samples = [{ timestampMs: endSeconds * 1000 + 60_000 + sent, value: sent }];
        expect((await write(server.url, 1, [{ labels: { __name__: 'meanwhile' }, samples }])).status).toBe(204);
      }
    })();
    await sleep(100);
    const flushed = await admin('flush');
    going = false;
    await sending;
    expect(flushed).toEqual({ status: 204, text: '' });
    expect(await admin('flush')).toEqual({ status: 204, text: '' });
    expect(heads()).toEqual([]);
    await server.kill();
    server = await server.again();
    servers.push(server);
    expect(await counts()).toEqual(before);
    expect(await value(server.url, 'count_over_time(meanwhile[1h])', endSeconds + 3000)).toBe(sent);
  });

  it('tells what is wrong', async () => {
    expect(await admin('delete_series')).toMatchObject({ status: 400 });
    expect(await admin('delete_series', { 'match[]': 'x{' })).toMatchObject({ status: 400 });
    const off = await Server.start();
    servers.push(off);
    const response = await fetch(`${off.url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
    expect([response.status, await response.text()]).toEqual([500, '{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}']);
  });
});
