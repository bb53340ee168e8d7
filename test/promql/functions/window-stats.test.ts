import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createMeanColumns, kahanAddAt, kahanSumAt, meanAddAt, meanAt } from '../../../src/promql/functions/kahan.js';
import { madOverTime, quantile, quantileOverTime } from '../../../src/promql/functions/quantile.js';
import { hasStartTimeOverlap, isStartTimeReset, rangeSeconds } from '../../../src/promql/functions/start-time.js';
import * as stats from '../../../src/promql/functions/window-stats.js';

const column = (...values: number[]): Float64Array => Float64Array.from(values);
/** One sample a minute from t = 0. */
const minutes = (values: ArrayLike<number>): Float64Array => Float64Array.from({ length: values.length }, (_, i) => i * 60_000);
const over = (f: (t: Float64Array, v: Float64Array, lo: number, hi: number) => number, ...values: number[]): number =>
  f(minutes(values), column(...values), 0, values.length);

describe('over one window', () => {
  const cases: [string, number, number][] = [
    ['sum keeps small terms between large ones', over(stats.sumOverTime, 5.3, 1e100, 1, -1e100, 2), 8.3],
    ['sum of opposite infinities is NaN', over(stats.sumOverTime, Infinity, -Infinity), NaN],
    ['sum overflows to infinity', over(stats.sumOverTime, 1.7e308, 1.7e308), Infinity],
    ['avg does not overflow', over(stats.avgOverTime, 1.5e308, 1.5e308, 1.5e308), 1.5e308],
    ['avg keeps small terms', over(stats.avgOverTime, 10, 1e100, -1e100, 2), 3],
    ['avg of an infinity', over(stats.avgOverTime, 5, -Infinity, 3), -Infinity],
    ['avg of opposite infinities', over(stats.avgOverTime, Infinity, 1, -Infinity), NaN],
    ['avg of one', over(stats.avgOverTime, 7), 7],
    ['min ignores NaN', over(stats.minOverTime, NaN, 3, NaN, 2, NaN), 2],
    ['max ignores NaN', over(stats.maxOverTime, NaN, 3, NaN, 2, NaN), 3],
    ['max of NaN is NaN', over(stats.maxOverTime, NaN, NaN), NaN],
    ['count', over(stats.countOverTime, 1, NaN, 3), 3],
    ['last', over(stats.lastOverTime, 1, 2, 3), 3],
    ['first', over(stats.firstOverTime, 1, 2, 3), 1],
    ['present', over(stats.presentOverTime, 0), 1],
    ['ts of first', over(stats.tsOfFirstOverTime, 4, 5), 0],
    ['ts of last', over(stats.tsOfLastOverTime, 4, 5), 60],
    ['ts of max takes the last of equals', over(stats.tsOfMaxOverTime, 4, 5, 5, 1), 120],
    ['ts of min skips leading NaN', over(stats.tsOfMinOverTime, NaN, 5, 5, 7), 120],
    ['stdvar', over(stats.stdvarOverTime, 0, 8, 8, 2, 3), 10.56],
    ['stddev', over(stats.stddevOverTime, 0, 8, 8, 2, 3), Math.sqrt(10.56)],
    ['stdvar far from zero', over(stats.stdvarOverTime, 1.5990505637277868, 1.5990505637277868, 1.5990505637277868), 0],
    ['changes, NaN to NaN is none', over(stats.changes, 1, 1, 2, NaN, NaN, 2), 3],
    ['resets', over(stats.resets, 1, 2, 1, 5, 0), 2],
    ['deriv of a line', over(stats.deriv, 0, 60, 120, 180), 1],
    ['deriv of a constant', over(stats.deriv, 7, 7, 7), 0],
    ['deriv of constant infinity', over(stats.deriv, Infinity, Infinity), NaN],
    ['irate', over(stats.irate, 5, 0, 60), 1],
    ['irate across a reset', over(stats.irate, 100, 60), 1],
    ['idelta', over(stats.idelta, 100, 60), -40],
  ];
  test.each(cases)('%s', (_, got, want) => {
    if (Number.isNaN(want)) expect(got).toBeNaN();
    else expect(got).toBeCloseTo(want, 12);
  });

  test('predict_linear is anchored at the evaluation time', () => {
    const values = column(0, 60, 120);
    expect(stats.predictLinear(minutes(values), values, 0, 3, 300_000, 60)).toBeCloseTo(360, 9);
  });

  test('double exponential smoothing of a trend follows it', () => {
    const values = Float64Array.from({ length: 30 }, (_, i) => 10 * i);
    expect(stats.doubleExponentialSmoothing(minutes(values), values, 0, 30, 0.01, 0.1)).toBeCloseTo(290, 9);
  });

  test('windows look at [lo, hi) only', () => {
    const values = column(1e9, 1, 2, 3, 1e9);
    expect(stats.sumOverTime(minutes(values), values, 1, 4)).toBe(6);
    expect(stats.stdvarOverTime(minutes(values), values, 1, 4)).toBeCloseTo(2 / 3, 12);
  });
});

describe('extrapolated rate', () => {
  const rate = (values: number[], startMs: number, endMs: number, isCounter = true, isRate = false): number =>
    stats.extrapolatedRate(minutes(values), column(...values), 0, values.length, startMs, endMs, isCounter, isRate);

  test('samples at both ends: no extrapolation', () => expect(rate([0, 10, 20], 0, 120_000)).toBe(20));
  test('ends near the samples: up to the ends', () => expect(rate([100, 110, 120], -30_000, 150_000)).toBeCloseTo(30, 12));
  test('ends far from the samples: half a distance', () => expect(rate([1000, 1010, 1020], -600_000, 720_000)).toBeCloseTo(30, 12));
  test('never to below zero', () => expect(rate([5, 15, 25], -60_000, 120_000)).toBeCloseTo(25, 12));
  test('delta may go below zero', () => expect(rate([5, 15, 25], -60_000, 120_000, false)).toBeCloseTo(30, 12));
  test('resets are added back', () => expect(rate([100, 110, 5, 15], 0, 180_000)).toBe(25));
  test('a rate is per second of the range', () => expect(rate([0, 10, 20], 0, 120_000, true, true)).toBeCloseTo(20 / 120, 15));
  test('a constant counter', () => expect(rate([3, 3, 3], -60_000, 120_000)).toBe(0));

  test('a start time inside the range replaces extrapolation', () => {
    const values = column(10, 20);
    const times = column(60_000, 120_000);
    const starts = column(30_000, 30_000);
    expect(stats.extrapolatedRate(times, values, 0, 2, 0, 120_000, true, false, starts)).toBe(20);
    expect(stats.canExtrapolate(times, 0, 1, 0, true, starts)).toBe(true);
    expect(stats.canExtrapolate(times, 0, 1, 30_000, true, starts)).toBe(false);
    expect(stats.extrapolatedRate(times, values, 0, 1, 0, 60_000, true, false, starts)).toBe(10);
  });

  test('a start time after the last sample is a reset, though the value rose', () => {
    const starts = column(0, 90_000);
    expect(stats.extrapolatedRate(column(60_000, 120_000), column(10, 20), 0, 2, 60_000, 120_000, true, false, starts)).toBe(20);
  });
});

describe('start times', () => {
  const cases: [string, [number, number, number, number], boolean][] = [
    ['no start', [0, 100, 0, 200], false],
    ['start after the previous sample', [0, 100, 150, 200], true],
    ['delta series', [50, 100, 100, 200], true],
    ['unknown start', [100, 100, 100, 200], false],
    ['same cumulative start', [50, 100, 50, 200], false],
    ['start at its own time', [50, 100, 200, 200], false],
    ['start equals previous, which has none', [0, 100, 100, 200], false],
    ['start equals previous, whose start is invalid', [150, 100, 100, 200], false],
  ];
  test.each(cases)('%s', (_, args, want) => expect(isStartTimeReset(...args)).toBe(want));
  test('overlap', () => {
    expect(hasStartTimeOverlap(column(100, 200), column(0, 50), 0, 2)).toBe(true);
    expect(hasStartTimeOverlap(column(100, 200), column(50, 50), 0, 2)).toBe(false);
  });
  test('range in seconds', () => expect(rangeSeconds(90_500)).toBe(90.5));
});

describe('quantiles', () => {
  const cases: [number, number[], number][] = [
    [0.5, [3, 1, 2], 2],
    [0.25, [1, 2, 3, 4], 1.75],
    [1, [1, 2], 2],
    [0, [NaN, 1], NaN],
    [1, [NaN, 1], 1],
    [-0.1, [1], -Infinity],
    [1.1, [1], Infinity],
    [NaN, [1], NaN],
    [0.5, [], NaN],
  ];
  test.each(cases)('%d of %j', (q, values, want) => expect(quantile(q, column(...values, 0), values.length)).toBe(want));

  test('agrees with sorting', () => {
    fc.assert(fc.property(fc.array(fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
      const sorted = values.toSorted((a, b) => a - b);
      const rank = q * (values.length - 1);
      const want = sorted[Math.floor(rank)]! * (1 - (rank % 1)) + sorted[Math.min(values.length - 1, Math.floor(rank) + 1)]! * (rank % 1);
      expect(quantileOverTime(column(...values), 0, values.length, q, new Float64Array(64))).toBeCloseTo(want, 5);
    }));
  });

  test('mad', () => {
    expect(madOverTime(column(4, 6, 2, 1, 999, 1, 2), 0, 7, new Float64Array(7))).toBe(1);
    expect(madOverTime(column(4, NaN), 0, 2, new Float64Array(7))).toBe(NaN);
  });
});

describe('columns of an aggregation', () => {
  const doubles = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 40 });
  test('the mean of a cell is that of a window', () => {
    fc.assert(fc.property(doubles, (values) => {
      const cells = createMeanColumns(3);
      for (const value of values) meanAddAt(cells, 1, value);
      expect(meanAt(cells, 1)).toBe(over(stats.avgOverTime, ...values));
    }));
    expect(meanAt(createMeanColumns(1), 0)).toBe(NaN);
  });
  test('the sum of a cell is that of a window', () => {
    fc.assert(fc.property(doubles, (values) => {
      const sums = new Float64Array(2), carries = new Float64Array(2);
      for (const value of values) kahanAddAt(sums, carries, 1, value);
      expect(kahanSumAt(sums, carries, 1)).toBe(over(stats.sumOverTime, ...values));
    }));
  });
});
