/** The planner: what is compacted next, as tables, and what holds for any set of blocks, as properties. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compactionLevels, PARENTS_MAX, planCompaction, type PlanBlock, type PlanOptions } from '../../../src/tsdb/compact/plan.js';

const HOUR = 3_600_000;
/** Aligned to every level in here. */
const T = 162 * HOUR * 3000;

let ids = 0;
const block = (from: number, to: number, sizeBytes = 1, id = ++ids): PlanBlock => ({ id, mint: T + from * HOUR, maxt: T + to * HOUR, sizeBytes });
const run = (from: number, count: number): PlanBlock[] => Array.from({ length: count }, (_, i) => block(from + i * 2, from + i * 2 + 2));
const options: PlanOptions = {
  levels: compactionLevels(2 * HOUR, 54 * HOUR), settledMs: Infinity, heads: [], cutoffMs: -Infinity, maxBytes: Infinity, avoid: new Set(),
};

/** `overlap 0-6` or `neighbours 0-18`, in hours. */
function plan(blocks: readonly PlanBlock[], changes: Partial<PlanOptions> = {}): string {
  const found = planCompaction(blocks, { ...options, ...changes });
  if (found === undefined) return 'nothing';
  const hours = (t: number): number => (t - T) / HOUR;
  return `${found.kind} ${hours(found.range.mint)}-${hours(found.range.maxt)}: ${found.blocks.length}`;
}

describe('levels', () => {
  it.each([
    [2, 31 * 24, [6, 18, 54, 162, 486]],
    [2, 36, [6, 18]],
    [2, 5.9, []],
    [2, 2, []],
    [0.5, 3, [1.5]],
  ])('of heads of %s h, up to %s h', (head, max, hours) => {
    expect(compactionLevels(head * HOUR, max * HOUR)).toEqual(hours.map((h) => h * HOUR));
  });
});

describe('neighbours', () => {
  it.each<[string, PlanBlock[], Partial<PlanOptions>, string]>([
    ['three of a complete range', run(0, 3), {}, 'neighbours 0-6: 3'],
    ['two with a gap', [block(0, 2), block(4, 6)], {}, 'neighbours 0-6: 2'],
    ['one alone', run(0, 1), {}, 'nothing'],
    ['of two ranges', [block(4, 6), block(6, 8)], { levels: [6 * HOUR] }, 'nothing'],
    ['a range that is not over', run(0, 3), { settledMs: T + 6 * HOUR - 1 }, 'nothing'],
    ['a range that is just over', run(0, 3), { settledMs: T + 6 * HOUR }, 'neighbours 0-6: 3'],
    ['a range that a head is in', run(0, 2), { heads: [block(4, 6)] }, 'nothing'],
    ['a head beside it', run(0, 3), { heads: [block(6, 8)] }, 'neighbours 0-6: 3'],
    ['the highest level that is complete', run(0, 12), { settledMs: T + 26 * HOUR }, 'neighbours 0-18: 9'],
    ['the newest first', run(0, 6), { levels: [6 * HOUR] }, 'neighbours 6-12: 3'],
    ['too large for one level', run(0, 9), { maxBytes: 8 }, 'neighbours 12-18: 3'],
    ['too large for all', run(0, 9), { maxBytes: 1 }, 'nothing'],
    ['more than can be open at a time', Array.from({ length: 40 }, (_, i) => block(i / 10, (i + 1) / 10)), {}, `neighbours 0-3.2: ${PARENTS_MAX}`],
    ['past the retention', run(0, 3), { cutoffMs: T + 4 * HOUR }, 'nothing'],
    ['partly past the retention', run(0, 3), { cutoffMs: T + 2 * HOUR }, 'neighbours 2-6: 2'],
    ['compacted ones', [block(0, 6), block(6, 12), block(12, 18)], {}, 'neighbours 0-18: 3'],
    ['compacted and new ones', [block(0, 6), block(6, 8)], {}, 'neighbours 0-8: 2'],
    ['a block longer than any level', [block(0, 200), block(200, 202)], {}, 'nothing'],
  ])('%s', (_name, blocks, changes, expected) => expect(plan(blocks, changes)).toBe(expected));

  it('of a damaged block are left alone with it, others are not', () => {
    const blocks = run(0, 6);
    expect(plan(blocks, { avoid: new Set([blocks[4]!.id]) })).toBe('neighbours 0-6: 3');
    expect(plan(blocks.slice(3), { avoid: new Set([blocks[4]!.id]) })).toBe('nothing');
  });
});

describe('overlapping blocks', () => {
  it.each<[string, PlanBlock[], Partial<PlanOptions>, string]>([
    ['of the same range', [block(0, 2), block(0, 2)], {}, 'overlap 0-2: 2'],
    ['go first', [...run(0, 3), block(6, 8), block(6, 8)], {}, 'overlap 6-8: 2'],
    ['a late one in a long one', [block(0, 18), block(4, 6)], {}, 'overlap 0-18: 2'],
    ['in a chain', [block(0, 4), block(3, 6), block(5, 7)], {}, 'overlap 0-7: 3'],
    ['not longer than the longest level', [block(0, 40), block(30, 70)], {}, 'nothing'],
    ['unless one is that long already', [block(0, 200), block(30, 70)], {}, 'overlap 0-200: 2'],
    ['too large together', [block(0, 2, 5), block(0, 2, 5)], { maxBytes: 9 }, 'nothing'],
    ['that a head is in', [block(0, 2), block(0, 2)], { heads: [block(1, 2)] }, 'nothing'],
    ['touching is not overlapping', [block(0, 6), block(6, 12)], { levels: [] }, 'nothing'],
    ['without levels', [block(0, 2), block(1, 2)], { levels: [] }, 'overlap 0-2: 2'],
  ])('%s', (_name, blocks, changes, expected) => expect(plan(blocks, changes)).toBe(expected));
});

const anyBlocks = fc.array(fc.record({ from: fc.integer({ min: 0, max: 400 }), length: fc.constantFrom(1, 2, 2, 2, 6, 18, 7), sizeBytes: fc.integer({ min: 0, max: 100 }) }), { maxLength: 60 })
  .map((list) => list.map(({ from, length, sizeBytes }, i) => block(from, from + length, sizeBytes, i + 1)));
const anyOptions = fc.record({
  settled: fc.integer({ min: 0, max: 420 }), cutoff: fc.integer({ min: -10, max: 200 }), maxBytes: fc.constantFrom(Infinity, 150, 1000), levels: fc.constantFrom(0, 6, 54, 500),
  head: fc.integer({ min: 0, max: 400 }), avoid: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }),
}).map(({ settled, cutoff, maxBytes, levels, head, avoid }): PlanOptions => ({
  levels: compactionLevels(2 * HOUR, levels * HOUR), settledMs: T + settled * HOUR, cutoffMs: T + cutoff * HOUR, maxBytes, heads: [block(head, head + 2)], avoid: new Set(avoid),
}));

describe('any set of blocks', () => {
  it('is compacted within the limits, until nothing is left to do', () => {
    fc.assert(fc.property(anyBlocks, anyOptions, (start, given) => {
      let blocks = start;
      let id = 1000;
      for (let found = planCompaction(blocks, given); found !== undefined; found = planCompaction(blocks, given)) {
        const { blocks: parents, range } = found;
        const longest = Math.max(given.levels.at(-1) ?? 0, ...parents.map((one) => one.maxt - one.mint));
        expect(new Set(parents).size).toBe(parents.length);
        expect(parents.length).toBeGreaterThan(1);
        expect(parents.length).toBeLessThanOrEqual(PARENTS_MAX);
        expect(range).toEqual({ mint: Math.min(...parents.map((one) => one.mint)), maxt: Math.max(...parents.map((one) => one.maxt)) });
        expect(range.maxt - range.mint).toBeLessThanOrEqual(longest);
        expect(range.maxt).toBeLessThanOrEqual(given.settledMs);
        expect(parents.reduce((sum, one) => sum + one.sizeBytes, 0)).toBeLessThanOrEqual(given.maxBytes);
        for (const parent of parents) {
          expect(parent.maxt).toBeGreaterThan(given.cutoffMs);
          expect(given.avoid.has(parent.id)).toBe(false);
          expect(blocks).toContain(parent);
        }
        for (const head of given.heads) expect(head.mint < range.maxt && range.mint < head.maxt).toBe(false);
        const sizeBytes = parents.reduce((sum, one) => sum + one.sizeBytes, 0);
        blocks = [...blocks.filter((one) => !parents.includes(one)), { id: id++, ...range, sizeBytes }];
      }
    }), { numRuns: 500 });
  });

  it('of heads that came one after another ends in aligned ranges, few for each level', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 600 }), (count) => {
      let blocks = run(0, count);
      for (let found = planCompaction(blocks, options); found !== undefined; found = planCompaction(blocks, options)) {
        blocks = [...blocks.filter((one) => !found.blocks.includes(one)), { id: ++ids, ...found.range, sizeBytes: 1 }];
      }
      expect(blocks.length).toBe(Math.ceil(count / 27));
    }), { numRuns: 50 });
  });

  it('is planned the same whatever the order', () => {
    fc.assert(fc.property(anyBlocks, anyOptions, fc.integer(), (blocks, given, seed) => {
      const shuffled = blocks.map((one, i) => [Math.sin(seed + i * 12.9898), one] as const).sort((a, b) => a[0] - b[0]).map(([, one]) => one);
      expect(planCompaction(shuffled, given)).toEqual(planCompaction(blocks, given));
    }));
  });
});
