import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDED_BUCKETS_MAX, addHistograms, emptyHistogram } from '../../src/model/histogram-add.js';
import type { Histogram } from '../../src/model/histogram.js';
import { validateHistogram } from '../../src/model/histogram-validate.js';
import { customOf, exponentialOf } from './histogram-arbitrary.js';

const count = fc.integer({ min: 0, max: 1000 });
const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

describe('adding histograms', () => {
  it('loses no observation, is valid, and does not depend on the order', () => {
    const any = exponentialOf(count, false).map((h) => ({ ...h, sum: h.count, zeroThreshold: 1e-128 }));
    fc.assert(fc.property(any, any, (a, b) => {
      const sum = addHistograms(a, b)!;
      expect(validateHistogram(sum)).toBeUndefined();
      expect(sum.count).toBe(a.count + b.count);
      expect(total(sum.positiveBuckets)).toBe(total(a.positiveBuckets) + total(b.positiveBuckets));
      expect(total(sum.negativeBuckets)).toBe(total(a.negativeBuckets) + total(b.negativeBuckets));
      expect(addHistograms(b, a)).toEqual(sum);
    }));
  });

  it('custom buckets: only with the same bounds', () => {
    fc.assert(fc.property(customOf(count, false), customOf(count, false), (a, b) => {
      expect(addHistograms(a, a)!.positiveBuckets).toEqual(a.positiveBuckets.map((n) => 2 * n));
      if (String(a.customValues) !== String(b.customValues)) expect(addHistograms(a, b)).toBeUndefined();
    }));
  });

  it('halves the resolution rather than having too many buckets', () => {
    const many = (offset: number): Histogram => ({
      float: false, schema: 8, zeroThreshold: 1e-128, zeroCount: 0, count: ADDED_BUCKETS_MAX, sum: 1, negativeSpans: [], negativeBuckets: [],
      positiveSpans: [{ offset, length: ADDED_BUCKETS_MAX }], positiveBuckets: Array.from({ length: ADDED_BUCKETS_MAX }, () => 1), customValues: [], resetHint: 0,
    });
    const sum = addHistograms(many(1), many(1 + ADDED_BUCKETS_MAX))!;
    expect(sum.schema).toBe(7);
    expect(sum.positiveBuckets.length).toBe(ADDED_BUCKETS_MAX);
    expect(total(sum.positiveBuckets)).toBe(2 * ADDED_BUCKETS_MAX);
    expect(emptyHistogram(sum)).toMatchObject({ schema: 7, count: 0, sum: 0, positiveSpans: sum.positiveSpans });
  });
});
