import { describe, expect, test } from 'vitest';
import { extendedRate, interpolateAt } from '../../../src/promql/functions/extended-rate.js';

/** Samples `stepMs` apart from t = 0; gaps are left out. */
function series(stepMs: number, values: (number | undefined)[]): { timestamps: Float64Array; values: Float64Array } {
  const present = values.flatMap((value, i) => (value === undefined ? [] : [[i * stepMs, value] as const]));
  return { timestamps: Float64Array.from(present, ([t]) => t), values: Float64Array.from(present, ([, v]) => v) };
}

const S = 1000;
const COMPLETE = series(15 * S, [1, 2, 3, 4, 5, 9, 10, 11, 12, 13]);
const PARTIAL = series(15 * S, [1, 2, 3, undefined, undefined, 9, 10, 11, 12, 13]);

/** The window that a selector gives: from the sample at or before the range start to the one at or after its end (smoothed). */
function increase(s: typeof COMPLETE, endMs: number, rangeMs: number, modifier: 'anchored' | 'smoothed', isCounter = true): number | undefined {
  const startMs = endMs - rangeMs;
  let hi = s.timestamps.findIndex((t) => t > endMs);
  if (hi < 0) hi = s.timestamps.length;
  else if (modifier === 'smoothed' && s.timestamps[hi - 1] !== endMs) hi++;
  if (hi === 0) return undefined;
  return extendedRate(s.timestamps, s.values, 0, hi, startMs, endMs, isCounter, false, modifier === 'smoothed');
}

describe('anchored and smoothed increase', () => {
  const cases: ['anchored' | 'smoothed', string, number, number | undefined][] = [
    ['anchored', 'complete', 5, 0],
    ['anchored', 'complete', 35, 2],
    ['anchored', 'complete', 50, 3],
    ['anchored', 'complete', 80, 7],
    ['anchored', 'complete', 110, 7],
    ['smoothed', 'complete', 5, 1 / 3],
    ['smoothed', 'complete', 20, 4 / 3],
    ['smoothed', 'complete', 65, 5],
    ['smoothed', 'complete', 80, 7],
    ['smoothed', 'complete', 125, 6],
    ['anchored', 'partial', 50, 2],
    ['anchored', 'partial', 65, 2],
    ['anchored', 'partial', 125, 9],
    ['smoothed', 'partial', 35, 8 / 3],
    ['smoothed', 'partial', 50, 14 / 3],
    ['smoothed', 'partial', 65, 19 / 3],
  ];
  test.each(cases)('%s, %s, at %ds', (modifier, which, at, want) => {
    const got = increase(which === 'complete' ? COMPLETE : PARTIAL, at * S, 60 * S, modifier);
    expect(got).toBeCloseTo(want!, 9);
  });

  test('nothing after the start of the range', () => {
    expect(increase(series(60 * S, [1, 2]), 120 * S, 60 * S, 'anchored')).toBeUndefined();
    expect(increase(series(10 * S, [undefined, 5, 6]), 5 * S, 5 * S, 'smoothed')).toBeUndefined();
  });

  test('resets', () => {
    expect(increase(series(60 * S, [9, 8, 5, 4]), 135 * S, 120 * S, 'smoothed')).toBeCloseTo(12, 12);
    expect(increase(series(60 * S, [5, 8, 11, 3, 6]), 180 * S, 60 * S, 'anchored', false)).toBe(-8);
    const s = series(15 * S, [100, 10]);
    expect(extendedRate(s.timestamps, s.values, 0, 2, 2 * S, 12 * S, true, true, true)).toBeCloseTo(2 / 3, 12);
  });

  test('interpolation', () => {
    const s = series(10 * S, [5, 1]);
    expect(interpolateAt(s.timestamps, s.values, 0, 5 * S, false)).toBe(3);
    expect(interpolateAt(s.timestamps, s.values, 0, 5 * S, true)).toBe(0.5);
  });
});
