import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { ClassicBuckets, parseUpperBound } from '../../../src/promql/histogram/classic.js';

function buckets(...pairs: [number, number][]): ClassicBuckets {
  const classic = new ClassicBuckets();
  for (const [upper, count] of pairs) classic.add(upper, count);
  return classic;
}

const INF = Infinity;

describe('upper bounds', () => {
  const cases: [string, number | undefined][] = [
    ['0.1', 0.1], ['+Inf', INF], ['Inf', INF], ['-inf', -INF], ['infinity', INF], ['1e3', 1000], ['.5', 0.5], ['5.', 5], ['-2', -2], ['+2', 2],
    ['0x1p-2', 0.25], ['0x1.8p1', 3], ['NaN', NaN],
    ['', undefined], ['Hello World', undefined], [' 1', undefined], ['1 ', undefined], ['1e', undefined], ['.', undefined],
    ['1e400', undefined], ['0x10', undefined], ['0b1', undefined], ['+NaN', undefined], ['1_0', undefined],
  ];
  test.each(cases)('%j', (text, want) => expect(parseUpperBound(text)).toBe(want));
});

describe('quantile of classic buckets', () => {
  const cases: [string, [number, number][], number, number][] = [
    ['interpolates', [[0.1, 1], [0.2, 3], [INF, 4]], 0.5, 0.15],
    ['the lowest bucket begins at 0', [[1, 4], [INF, 4]], 0.5, 0.5],
    ['… or answers with its bound', [[-1, 4], [INF, 5]], 0.5, -1],
    ['the highest answers with the bound below', [[1, 1], [2, 2], [INF, 9]], 0.9, 2],
    ['any order', [[INF, 4], [0.2, 3], [0.1, 1]], 0.5, 0.15],
    ['equal bounds add up', [[1, 1], [1, 1], [2, 4], [INF, 4]], 0.5, 1],
    ['without +Inf', [[1, 1], [2, 2]], 0.5, NaN],
    ['one bucket', [[INF, 3]], 0.5, NaN],
    ['no observations', [[1, 0], [INF, 0]], 0.5, NaN],
    ['q below 0', [[1, 1], [INF, 1]], -0.1, -INF],
    ['q above 1', [[1, 1], [INF, 1]], 1.1, INF],
    ['q NaN', [[1, 1], [INF, 1]], NaN, NaN],
  ];
  test.each(cases)('%s', (_, pairs, q, want) => {
    const classic = buckets(...pairs);
    if (Number.isFinite(want)) expect(classic.quantile(q)).toBeCloseTo(want, 12);
    else expect(classic.quantile(q)).toBe(want);
    expect(classic.forcedMonotonicity).toBe(false);
  });

  test('counts that fall are raised, with a note', () => {
    const classic = buckets([0.1, 2], [1, 1], [10, 5], [100, 4], [1000, 9], [INF, 8]);
    expect(classic.quantile(0.5)).toBeCloseTo(8.5, 12);
    expect(classic).toMatchObject({ forcedMonotonicity: true, forcedLowest: 1, forcedHighest: INF, forcedDiff: 1 });
  });

  test('rounding is levelled without a note', () => {
    const classic = buckets([1, 1], [2, 1 - 1e-13], [INF, 2]);
    expect(classic.quantile(0.5)).toBe(1);
    expect(classic.forcedMonotonicity).toBe(false);
  });

  test('may be asked and filled again', () => {
    const classic = buckets([1, 1], [INF, 2]);
    expect(classic.quantile(0.5)).toBe(classic.quantile(0.5));
    classic.clear();
    for (let i = 40; i > 0; i--) classic.add(i, i);
    classic.add(INF, 40);
    expect(classic.quantile(0.5)).toBeCloseTo(20, 12);
  });
});

describe('fraction of classic buckets', () => {
  const cases: [string, [number, number][], number, number, number][] = [
    ['between bounds', [[1, 1], [2, 3], [INF, 4]], 1, 2, 0.5],
    ['within a bucket', [[1, 1], [2, 3], [INF, 4]], 1, 1.5, 0.25],
    ['all', [[1, 1], [2, 3], [INF, 4]], -INF, INF, 1],
    ['above the last bound', [[1, 1], [2, 3], [INF, 4]], 2, INF, 0.25],
    ['nothing is below 0 if the lowest bound is above', [[1, 1], [INF, 4]], -INF, 0, 0],
    ['the lowest bucket counts in full if its bound is not', [[-1, 1], [INF, 4]], -INF, -3, 0.25],
    ['reversed', [[1, 1], [INF, 4]], 2, 1, 0],
    ['NaN limit', [[1, 1], [INF, 4]], NaN, 1, NaN],
    ['without +Inf', [[1, 1]], 0, 1, NaN],
    ['no observations', [[1, 0], [INF, 0]], 0, 1, NaN],
    ['nothing at all', [], 0, 1, NaN],
  ];
  test.each(cases)('%s', (_, pairs, lower, upper, want) => expect(buckets(...pairs).fraction(lower, upper)).toBe(want));

  test('inverts the quantile', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 10 });
    fc.assert(fc.property(counts, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (list, q) => {
      let total = 0;
      const pairs = list.map((count, i): [number, number] => [i + 1, (total += count)]);
      const filled = [...pairs, [INF, total] as [number, number]];
      expect(buckets(...filled).fraction(-INF, buckets(...filled).quantile(q))).toBeCloseTo(q, 9);
    }));
  });
});
