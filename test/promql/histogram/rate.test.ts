import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { ResetHint, type Histogram } from '../../../src/model/histogram.js';
import { HistogramNote } from '../../../src/promql/histogram/notes.js';
import { extrapolatedHistogramRate, instantHistogramRate, type HistogramColumns } from '../../../src/promql/histogram/rate.js';
import { detectReset, hintWhenRead } from '../../../src/promql/histogram/reset.js';
import { addHistograms } from '../../../src/promql/histogram/arithmetic.js';
import { exponentialOf, customOf, integerCounts, withFittingZeroBucket } from '../../model/histogram-arbitrary.js';
import { expectHistogram, h } from './literal.js';

/** One histogram every `stepMs` from t = 0. */
function columns(stepMs: number, ...texts: string[]): HistogramColumns {
  return { timestamps: Float64Array.from(texts, (_, i) => i * stepMs), histograms: texts.map(h) };
}

const G = 'counter_reset_hint:gauge';

describe('counter resets', () => {
  const cases: [string, string, string, boolean][] = [
    ['hint says so', 'count:5 counter_reset_hint:reset', 'count:1', true],
    ['hint says no', 'count:1 counter_reset_hint:not_reset', 'count:5', false],
    ['count fell', 'count:1', 'count:2', true],
    ['same', 'count:4 buckets:[1 2 1]', 'count:4 buckets:[1 2 1]', false],
    ['a bucket fell', 'count:5 buckets:[1 1 3]', 'count:4 buckets:[1 2 1]', true],
    ['a bucket fell, a gauge too', `count:5 buckets:[1 1 3] ${G}`, 'count:4 buckets:[1 2 1]', true],
    ['a bucket is gone', 'count:5 buckets:[5]', 'count:4 buckets:[3 1]', true],
    ['an empty bucket is gone', 'count:5 buckets:[5]', 'count:4 buckets:[4 0]', false],
    ['all buckets are gone', 'count:5', 'count:4 buckets:[4]', true],
    ['a bucket came', 'count:5 buckets:[4 0 1]', 'count:4 buckets:[4]', false],
    ['negative side', 'count:5 n_buckets:[1 1 3]', 'count:4 n_buckets:[1 2 1]', true],
    ['zero bucket fell', 'count:5 z_bucket:1 z_bucket_w:0.1', 'count:4 z_bucket:2 z_bucket_w:0.1', true],
    ['schema got finer', 'schema:1 count:5 buckets:[5]', 'schema:0 count:4 buckets:[4]', true],
    ['schema got coarser', 'schema:-1 count:5 buckets:[5]', 'schema:0 count:4 offset:-1 buckets:[1 3]', false],
    ['schema got coarser, bucket fell', 'schema:-1 count:5 buckets:[3] offset:0 n_buckets:[2]', 'schema:0 count:4 offset:-1 buckets:[1 3]', true],
    ['zero bucket got narrower', 'count:5 z_bucket:5 z_bucket_w:0.1', 'count:4 z_bucket:4 z_bucket_w:0.2', true],
    ['zero bucket got wider', 'count:5 z_bucket:3 z_bucket_w:1 offset:1 buckets:[2]', 'count:4 z_bucket:1 z_bucket_w:0.5 buckets:[2 1]', false],
    ['zero bucket got wider, too few in it', 'count:5 z_bucket:2 z_bucket_w:1 offset:1 buckets:[3]', 'count:4 z_bucket:1 z_bucket_w:0.5 buckets:[2 1]', true],
    ['zero bucket now ends in a populated bucket', 'count:5 z_bucket:5 z_bucket_w:0.75', 'count:4 z_bucket:1 z_bucket_w:0.5 buckets:[3]', true],
    ['custom after exponential', 'schema:-53 count:5 custom_values:[5] buckets:[5]', 'count:4 buckets:[4]', true],
    ['exponential after custom', 'count:5 buckets:[5]', 'schema:-53 count:4 custom_values:[5] buckets:[4]', true],
    ['custom, a bucket fell', 'schema:-53 count:5 custom_values:[5] buckets:[1 4]', 'schema:-53 count:4 custom_values:[5] buckets:[2 2]', true],
    ['custom, other bounds', 'schema:-53 count:15 custom_values:[2 3 4 6] buckets:[1 1 1 5 7]', 'schema:-53 count:15 custom_values:[2 4 6] buckets:[1 2 5 7]', false],
    ['custom, other bounds, fell between common ones', 'schema:-53 count:15 custom_values:[2 3 4 6] buckets:[1 0 1 5 8]', 'schema:-53 count:15 custom_values:[2 4 6] buckets:[1 2 5 7]', true],
  ];
  test.each(cases)('%s', (_, current, previous, want) => expect(detectReset(h(current), h(previous))).toBe(want));

  test('what only grows has none, backwards it has', () => {
    // One schema: coarser buckets that only reach out of a widened zero bucket look like a reset, as upstream.
    const exponential = exponentialOf(integerCounts, false);
    const pair = fc.oneof(
      fc.tuple(exponential, exponential).map(([a, b]) => [withFittingZeroBucket(a), withFittingZeroBucket({ ...b, schema: a.schema })] as const),
      fc.tuple(customOf(integerCounts, false), customOf(integerCounts, false)),
    );
    fc.assert(fc.property(pair, ([a, b]) => {
      const grown: Histogram = { ...addHistograms(a, b).histogram!, resetHint: ResetHint.unknown };
      expect(detectReset(grown, { ...a, resetHint: 0 })).toBe(false);
      if (b.count > 0) expect(detectReset({ ...a, resetHint: 0 }, grown)).toBe(true);
    }));
  });
});

describe('hints of selected samples', () => {
  const cases: [string, string, string | undefined, ResetHint][] = [
    ['the first', 'count:1', undefined, ResetHint.unknown],
    ['the first, said to be a reset', 'count:1 counter_reset_hint:reset', undefined, ResetHint.reset],
    ['grown', 'count:2', 'count:1', ResetHint.noReset],
    ['fallen', 'count:1', 'count:2', ResetHint.reset],
    ['fallen, though the sender denies it', 'count:1 counter_reset_hint:not_reset', 'count:2', ResetHint.reset],
    ['a gauge', `count:1 ${G}`, 'count:2', ResetHint.gauge],
    ['after a gauge', 'count:1', `count:2 ${G}`, ResetHint.unknown],
  ];
  test.each(cases)('%s', (_, current, previous, want) => expect(hintWhenRead(h(current), previous === undefined ? undefined : h(previous))).toBe(want));
});

describe('rate, increase and delta', () => {
  const SERIES = columns(15_000, ...[0, 1, 2, 3].map((i) => `schema:1 count:${12 + 9 * i} sum:${18.4 * (i + 1)} z_bucket:${2 + i} z_bucket_w:0.001 buckets:[${1 + i} ${2 + i} 0 ${1 + i} ${1 + i}]`));
  const range = (c: HistogramColumns, lo: number, hi: number, startMs: number, endMs: number, isCounter = true, isRate = false): ReturnType<typeof extrapolatedHistogramRate> =>
    extrapolatedHistogramRate(c, lo, hi, startMs, endMs, isCounter, isRate);

  test('rate over three samples, range left-open', () => {
    const { histogram, notes } = range(SERIES, 1, 4, 0, 45_000, true, true);
    expect(notes).toBe(0);
    expectHistogram(histogram, h('schema:1 count:0.6 sum:1.2266666666666666 z_bucket:0.06666666666666667 z_bucket_w:0.001 buckets:[0.06666666666666667 0.06666666666666667 0 0.06666666666666667 0.06666666666666667]'), ResetHint.gauge);
  });

  test('a reset in one bucket', () => {
    const series = columns(300_000, 'count:4 sum:5 buckets:[1 2 1]', 'count:5 sum:6 buckets:[1 1 3]', 'count:6 sum:7 buckets:[1 2 3]');
    expectHistogram(range(series, 0, 3, -300_000, 600_000).histogram, h('count:9 sum:10.5 buckets:[1.5 3 4.5]'));
  });

  test('constant buckets', () => {
    const series = columns(60_000, 'sum:1 count:1 buckets:[1]', 'sum:1 count:1 buckets:[1]');
    expectHistogram(range(series, 0, 2, -60_000, 60_000).histogram, h(''));
  });

  test('a reset after the first sample makes its layout irrelevant', () => {
    const series = columns(30_000, 'sum:1 count:1 buckets:[1]', 'schema:-53 sum:1 count:1 custom_values:[5 10] buckets:[1]');
    const { histogram, notes } = range(series, 0, 2, -30_000, 30_000, true, true);
    expect(notes).toBe(0);
    expectHistogram(histogram, h('schema:-53 sum:0.03333333333333333 count:0.03333333333333333 custom_values:[5 10] buckets:[0.03333333333333333]'));
  });

  const E = 'sum:1 count:1 buckets:[1]';
  const C = 'schema:-53 sum:1 count:1 custom_values:[5 10] buckets:[1]';
  const notes: [string, string[], boolean, number, boolean][] = [
    ['mixed schemas in the middle', [C, E, C], true, HistogramNote.mixedSchemas, false],
    ['mixed schemas at the end', [E, E, C], true, HistogramNote.mixedSchemas, false],
    ['delta of mixed schemas', [E, C], false, HistogramNote.mixedSchemas, false],
    ['rate of gauges', [`${E} ${G}`, `${E} ${G}`], true, HistogramNote.notCounter, true],
    ['rate with a gauge in the middle', [E, `${E} ${G}`, E], true, HistogramNote.notCounter, true],
    ['delta of counters', [E, E], false, HistogramNote.notGauge, true],
    ['delta of gauges', [`${E} ${G}`, `${E} ${G}`], false, 0, true],
    ['bounds reconciled', [C, 'schema:-53 sum:1 count:1 custom_values:[5] buckets:[1]'], true, HistogramNote.reconciledSubtraction, true],
    ['hints do not collide in a rate', [`${E} counter_reset_hint:reset`, `${E} counter_reset_hint:not_reset`], true, 0, true],
    ['one sample', [E], true, 0, false],
  ];
  test.each(notes)('%s', (_, texts, isCounter, want, hasResult) => {
    const got = range(columns(30_000, ...texts), 0, texts.length, -30_000, 60_000, isCounter);
    expect(got.notes).toBe(want);
    expect(got.histogram !== undefined).toBe(hasResult);
  });

  test('a float among them', () => {
    const series = { timestamps: Float64Array.of(0, 1000), histograms: [h(E), undefined] };
    expect(range(series, 0, 2, -1000, 1000)).toStrictEqual({ histogram: undefined, notes: HistogramNote.mixedFloats });
  });

  test('mixed schemas come down to the coarsest', () => {
    const series = columns(60_000, 'schema:1 count:1 buckets:[0 1]', 'schema:0 count:2 buckets:[0 2]', 'schema:1 count:3 buckets:[0 0 3] counter_reset_hint:not_reset');
    expectHistogram(range(series, 0, 3, 0, 120_000).histogram, h('count:2 offset:1 buckets:[2]'));
  });

  test('not extrapolated to below zero observations', () => {
    const first = 'count:15 sum:25 buckets:[5 10]';
    const rest = Array.from({ length: 55 }, () => 'count:2490 sum:75 buckets:[15 2475]');
    const { histogram } = range(columns(60_000, first, ...rest), 0, 56, 55 * 60_000 - 90 * 60_000, 55 * 60_000);
    expectHistogram(histogram, h('count:2490 sum:50.303030303030305 buckets:[10.06060606060606 2479.939393939394]'));
  });

  test('a start time inside the range', () => {
    const starts = Float64Array.of(10_000, 10_000);
    const series = { ...columns(30_000, E, 'sum:3 count:3 buckets:[3]'), timestamps: Float64Array.of(30_000, 60_000), starts };
    expectHistogram(range(series, 0, 2, 0, 60_000).histogram, h('sum:3 count:3 buckets:[3]'));
    expectHistogram(range(series, 0, 1, 0, 30_000).histogram, h(E));
  });
});

describe('irate and idelta', () => {
  const A = 'count:2 sum:2 buckets:[1 1]';
  const B = 'count:5 sum:6 buckets:[1 4]';
  test('difference per second', () => {
    const { histogram, notes } = instantHistogramRate(columns(60_000, A, B), 1, true);
    expectHistogram(histogram, h('count:0.05 sum:0.06666666666666667 offset:1 buckets:[0.05]'), ResetHint.gauge);
    expect(notes).toBe(0);
  });
  test('after a reset the last one counts in full', () => {
    expectHistogram(instantHistogramRate(columns(1000, B, A), 1, true).histogram, h(A));
    const delta = instantHistogramRate(columns(1000, B, A), 1, false);
    expectHistogram(delta.histogram, h('count:-3 sum:-4 offset:1 buckets:[-3]'));
    expect(delta.notes).toBe(HistogramNote.notGauge);
  });
  test('bounds are reconciled', () => {
    const series = columns(60_000, 'schema:-53 sum:55 count:15 custom_values:[2 4 6] buckets:[1 2 5 7]', 'schema:-53 sum:555 count:450 custom_values:[1 2 3 4 5 6 7 8] buckets:[10 20 30 40 50 60 70 80 90]');
    const { histogram, notes } = instantHistogramRate(series, 1, true);
    expectHistogram(histogram, h('schema:-53 sum:8.333333333333334 count:7.25 custom_values:[2 4 6] buckets:[0.48333333333333334 1.1333333333333333 1.75 3.8833333333333333]'));
    expect(notes).toBe(HistogramNote.reconciledSubtraction);
  });
});
