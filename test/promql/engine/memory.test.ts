/** What a query uses is noted before it is allocated, whatever of the query it is for. */
import { expect, test } from 'vitest';
import { createEngine } from '../../../src/promql/engine/engine.js';
import { PLAIN_ENGINE } from '../../support/query.js';
import { memoryStorage } from '../../support/memory-storage.js';

const SERIES = 300;
const STEPS = 1_001;
const storage = memoryStorage(1, ...Array.from({ length: SERIES }, (_, i) => `many{s="${i}",one="1"} ${i}+1x400`), 'one{one="1"} 1+1x400',
  ...Array.from({ length: SERIES }, (_, i) => `b_bucket{le="${i}"} ${i}+1x400`));

/** Bytes that a query takes; `refuseAt`: the account has no more. */
function taken(text: string, refuseAt = Infinity): number {
  let bytes = 0;
  const take = (more: number): void => {
    bytes += more;
    if (bytes > refuseAt) throw new RangeError('no more');
  };
  createEngine({ ...PLAIN_ENGINE, maxSamples: 1e9 }).query(storage, {
    text, startMs: 0, endMs: (STEPS - 1) * 1000, stepMs: 1000, lookbackDeltaMs: 0, stopRequested: () => undefined, memory: { take },
  });
  return bytes;
}

const KIB = 1024;
test.each<[what: string, text: string, min: number, max: number]>([
  // 700 steps of each have a sample within the lookback.
  ['a result', 'many', SERIES * 700 * 16, SERIES * 700 * 16 + 500 * KIB],
  ['a sum: its groups and not its input', 'sum(many)', STEPS * 16, 250 * KIB],
  ['all values of a quantile', 'quantile(0.5, many)', SERIES * STEPS * 16, SERIES * STEPS * 16 + 300 * KIB],
  ['the heaps of topk', 'sum(topk(100, many))', 100 * STEPS * 16, 100 * STEPS * 16 + 300 * KIB],
  ['each value of count_values', 'sum(count_values("v", many))', 300 * STEPS * 16, 1000 * STEPS * 16],
  ['all buckets of one histogram', 'histogram_quantile(0.5, b_bucket)', SERIES * STEPS * 16, SERIES * STEPS * 32 + 300 * KIB],
  ['a group of many to one', 'sum(many + on (one) group_left one)', 0, 300 * KIB],
  ['the steps of a subquery', 'sum_over_time(one[5h:1s])', 18_000 * 16, 900 * KIB],
])('%s', (_what, text, min, max) => {
  const bytes = taken(text);
  expect(bytes).toBeGreaterThanOrEqual(min);
  expect(bytes).toBeLessThanOrEqual(max);
  expect(() => taken(text, bytes - 1)).toThrow('no more');
});

test('the samples of one series at a time', () => {
  expect(taken('sum(sum_over_time(many[6h]))')).toBeLessThan(200 * KIB);
});
