import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Histogram } from '../../src/model/histogram.js';
import { spanIndexes, spansOf } from '../../src/model/histogram-spans.js';
import { reduceSchema, validateHistogram } from '../../src/model/histogram-validate.js';
import { anyHistogram, exponentialOf, integerCounts } from './histogram-arbitrary.js';

const exponential: Histogram = {
  float: false,
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 1,
  count: 7,
  sum: 5,
  positiveSpans: [{ offset: -2, length: 1 }, { offset: 1, length: 2 }],
  negativeSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [1, 2, 2],
  negativeBuckets: [1],
  customValues: [],
  resetHint: 0,
};
const custom: Histogram = {
  ...exponential,
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 5,
  positiveSpans: [{ offset: 0, length: 1 }, { offset: 1, length: 2 }],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [1, 2, 3],
};

describe('validating a histogram', () => {
  test('generated ones are valid', () => {
    fc.assert(fc.property(anyHistogram, (h) => {
      expect(validateHistogram(h)).toBeUndefined();
    }));
    expect(validateHistogram(exponential)).toBeUndefined();
    expect(validateHistogram(custom)).toBeUndefined();
  });

  const bad: [string, Histogram, RegExp][] = [
    ['schema -5', { ...exponential, schema: -5 }, /invalid schema.*got schema -5/],
    ['schema 9 that was not reduced', { ...exponential, schema: 9 }, /invalid schema/],
    ['schema 53', { ...exponential, schema: 53 }, /invalid schema/],
    ['too few buckets', { ...exponential, positiveBuckets: [1, 2] }, /^positive side: spans need 3 buckets, have 2 buckets: /],
    ['too many buckets', { ...exponential, negativeBuckets: [1, 2] }, /^negative side: spans need 1 buckets, have 2 buckets: /],
    ['negative gap', { ...exponential, positiveSpans: [{ offset: 0, length: 1 }, { offset: -1, length: 2 }] }, /^positive side: span number 2 with offset -1: /],
    ['negative bucket', { ...exponential, positiveBuckets: [1, -2, 2] }, /^positive side: bucket number 2 has observation count of -2: /],
    ['negative zero bucket', { ...exponential, zeroCount: -1 }, /^zero bucket has observation count of -1/],
    ['count too small', { ...exponential, count: 6 }, /^7 observations found in buckets, but the Count field is 6: .*should equal/],
    ['count too large', { ...exponential, count: 8 }, /should equal/],
    ['NaN sum, count too small', { ...exponential, sum: NaN, count: 6 }, /at least/],
    ['negative count', { ...exponential, float: true, count: -1 }, /count is negative/],
    ['bounds on an exponential one', { ...exponential, customValues: [1] }, /must not have custom bounds/],
    ['bounds not rising', { ...custom, customValues: [1, 1, 2] }, /^custom buckets: previous bound is 1.000000 and current is 1.000000: /],
    ['NaN bound', { ...custom, customValues: [1, NaN, 2] }, /NaN/],
    ['explicit +Inf', { ...custom, customValues: [1, 2, Infinity] }, /\+Inf bound must not be explicitly defined/],
    ['too few bounds', { ...custom, customValues: [1, 2] }, /only 2 custom bounds .* span length of 4/],
    ['custom first offset', { ...custom, positiveSpans: [{ offset: -1, length: 3 }] }, /span number 1 with offset -1/],
    ['custom with zero bucket', { ...custom, zeroCount: 1 }, /zero count/],
    ['custom with zero threshold', { ...custom, zeroThreshold: 1 }, /zero threshold/],
    ['custom with negative spans', { ...custom, negativeSpans: [{ offset: 0, length: 0 }] }, /negative spans/],
    ['custom with negative buckets', { ...custom, negativeBuckets: [0] }, /negative buckets/],
  ];
  test.each(bad)('%s', (_, h, problem) => expect(validateHistogram(h)).toMatch(problem));

  test('NaN observations are counted in no bucket', () => expect(validateHistogram({ ...exponential, sum: NaN, count: 9 })).toBeUndefined());
  test('totals of float histograms are not compared', () => expect(validateHistogram({ ...exponential, float: true, count: 6.5 })).toBeUndefined());
});

describe('reducing schemas above 8', () => {
  test('merges pairs, counted from index 1', () => {
    const h = { ...exponential, schema: 9, positiveSpans: [{ offset: -2, length: 6 }], positiveBuckets: [1, 2, 3, 4, 5, 6] };
    // indexes -2 -1 0 1 2 3 become -1 0 0 1 1 2
    const reduced = reduceSchema(h);
    expect(reduced).toMatchObject({ schema: 8, positiveSpans: [{ offset: -1, length: 4 }], positiveBuckets: [1, 5, 9, 6] });
  });

  test('leaves others as they are', () => {
    for (const schema of [-53, -4, 8, 53, -5]) expect(reduceSchema({ ...exponential, schema }).schema).toBe(schema);
  });

  test('keeps the total and the validity', () => {
    fc.assert(fc.property(exponentialOf(integerCounts, false, { min: 9, max: 52 }), (h) => {
      const reduced = reduceSchema(h);
      expect(reduced.schema).toBe(8);
      expect(validateHistogram(reduced)).toBeUndefined();
      expect(reduced.positiveBuckets.length).toBeLessThanOrEqual(h.positiveBuckets.length);
    }));
  });

  test('spans that do not fit are left to validation', () => {
    expect(validateHistogram(reduceSchema({ ...exponential, schema: 9, positiveBuckets: [1] }))).toMatch(/spans need 3 buckets, have 1/);
  });
});

describe('spans', () => {
  test('indexes and back', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: -20, max: 20 })), (set) => {
      const indexes = set.toSorted((a, b) => a - b);
      const spans = spansOf(indexes);
      expect(spanIndexes(spans)).toStrictEqual(indexes);
      expect(spans.every((span, i) => span.length > 0 && (i === 0 || span.offset > 0))).toBe(true);
    }));
  });
});
