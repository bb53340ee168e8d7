/** Range queries whose results are kept: whatever happens to the samples, the answer is that of a query that computes everything. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { write } from '../support/remote-write-client.js';
import { Server } from './support/server.js';

const HOUR = 3_600_000;
const STEP_MS = 60_000;
const HOURS = 7;
const steps = (HOURS * HOUR) / STEP_MS;
const firstMs = Math.floor((Date.now() - HOURS * HOUR) / STEP_MS) * STEP_MS;
const lastMs = firstMs + (steps - 1) * STEP_MS;

let server: Server;
beforeAll(async () => {
  server = await Server.start({ flags: ['--web.enable-admin-api'] });
  for (let from = 0; from < steps; from += 60) {
    const series = ['a', 'b'].map((s) => ({
      labels: { __name__: 'kept_total', s },
      samples: Array.from({ length: 60 }, (_, i) => ({ timestampMs: firstMs + (from + i) * STEP_MS, value: (from + i) ** 2 })),
    }));
    expect((await write(server.url, 1, series)).status).toBe(204);
  }
  const blocks = path.join(server.directory, 'blocks');
  await eventually('a block', () => fs.readdirSync(blocks).length > 0, () => server.log);
});
afterAll(() => server.remove());

const put = async (timestampMs: number, value: number, s = 'a'): Promise<void> => {
  expect((await write(server.url, 1, [{ labels: { __name__: 'kept_total', s }, samples: [{ timestampMs, value }] }])).status).toBe(204);
};
const remove = async (start: number, end: number): Promise<void> => {
  const body = new URLSearchParams({ 'match[]': 'kept_total{s="b"}', 'start': String(start / 1000), 'end': String(end / 1000) });
  expect((await fetch(`${server.url}/api/v1/admin/tsdb/delete_series`, { method: 'POST', body })).status).toBe(204);
};

async function answer(query: string, more: Record<string, string> = {}): Promise<string> {
  const range = { start: String(firstMs / 1000), end: String((lastMs + 10 * STEP_MS) / 1000), step: '60' };
  const response = await fetch(`${server.url}/api/v1/query_range?${new URLSearchParams({ query, ...range, ...more })}`);
  expect(response.status).toBe(200);
  return response.text();
}

it('answers as if nothing were kept, after every kind of change', async () => {
  const queries = ['kept_total', 'sum(rate(kept_total[5m]))', 'max_over_time(kept_total[10m]) > 10'];
  const events: [string, () => Promise<void>][] = [
    ['nothing', async () => {}],
    ['nothing again', async () => {}],
    ['a newer sample', () => put(lastMs + STEP_MS, 1)],
    ['a stale series', () => put(lastMs + 2 * STEP_MS, 0, 'c')],
    ['a deletion in the head', () => remove(lastMs - 30 * STEP_MS, lastMs - 20 * STEP_MS)],
    ['a deletion in a block', () => remove(firstMs + 10 * STEP_MS, firstMs + 20 * STEP_MS)],
    ['a newer sample after deletions', () => put(lastMs + 3 * STEP_MS, 5)],
  ];
  let before: string[] = [];
  for (const [what, happen] of events) {
    await happen();
    const kept = await Promise.all(queries.map((query) => answer(query)));
    const computed = await Promise.all(queries.map((query) => answer(query, { nocache: '1' })));
    expect(kept, what).toEqual(computed);
    if (!what.startsWith('nothing')) expect(kept[0], `${what} changes the answer`).not.toBe(before[0]);
    before = kept;
  }
});
