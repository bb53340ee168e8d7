import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exponentialBound } from '../../src/model/histogram-buckets.js';
import { ADDED_BUCKETS_MAX, addHistograms, emptyHistogram } from '../../src/model/histogram-add.js';
import { spanIndexes } from '../../src/model/histogram-spans.js';
import type { Histogram } from '../../src/model/histogram.js';
import { validateHistogram } from '../../src/model/histogram-validate.js';
import { customOf, exponentialOf } from './histogram-arbitrary.js';

const count = fc.integer({ min: 0, max: 1000 });
const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

/** Buckets (0.5, 1] and (1, 2]. */
const narrow = (zeroThreshold: number, positiveBuckets: number[]): Histogram => ({
  float: false, schema: 0, zeroThreshold, zeroCount: 0, count: total(positiveBuckets), sum: 1, negativeSpans: [], negativeBuckets: [],
  positiveSpans: [{ offset: 0, length: positiveBuckets.length }], positiveBuckets, customValues: [], resetHint: 0,
});

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

  it('zero buckets of other widths: what lies within the wider one moves there, and none is cut', () => {
    const threshold = fc.constantFrom(0, 1e-128, 0.001, 0.75, 1, 3, 1000);
    const any = fc.tuple(exponentialOf(count, false), threshold).map(([h, zeroThreshold]) => ({ ...h, sum: h.count, zeroThreshold }));
    fc.assert(fc.property(any, any, (a, b) => {
      const sum = addHistograms(a, b)!;
      expect(validateHistogram(sum)).toBeUndefined();
      expect(sum.count).toBe(a.count + b.count);
      expect(sum.zeroThreshold).toBeGreaterThanOrEqual(Math.max(a.zeroThreshold, b.zeroThreshold));
      expect(sum.zeroCount + total(sum.positiveBuckets) + total(sum.negativeBuckets)).toBe(sum.count);
      expect(addHistograms(b, a)).toEqual(sum);
      if (a.zeroThreshold === b.zeroThreshold) return;
      for (const [spans, buckets] of [[sum.positiveSpans, sum.positiveBuckets], [sum.negativeSpans, sum.negativeBuckets]] as const) {
        const filled = spanIndexes(spans).filter((_, i) => buckets[i] !== 0);
        for (const index of filled) expect(exponentialBound(index - 1, sum.schema)).toBeGreaterThanOrEqual(sum.zeroThreshold);
      }
    }));
    const one = { ...emptyHistogram(addHistograms(narrow(0.5, [1, 1]), narrow(0.5, [0, 0]))!), count: 2, zeroCount: 2, zeroThreshold: 2 };
    expect(addHistograms(narrow(0.5, [3, 4]), one)).toMatchObject({ zeroThreshold: 2, zeroCount: 2 + 3 + 4, count: 9, positiveBuckets: [] });
    // A threshold of 1.5 would cut the bucket (1, 2].
    expect(addHistograms(narrow(0.5, [3, 4]), { ...one, zeroThreshold: 1.5 })).toMatchObject({ zeroThreshold: 2, zeroCount: 9 });
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
