/**
 * Blocks in a real server: hours of samples are sent in order, heads become blocks and blocks longer ones in the background while the
 * process is killed again and again, and every acknowledged sample is there in the end, once.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { write } from '../support/remote-write-client.js';
import { get, query, value } from './support/query.js';
import { Server, sleep } from './support/server.js';

const HOUR = 3_600_000;
const STEP_MS = 60_000;
const SERIES = 40;
const HOURS = 12;

let server: Server | undefined;
afterAll(() => server?.remove());

it('heads become blocks, blocks become few, and a kill at any time loses nothing', async () => {
  server = await Server.start({ flags: ['--query.max-samples=1000000', '--storage.head.range=30m', '--storage.tsdb.max-block-duration=6h'] });
  const directory = server.directory;
  const blocks = (): string[] => fs.readdirSync(path.join(directory, 'blocks')).filter((name) => name.endsWith('.block'));
  const firstMs = Math.floor((Date.now() - HOURS * HOUR) / STEP_MS) * STEP_MS;
  const steps = (HOURS * HOUR) / STEP_MS;
  let sent = 0;
  let kills = 0;
  while (sent < steps) {
    const from = sent;
    const until = Math.min(steps, from + 30);
    const series = Array.from({ length: SERIES }, (_, s) => ({
      labels: { __name__: 'old_total', s: String(s) },
      samples: Array.from({ length: until - from }, (_, i) => ({ timestampMs: firstMs + (from + i) * STEP_MS, value: (from + i) * (s + 1) })),
    }));
    const answer = await write(server.url, 1, series).catch(() => undefined);
    if (answer !== undefined) {
      expect(`${answer.status} ${answer.text}`).toBe('204 ');
      sent = until;
    }
    // Now and then right when a head is being written, now and then before.
    if (sent % 150 === 0) {
      await sleep(120 + ((sent / 150) % 4) * 110);
      await server.kill();
      server = await server.again();
      kills++;
    }
  }
  expect(kills).toBeGreaterThan(3);
  // Samples older than the newest by an hour and a head's range are in blocks: 22 heads' worth, of which most are in blocks of 1.5 and
  // 4.5 hours.
  const settled = (): boolean => fs.readdirSync(path.join(directory, 'heads')).length <= 4 && blocks().length <= 9;
  await eventually('few heads and blocks', settled, () => server!.log);
  const listed = await get<{ blocks: { minTime: number; maxTime: number; compaction: { level: number; sources: string[] } }[] }>(server.url, 'status/tsdb/blocks');
  expect(listed.blocks.some(({ minTime, maxTime, compaction }) => maxTime - minTime === 4.5 * HOUR && compaction.level > 1 && compaction.sources.length === 9), server.log).toBe(true);

  for (let round = 0; round < 2; round++) {
    const end = (firstMs + (steps - 1) * STEP_MS) / 1000;
    expect(await value(server.url, `count(count_over_time(old_total[13h]) == ${steps})`, end)).toBe(SERIES);
    // Values rise by s + 1 each step: their sum shows that each sample is there once and with its own value.
    for (const { labels, points } of await query(server.url, 'sum_over_time(old_total[13h])', end)) {
      expect(Number(points[0]![1])).toBe(((Number(labels['s']) + 1) * steps * (steps - 1)) / 2);
    }
    expect(await get<string[]>(server.url, 'label/s/values')).toHaveLength(SERIES);
    await server.stop();
    server = await server.again();
  }
  expect(fs.readdirSync(path.join(directory, 'blocks')).filter((name) => !name.endsWith('.block'))).toEqual([]);
  expect(fs.readdirSync(path.join(directory, 'heads')).length).toBeLessThanOrEqual(4);
});
