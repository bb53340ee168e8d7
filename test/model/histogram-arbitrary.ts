/** Random histograms for property tests. */
import fc from 'fast-check';
import type { BucketSpan, Histogram, ResetHint } from '../../src/model/histogram.js';
import { CUSTOM_BUCKETS_SCHEMA } from '../../src/model/histogram.js';
import { exponentialBound } from '../../src/model/histogram-buckets.js';
import { spanIndexes } from '../../src/model/histogram-spans.js';

export interface SideShape {
  readonly spans: BucketSpan[];
  readonly buckets: number[];
}

/** Spans and matching buckets; `firstOffset` bounds the index of the first bucket. */
export function sideOf(count: fc.Arbitrary<number>, firstOffset: fc.Arbitrary<number>): fc.Arbitrary<SideShape> {
  const span = fc.record({ offset: fc.integer({ min: 0, max: 3 }), buckets: fc.array(count, { minLength: 1, maxLength: 4 }) });
  return fc.tuple(firstOffset, fc.array(span, { maxLength: 3 })).map(([first, parts]) => ({
    spans: parts.map((part, i) => ({ offset: i === 0 ? first : part.offset, length: part.buckets.length })),
    buckets: parts.flatMap((part) => part.buckets),
  }));
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** Valid exponential histograms; counts of the kind given. */
export function exponentialOf(count: fc.Arbitrary<number>, float: boolean, schemas = { min: -4, max: 8 }): fc.Arbitrary<Histogram> {
  const side = sideOf(count, fc.integer({ min: -12, max: 12 }));
  const hint = fc.constantFrom<ResetHint>(0, 1, 2, 3);
  const threshold = fc.constantFrom(0, 0.001, 0.5, 1);
  return fc.record({ schema: fc.integer(schemas), threshold, zeroCount: count, sum: fc.double(), positive: side, negative: side, hint }).map((r) => ({
    float,
    schema: r.schema,
    zeroThreshold: r.threshold,
    zeroCount: r.zeroCount,
    count: total(r.positive.buckets) + total(r.negative.buckets) + r.zeroCount,
    sum: r.sum,
    positiveSpans: r.positive.spans,
    negativeSpans: r.negative.spans,
    positiveBuckets: r.positive.buckets,
    negativeBuckets: r.negative.buckets,
    customValues: [],
    resetHint: r.hint,
  }));
}

/** Valid histograms with custom buckets over bounds out of a small set, so that two of them share some. */
export function customOf(count: fc.Arbitrary<number>, float: boolean): fc.Arbitrary<Histogram> {
  return fc.record({ bounds: fc.subarray([-10, -1, 0, 1, 2.5, 5, 10, 25]), counts: fc.array(count, { minLength: 9, maxLength: 9 }), sum: fc.double(), hint: fc.constantFrom<ResetHint>(0, 1, 2, 3) }).map((r) => {
    const buckets = r.counts.slice(0, r.bounds.length + 1);
    return {
      float,
      schema: CUSTOM_BUCKETS_SCHEMA,
      zeroThreshold: 0,
      zeroCount: 0,
      count: total(buckets),
      sum: r.sum,
      positiveSpans: [{ offset: 0, length: buckets.length }],
      negativeSpans: [],
      positiveBuckets: buckets,
      negativeBuckets: [],
      customValues: r.bounds,
      resetHint: r.hint,
    };
  });
}

export const integerCounts = fc.oneof(fc.nat(20), fc.nat());
/** No subnormal counts: shares of them are not to be had. */
export const floatCounts = fc.double({ min: 0, max: 1e9, noNaN: true }).map((count) => (count < 1e-9 ? 0 : count));
export const anyHistogram = fc.oneof(
  exponentialOf(integerCounts, false),
  exponentialOf(floatCounts, true),
  customOf(integerCounts, false),
  customOf(floatCounts, true),
);

/** The same with a zero bucket that ends before the first bucket of either side: validation does not ask for it, sense does. */
export function withFittingZeroBucket(h: Histogram): Histogram {
  if (h.schema === CUSTOM_BUCKETS_SCHEMA) return h;
  const starts = [...spanIndexes(h.positiveSpans), ...spanIndexes(h.negativeSpans)].map((index) => exponentialBound(index - 1, h.schema));
  return { ...h, zeroThreshold: Math.min(h.zeroThreshold, ...starts) };
}
