import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Histogram } from '../../src/model/histogram.js';
import { bucketRows, customBound, exponentialBound } from '../../src/model/histogram-buckets.js';
import { anyHistogram } from './histogram-arbitrary.js';

const empty: Histogram = {
  float: true, schema: 0, zeroThreshold: 0, zeroCount: 0, count: 0, sum: 0, positiveSpans: [], negativeSpans: [],
  positiveBuckets: [], negativeBuckets: [], customValues: [], resetHint: 0,
};

function rowsOf(h: Histogram): number[][] {
  const rows = bucketRows(h);
  return Array.from({ length: rows.length }, (_, i) => [rows.rules[i]!, rows.lowers[i]!, rows.uppers[i]!, rows.counts[i]!]);
}

describe('exponential bounds', () => {
  const cases: [number, number, number][] = [
    [0, 0, 1],
    [1, 0, 2],
    [-1, 0, 0.5],
    [1, -1, 4],
    [-1, -4, 2 ** -16],
    // The digits below are upstream's; the true powers would end otherwise.
    [-1, 1, 0.7071067811865475],
    [1, 1, 1.414213562373095],
    [1, 2, 1.189207115002721],
    [6 - 256, 8, 0.5081891574554764],
    [255 - 256, 8, 0.9972960560854698],
    [18 - 256, 8, 0.5249720429003435],
    [1024, 0, Number.MAX_VALUE],
    [1025, 0, Infinity],
    [1024 * 256, 8, Number.MAX_VALUE],
    [1024 * 256 - 1, 8, 0.9972960560854698 * 2 * 2 ** 1023],
    [64, -4, Number.MAX_VALUE],
    [65, -4, Infinity],
    [-1074, 0, Number.MIN_VALUE],
  ];
  test.each(cases)('bucket %d of schema %d ends at %d', (index, schema, want) => expect(exponentialBound(index, schema)).toBe(want));

  test('a bound is a bound of every finer schema', () => {
    fc.assert(fc.property(fc.integer({ min: -2000, max: 2000 }), fc.integer({ min: -4, max: 7 }), (index, schema) => {
      expect(exponentialBound(index * 2, schema + 1)).toBe(exponentialBound(index, schema));
      expect(exponentialBound(index, schema)).toBeLessThanOrEqual(exponentialBound(index + 1, schema));
    }));
  });

  test('close to the true powers', () => {
    fc.assert(fc.property(fc.integer({ min: -2560, max: 2560 }), (index) => {
      expect(exponentialBound(index, 8) / 2 ** (index / 256)).toBeCloseTo(1, 14);
    }));
  });

  test('custom', () => expect([-1, 0, 1, 2].map((i) => customBound(i, [5, 10]))).toStrictEqual([-Infinity, 5, 10, Infinity]));
});

describe('rows of buckets', () => {
  test('both sides and the zero bucket', () => {
    const h = {
      ...empty, zeroThreshold: 0.001, zeroCount: 1,
      positiveSpans: [{ offset: 0, length: 2 }], positiveBuckets: [1, 2],
      negativeSpans: [{ offset: 0, length: 1 }, { offset: 1, length: 1 }], negativeBuckets: [2, 5],
    };
    expect(rowsOf(h)).toStrictEqual([[1, -4, -2, 5], [1, -1, -0.5, 2], [3, -0.001, 0.001, 1], [0, 0.5, 1, 1], [0, 1, 2, 2]]);
  });

  test('buckets next to a wide zero bucket begin at its threshold', () => {
    const side = { positiveSpans: [{ offset: 0, length: 1 }], positiveBuckets: [3], negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: [4] };
    expect(rowsOf({ ...empty, zeroThreshold: 0.75, zeroCount: 1, ...side })).toStrictEqual([[1, -1, -0.75, 4], [3, -0.75, 0.75, 1], [0, 0.75, 1, 3]]);
  });

  test('custom buckets', () => {
    const h = { ...empty, schema: -53, customValues: [5, 10], positiveSpans: [{ offset: 0, length: 3 }], positiveBuckets: [1, 2, 3] };
    expect(rowsOf(h)).toStrictEqual([[3, -Infinity, 5, 1], [0, 5, 10, 2], [0, 10, Infinity, 3]]);
  });

  test('rows rise and do not overlap, and hold every count', () => {
    fc.assert(fc.property(anyHistogram.filter((h) => h.zeroThreshold === 0 || h.schema === -53), (h) => {
      const rows = bucketRows(h);
      let total = 0;
      for (let i = 0; i < rows.length; i++) {
        total += rows.counts[i]!;
        expect(rows.lowers[i]!).toBeLessThanOrEqual(rows.uppers[i]!);
        if (i > 0) expect(rows.uppers[i - 1]!).toBeLessThanOrEqual(rows.lowers[i]!);
      }
      expect(total).toBeCloseTo(h.count, 3);
    }));
  });
});
