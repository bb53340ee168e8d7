/**
 * One story in which everything happens to the files that can happen: logs begin, roll and end, heads become blocks, blocks are compacted,
 * samples are deleted, the retention drops blocks, snapshots are written and read, a log is written anew. It is told again and again, with
 * the machine stopping in the middle of its first, second, … disk operation; after each stop the next start must have what was promised.
 */
import { expect, it } from 'vitest';
import { collectGarbage } from '../../../src/threads/collect-garbage.js';
import type { Operation, Story } from './story.js';
import { Telling } from './telling.js';

const HOUR = 3_600_000;
/** Every n-th operation in the usual run, from a start that the kind of crash decides; all of them with MODEL_STEPS=all. */
const STRIDE = process.env['MODEL_STEPS'] === 'all' ? 1 : 67;

const minute = (door: 'v1' | 'v2' | 'batch', series: number): Operation => ({ kind: 'run', door, series, count: 40, stepMs: 15_000 });
const round: readonly Operation[] = [
  minute('batch', 0), minute('v1', 1), minute('v2', 2), { kind: 'sync' },
  { kind: 'write', door: 'batch', rows: [{ series: 3, time: { from: 'clock', offset: 0 }, value: 7, startBefore: 0 }, { series: 0, time: { from: 'newest', offset: -HOUR }, value: [0, 1], startBefore: 60_000 }] },
  { kind: 'clock', byMs: 2 * HOUR },
];
const operations: readonly Operation[] = [
  ...round, ...round, { kind: 'restart' }, ...round, ...round,
  { kind: 'delete', job: 'a', fromMs: -5 * HOUR, lengthMs: 4 * HOUR }, { kind: 'clean' },
  ...round, { kind: 'fsync' }, ...round, { kind: 'heal' }, ...round, { kind: 'restart' }, ...round,
];

/** Tells the story with a stop in every `stride`-th disk operation. Returns how many stops there were. */
async function stopEverywhere(first: number, stride: number, story: (after: number) => Story): Promise<number> {
  let stops = 0;
  for (let after = first; ; after += stride) {
    const plan = story(after);
    const telling = new Telling(plan);
    try {
      await telling.tell();
    } catch (error) {
      throw new Error(`MODEL_STORY='${JSON.stringify(plan)}'`, { cause: error });
    } finally {
      await telling.end();
    }
    if (telling.crashes === 0) break;
    stops++;
    if (stops % 20 === 0) collectGarbage();
  }
  collectGarbage();
  return stops;
}

it.each([
  ['process', 'interval'], ['power', 'always'], ['power', 'interval'],
] as const)('a stop (%s, sync %s) at any disk operation keeps what was promised', async (how, sync) => {
  const stops = await stopEverywhere(how === 'power' ? 7 : 1, STRIDE, (after) => ({
    seed: after, windowMs: 3 * HOUR, retentionMs: 12 * HOUR, sync, closesEarly: false, keepStarts: true,
    operations: [{ kind: 'crash', how, after }, ...operations],
  }));
  expect(stops).toBeGreaterThan(3);
}, 600_000);

// A start may rely on a name that the killed process had given and not made durable, and remove what that name stands for.
it('what a start found after a kill survives a power failure, wherever the process was killed', async () => {
  const short: readonly Operation[] = [...round, minute('batch', 0), { kind: 'clock', byMs: 2 * HOUR }, { kind: 'maintain' }];
  for (const seed of STRIDE === 1 ? [1, 2, 3, 4, 5] : [1]) {
    const stops = await stopEverywhere(1, 1, (after) => ({
      seed, windowMs: HOUR, retentionMs: 0, sync: 'interval', closesEarly: false, keepStarts: false, powerFailsAfterStart: true,
      operations: [{ kind: 'crash', how: 'process', after }, ...short],
    }));
    expect(stops).toBeGreaterThan(10);
  }
}, 600_000);
