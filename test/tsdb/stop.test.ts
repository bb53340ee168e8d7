/** Selecting stops when it is told to, in heads and in blocks: a regular expression over a million values takes seconds. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NodeDisk } from '../../src/io/node-disk.js';
import { Matcher, type MatchType } from '../../src/model/matcher.js';
import type { Queryable } from '../../src/storage/queryable.js';
import { sealHead } from '../../src/tsdb/compact/seal-head.js';
import { HeadSet } from '../../src/tsdb/head-set.js';
import { loadCodecModule, loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { MemoryHeads } from '../../src/tsdb/memory-heads.js';
import { batchOf, HOUR, labels, T0, tempDirectory } from '../support/store-fixture.js';

const VALUES = 5_000;
/** Characters of one value. */
const LONG = 1_200;
const directory = tempDirectory();
const kernels = loadKernelModule();
const codec = loadCodecModule();
const heads = new MemoryHeads(kernels, 2 * HOUR);
const blocks = new HeadSet(kernels, 1, { codec, cacheBytes: 1 << 20 });

beforeAll(() => {
  heads.append(batchOf(Array.from({ length: VALUES }, (_, i) => [labels('m', { id: `id-${i}` }), [[T0, i]]] as const)));
  heads.append(batchOf([[labels('long', { text: 'a'.repeat(LONG) }), [[T0, 1]]]]));
  const head = heads.descriptors()[0]!;
  const file = path.join(directory, 'a.block');
  sealHead(new NodeDisk(), { kernels, codec, head, readerSlot: 15, file });
  blocks.update([{ id: 2, mint: head.mint, maxt: head.maxt, file }]);
});
afterAll(() => {
  blocks.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

const LARGE = 'a?'.repeat(LONG);
const matcher = (type: MatchType, value: string): Matcher[] => [new Matcher('=', '__name__', 'm'), new Matcher(type, 'id', value)];

type Ask = (from: Queryable, poll: () => void) => unknown;
const ASKS: readonly (readonly [what: string, pollsMin: number, ask: Ask])[] = [
  ['a regular expression', VALUES / 32, (from, poll) => from.select(matcher('=~', '.*[13579].*'), T0, T0, hints(poll))],
  ['a negative one', VALUES / 32, (from, poll) => from.select(matcher('!~', '.*[13579].*'), T0, T0, hints(poll))],
  ['all series of a name', 2, (from, poll) => from.select(matcher('!=', ''), T0, T0, hints(poll))],
  ['values of a label', VALUES / 32, (from, poll) => from.labelValues('id', [matcher('=~', '.*[13579].*')], T0, T0, poll)],
  ['all values of a label', 2, (from, poll) => from.labelValues('id', [], T0, T0, poll)],
  ['one match of a large pattern', LONG, (from, poll) => from.select([new Matcher('=~', 'text', LARGE)], T0, T0, hints(poll))],
  ['the same, negative', LONG, (from, poll) => from.select([new Matcher('!~', 'text', LARGE)], T0, T0, hints(poll))],
  ['names of labels', VALUES / 32, (from, poll) => from.labelNames([matcher('=~', '.*[13579].*')], T0, T0, poll)],
];

function hints(poll: () => void): { func: string; rangeMs: number; stepMs: number; poll: () => void } {
  return { func: '', rangeMs: 0, stepMs: 0, poll };
}

describe.each(['head', 'block'] as const)('in a %s', (where) => {
  test.each(ASKS)('%s', (_what, pollsMin, ask) => {
    const from = where === 'head' ? heads.queryable : blocks;
    let polls = 0;
    const counted = ask(from, () => polls++);
    expect(polls).toBeGreaterThanOrEqual(Math.floor(pollsMin));
    // Asking does not change the answer, and no poll is lost.
    expect(sizeOf(ask(from, () => undefined))).toBe(sizeOf(counted));
    for (const stopAt of [1, polls]) {
      let left = stopAt;
      expect(() => ask(from, () => {
        if (--left === 0) throw new RangeError('stop');
      })).toThrow('stop');
      expect(left).toBe(0);
    }
  });
});

function sizeOf(list: unknown): number {
  return Array.isArray(list) ? list.length : NaN;
}
