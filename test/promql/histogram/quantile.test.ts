import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { histogramFraction, histogramQuantile } from '../../../src/promql/histogram/quantile.js';
import { HistogramNote } from '../../../src/promql/histogram/notes.js';
import { histogramAvg, histogramStddev, histogramStdvar } from '../../../src/promql/histogram/stats.js';
import { anyHistogram, withFittingZeroBucket } from '../../model/histogram-arbitrary.js';
import { h } from './literal.js';

const POSITIVE = 'count:12 sum:100 z_bucket:2 z_bucket_w:0.001 buckets:[2 3 0 1 4]';
const NEGATIVE = 'count:12 sum:100 z_bucket:2 z_bucket_w:0.001 n_buckets:[2 3 0 1 4]';
const BOTH = 'count:24 sum:100 z_bucket:4 z_bucket_w:0.001 buckets:[2 3 0 1 4] n_buckets:[2 3 0 1 4]';
const CUSTOM = 'schema:-53 sum:5 count:4 custom_values:[5 10] buckets:[1 2 1]';
const NANS = 'count:15 sum:NaN buckets:[12]';

describe('quantile', () => {
  const cases: [string, number, number][] = [
    ['sum:5 count:4 buckets:[1 2 1]', 0.5, 1.414213562373095], // digits as upstream's
    [POSITIVE, 1.001, Infinity],
    [POSITIVE, 1, 16],
    [POSITIVE, 0.99, 15.67072476139083],
    [POSITIVE, 0.9, 12.99603834169977],
    [POSITIVE, 0.6, 4.594793419988138],
    [POSITIVE, 0.5, 1.5874010519681994],
    [POSITIVE, 0.1, 0.0006],
    [POSITIVE, 0, 0],
    [POSITIVE, -1, -Infinity],
    [POSITIVE, NaN, NaN],
    [NEGATIVE, 0.99, -0.00006],
    [NEGATIVE, 0.9, -0.0006],
    [NEGATIVE, 0.5, -1.5874010519681996],
    [NEGATIVE, 0, -16],
    [BOTH, 0.7, 1.2030250360821164],
    [BOTH, 0.55, 0.0006],
    [BOTH, 0.5, 0],
    [BOTH, 0.45, -0.0006],
    [BOTH, 0.3, -1.2030250360821169],
    [BOTH, 0.01, -15.34822590920423],
    ['count:0 sum:0', 0.5, NaN],
    ['count:1 sum:0.25 z_bucket:1 z_bucket_w:0.5', 0.5, 0],
    ['count:8 sum:0 buckets:[1 2 1] n_buckets:[1 2 1]', 0.5, 0.5],
    [CUSTOM, 0.5, 7.5],
    [CUSTOM, 0.99, 10],
    [CUSTOM, 0.125, 2.5],
    ['schema:-53 sum:-5 count:4 custom_values:[-5 10] buckets:[3 1]', 0.5, -5],
    [NANS, 0.8, 1],
    [NANS, 0.4, 0.7071067811865475],
    [NANS, 0.81, NaN],
  ];
  test.each(cases)('%s at %d', (text, q, want) => {
    const { value } = histogramQuantile(q, h(text));
    if (Number.isFinite(want) && want !== 0) expect(value / want).toBeCloseTo(1, 12);
    else expect(value).toBe(want);
  });

  test('last digits of interpolation are those of Go', () => {
    expect(histogramQuantile(0.5, h('sum:5 count:4 buckets:[1 2 1]')).value).toBe(1.414213562373095);
    expect(histogramQuantile(0.7, h(BOTH)).value).toBe(1.2030250360821164);
    expect(histogramQuantile(0.3, h(BOTH)).value).toBe(-1.2030250360821169);
    expect(histogramQuantile(0.9, h(POSITIVE)).value).toBe(12.99603834169977);
  });

  test('NaN observations are told of', () => {
    expect(histogramQuantile(0.8, h(NANS)).notes).toBe(HistogramNote.quantileSkewed);
    expect(histogramQuantile(0.81, h(NANS)).notes).toBe(HistogramNote.quantileIsNaN);
    expect(histogramQuantile(0.5, h('count:12 sum:NaN buckets:[6 6]')).notes).toBe(0); // +Inf and -Inf, no NaN
    expect(histogramFraction(-Infinity, Infinity, h(NANS))).toStrictEqual({ value: 0.8, notes: HistogramNote.fractionExcludesNaN });
    expect(histogramFraction(-Infinity, Infinity, h('count:3 sum:NaN'))).toStrictEqual({ value: 0, notes: HistogramNote.fractionExcludesNaN });
  });
});

describe('fraction', () => {
  const cases: [string, number, number, number][] = [
    [POSITIVE, 0, Infinity, 1],
    [POSITIVE, -Infinity, 0, 0],
    [POSITIVE, 0, 0.001, 2 / 12],
    [POSITIVE, 0.001, Infinity, 10 / 12],
    [POSITIVE, 0, 0.0005, 1 / 12],
    [POSITIVE, 1, 2, 0.25],
    [POSITIVE, 0, 1.5, 0.4795739585136224],
    [POSITIVE, 1.5, 6, 0.15250624987980724],
    [POSITIVE, -2, -1, 0],
    [POSITIVE, 42, 3, 0],
    [POSITIVE, 0, 0, 0],
    [POSITIVE, NaN, 1, NaN],
    [POSITIVE, 1, NaN, NaN],
    [NEGATIVE, -Infinity, 0, 1],
    [NEGATIVE, -Infinity, -6, 0.36791979160657035],
    [NEGATIVE, -6, -1.5, 0.15250624987980724],
    [BOTH, -0.0005, 0.0005, 2 / 24],
    [BOTH, 1.5, 6, 0.07625312493990366],
    [BOTH, -2, -1.5, 0.051879687409855456],
    [CUSTOM, 5, 10, 0.5],
    [CUSTOM, -Infinity, 7.5, 0.5],
    [CUSTOM, 10, Infinity, 0.25],
    ['count:0', 0, 1, NaN],
  ];
  test.each(cases)('%s from %d to %d', (text, lower, upper, want) => {
    const { value } = histogramFraction(lower, upper, h(text));
    if (Number.isNaN(want)) expect(value).toBeNaN();
    else expect(value).toBeCloseTo(want, 12);
  });

  test('inverts the quantile', () => {
    const inputs = anyHistogram.map(withFittingZeroBucket).filter((x) => x.count > 0 && x.schema >= -1 && x.zeroCount === 0);
    fc.assert(fc.property(inputs, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (x, q) => {
      const value = histogramQuantile(q, { ...x, sum: 1 }).value;
      expect(histogramFraction(-Infinity, value, { ...x, sum: 1 }).value).toBeCloseTo(q, 6);
    }));
  });
});

describe('moments', () => {
  const cases: [string, number][] = [
    ['schema:2 count:4 sum:10 buckets:[1 0 0 0 1 0 0 1 1]', 1.0787993180043811],
    ['count:10 sum:-112946 n_buckets:[0 0 1 1 1 0 1 1 0 0 3 0 0 0 1 0 0 1]', 27556.344499842],
    ['count:10 sum:-100 n_buckets:[0 0 0 0 10]', 1.3137084989848],
    ['count:2 sum:NaN buckets:[1 1]', NaN],
    ['count:2 sum:Inf buckets:[1 1]', Infinity],
    ['count:0 sum:0', NaN],
    ['schema:-53 count:4 sum:20 custom_values:[0 10] buckets:[0 4]', 0],
  ];
  test.each(cases)('standard deviation of %s', (text, want) => {
    const got = histogramStddev(h(text));
    if (Number.isFinite(want)) expect(got).toBeCloseTo(want, 6);
    else expect(got).toBe(want);
  });
  test('variance and average', () => {
    expect(histogramStdvar(h('schema:8 count:10 sum:10 buckets:[1 2 3 4]'))).toBeCloseTo(2.3971123370139447e-5, 12);
    expect(histogramAvg(h('count:4 sum:5'))).toBe(1.25);
    expect(histogramAvg(h('count:0 sum:0'))).toBeNaN();
  });
});
