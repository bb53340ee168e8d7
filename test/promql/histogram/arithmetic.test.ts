import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { ResetHint, type Histogram } from '../../../src/model/histogram.js';
import { bucketRows } from '../../../src/model/histogram-buckets.js';
import { spanIndexes } from '../../../src/model/histogram-spans.js';
import {
  HistogramMean, HistogramSum, addHistograms, compactHistogram, divHistogram, equalHistograms, mulHistogram, subHistograms,
} from '../../../src/promql/histogram/arithmetic.js';
import { FloatHistogram } from '../../../src/promql/histogram/float-histogram.js';
import { HistogramNote } from '../../../src/promql/histogram/notes.js';
import { anyHistogram, customOf, exponentialOf, integerCounts, withFittingZeroBucket } from '../../model/histogram-arbitrary.js';
import { expectHistogram, h } from './literal.js';

const exponential = exponentialOf(integerCounts, false).map(withFittingZeroBucket);
const custom = customOf(integerCounts, false);
const SUB_A = 'count:41 sum:2345.6 z_bucket:5 z_bucket_w:0.001 buckets:[1 3 1 2 1 1 1] n_buckets:[0 1 4 2 7 0 0 0 0 5 5 2]';
const SUB_B = 'count:11 sum:1234.5 z_bucket:3 z_bucket_w:0.001 buckets:[0 2 1] n_buckets:[0 0 3 2]';

describe('addition and subtraction', () => {
  const additions: [string, string, string, string][] = [
    ['the coarser schema wins', 'schema:-1 sum:4 count:1 buckets:[1] offset:1', 'schema:0 sum:4 count:4 buckets:[2 2] offset:1', 'schema:-1 count:5 sum:8 offset:1 buckets:[5]'],
    ['opposite sides', 'sum:4 count:4 buckets:[1 2 1]', 'sum:-4 count:4 n_buckets:[1 2 1]', 'count:8 sum:0 buckets:[1 2 1] n_buckets:[1 2 1]'],
    ['buckets between and around', 'count:3 buckets:[1 0 0 0 2]', 'count:6 offset:-1 buckets:[1 0 2 3]', 'count:9 offset:-1 buckets:[1 1 2 3 0 2]'],
    ['the wider zero bucket wins', 'count:6 z_bucket:1 z_bucket_w:0.5 offset:1 buckets:[2 3]', 'count:7 z_bucket_w:0.25 z_bucket:1 offset:-1 buckets:[1 2 3]', 'count:13 z_bucket:3 z_bucket_w:0.5 buckets:[2 5 3]'],
    ['a threshold within a populated bucket goes on to its end', 'count:1 z_bucket_w:0.6 z_bucket:1', 'count:5 buckets:[2 3]', 'count:6 z_bucket:3 z_bucket_w:1 offset:1 buckets:[3]'],
    ['… of the other side too', 'count:1 z_bucket_w:0.6 z_bucket:1', 'count:5 buckets:[2] n_offset:1 n_buckets:[3]', 'count:6 z_bucket:3 z_bucket_w:1 n_offset:1 n_buckets:[3]'],
    ['an unpopulated bucket does not move the threshold', 'count:1 z_bucket_w:0.6 z_bucket:1', 'count:3 buckets:[0 3]', 'count:4 z_bucket:1 z_bucket_w:0.6 offset:1 buckets:[3]'],
  ];
  test.each(additions)('%s', (_, a, b, want) => {
    expectHistogram(addHistograms(h(a), h(b)).histogram, h(want));
    expectHistogram(addHistograms(h(b), h(a)).histogram, h(want));
  });

  test('subtraction of the same and of a finer schema', () => {
    const same = subHistograms(h(SUB_A), h(SUB_B));
    expectHistogram(same.histogram, h('count:30 sum:1111.1 z_bucket:2 z_bucket_w:0.001 buckets:[1 1 0 2 1 1 1] n_buckets:[0 1 1 0 7 0 0 0 0 5 5 2]'), ResetHint.gauge);
    const finer = subHistograms(h(SUB_A), h(`schema:1 ${SUB_B}`));
    expectHistogram(finer.histogram, h('count:30 sum:1111.1 z_bucket:2 z_bucket_w:0.001 buckets:[1 0 1 2 1 1 1] n_buckets:[0 -2 2 2 7 0 0 0 0 5 5 2]'));
    expect(finer.notes).toBe(0);
  });

  test('exponential and custom buckets do not mix', () => {
    const mixed = addHistograms(h('count:1 buckets:[1]'), h('schema:-53 count:1 custom_values:[5] buckets:[1]'));
    expect(mixed).toStrictEqual({ histogram: undefined, notes: HistogramNote.mixedSchemas });
  });

  const CUSTOM_A = 'schema:-53 sum:55 count:15 custom_values:[2 4 6] buckets:[1 2 5 7]';
  const CUSTOM_B = 'schema:-53 sum:555 count:450 custom_values:[1 2 3 4 5 6 7 8] buckets:[10 20 30 40 50 60 70 80 90]';
  test('different bounds of custom buckets are brought to the common ones', () => {
    const difference = subHistograms(h(CUSTOM_B), h(CUSTOM_A));
    expectHistogram(difference.histogram, h('schema:-53 sum:500 count:435 custom_values:[2 4 6] buckets:[29 68 105 233]'));
    expect(difference.notes).toBe(HistogramNote.reconciledSubtraction);
    const sum = addHistograms(h('schema:-53 sum:1 count:1 custom_values:[5] buckets:[1]'), h('schema:-53 sum:2 count:2 custom_values:[7] buckets:[1 1]'));
    expectHistogram(sum.histogram, h('schema:-53 sum:3 count:3 custom_values:[] buckets:[3]'));
    expect(sum.notes).toBe(HistogramNote.reconciledAddition);
  });

  const hints: [ResetHint, ResetHint, ResetHint, boolean][] = [
    [0, 0, 0, false], [1, 1, 1, false], [2, 2, 2, false], [3, 3, 3, false],
    [3, 1, 3, false], [2, 3, 3, false], [0, 3, 3, false], [0, 1, 0, false], [2, 0, 0, false],
    [1, 2, 0, true], [2, 1, 0, true],
  ];
  test.each(hints)('hints %d and %d give %d, collision %s', (a, b, want, collision) => {
    const sum = addHistograms({ ...h('count:1 buckets:[1]'), resetHint: a }, { ...h('count:1 buckets:[1]'), resetHint: b });
    expect(sum.histogram!.resetHint).toBe(want);
    expect(sum.notes).toBe(collision ? HistogramNote.resetCollision : 0);
  });

  test('adding and subtracting again gives the same, in the coarser layout', () => {
    fc.assert(fc.property(exponential, exponential, (a, b) => {
      const there = addHistograms({ ...a, sum: 1 }, { ...b, sum: 2 }).histogram!;
      const back = subHistograms(there, { ...b, sum: 2 }).histogram!;
      // What `a` looks like after being evened out with `b`: add an empty histogram in the layout of the sum.
      const reference = FloatHistogram.from({ ...a, sum: 1 });
      reference.widenZeroBucket(there.zeroThreshold);
      reference.reduceTo(there.schema).compact();
      expectHistogram(back, reference.toHistogram());
    }));
  });

  test('addition commutes and keeps the total', () => {
    fc.assert(fc.property(fc.oneof(fc.tuple(exponential, exponential), fc.tuple(custom, custom)), ([a, b]) => {
      const sum = addHistograms({ ...a, sum: 1 }, { ...b, sum: 2 }).histogram!;
      expectHistogram(sum, addHistograms({ ...b, sum: 2 }, { ...a, sum: 1 }).histogram!);
      expect(bucketRows(sum).counts.reduce((total, count) => total + count, 0)).toBe(a.count + b.count);
    }));
  });
});

describe('scaling', () => {
  const H = 'count:30 sum:33 z_bucket:3 z_bucket_w:0.001 buckets:[3 3 3] n_buckets:[6 6 6]';
  test('mul and div', () => {
    expectHistogram(mulHistogram(h(H), 3), h('count:90 sum:99 z_bucket:9 z_bucket_w:0.001 buckets:[9 9 9] n_buckets:[18 18 18]'), 0);
    expectHistogram(divHistogram(h(H), -3), h('count:-10 sum:-11 z_bucket:-1 z_bucket_w:0.001 buckets:[-1 -1 -1] n_buckets:[-2 -2 -2]'), ResetHint.gauge);
    expectHistogram(mulHistogram(h(H), 0), h('z_bucket_w:0.001'));
  });
  test('dividing by zero leaves infinite totals', () => {
    expectHistogram(divHistogram(h(H), 0), h('count:Inf sum:Inf z_bucket_w:0.001 z_bucket:Inf'));
    expectHistogram(divHistogram(mulHistogram(h(H), 0), 0), h('count:NaN sum:NaN z_bucket_w:0.001 z_bucket:NaN'));
  });
});

describe('compacting and comparing', () => {
  test('compact drops empty buckets only', () => {
    fc.assert(fc.property(anyHistogram, (x) => {
      const compact = compactHistogram(x);
      expectHistogram(compact, { ...x, float: true });
      expect(compact.positiveBuckets.includes(0)).toBe(false);
      expect(compact.positiveSpans.every((span, i) => span.length > 0 && (i === 0 || span.offset > 0))).toBe(true);
      expect(equalHistograms(compactHistogram(compact), compact)).toBe(true);
    }));
  });

  test('equal to itself, whatever the spans; not to anything changed', () => {
    fc.assert(fc.property(anyHistogram, (x) => {
      const split = x.positiveSpans.flatMap((span) => [{ offset: span.offset, length: 1 }, { offset: 0, length: 0 }, { offset: 0, length: span.length - 1 }]);
      expect(spanIndexes(split)).toStrictEqual(spanIndexes(x.positiveSpans));
      expect(equalHistograms(x, { ...x, positiveSpans: split })).toBe(true);
      expect(equalHistograms(x, { ...x, resetHint: 3 })).toBe(true);
      for (const changed of [{ count: -1 }, { zeroCount: -1 }, { sum: 0.125 }, { schema: 9 }, { zeroThreshold: 7 }, { positiveBuckets: [...x.positiveBuckets, 1] }]) {
        expect(equalHistograms(x, { ...x, ...changed })).toBe('sum' in changed && x.sum === 0.125);
      }
    }));
  });
});

function sumOf(histograms: Histogram[]): HistogramSum {
  const sum = new HistogramSum();
  for (const x of histograms) sum.add(x);
  return sum;
}

function meanOf(histograms: Histogram[]): HistogramMean {
  const mean = new HistogramMean();
  for (const x of histograms) mean.add(x);
  return mean;
}

describe('sums and means', () => {
  const SERIES_4 = ['5.3', '1e100', '1', '-1e100', '2', '1e50', '-1e50'].map((sum, i) => h(`count:${i + 1} sum:${sum}`));
  test('small terms between large ones survive', () => {
    expectHistogram(sumOf(SERIES_4).result(), h('count:28 sum:8.3'));
    expectHistogram(meanOf(SERIES_4).result(), h('count:4 sum:1.1857142857142857'));
  });

  test('a mean whose sum overflows', () => {
    const counts = ['1.7976931348623157e308', '1e308', '1e-6', '1e-6', '1e-6', '1e-6', '1e-6'];
    const sums = ['5.3', '1e100', '1', '-1e100', '2', '0', '0'];
    const series = counts.map((count, i) => h(`count:${count} sum:${sums[i]!}`));
    expectHistogram(sumOf(series).result(), h('count:Inf sum:8.3'));
    expectHistogram(meanOf(series).result(), h('count:3.9967044783747367e307 sum:1.1857142857142857'));
  });

  test('buckets are compensated too, across schemas and thresholds', () => {
    const series = [h('count:3 buckets:[1 1e100 1]'), h('schema:1 count:3 offset:1 buckets:[1 0 0 3]'), h('count:1 buckets:[0 -1e100]'), h('z_bucket_w:0.001')];
    expectHistogram(sumOf(series).result(), h('count:7 z_bucket_w:0.001 buckets:[1 1 4]'));
  });

  test('notes of all inputs together', () => {
    const one = h('count:1 buckets:[1]');
    const sum = sumOf([{ ...one, resetHint: 3 }, { ...one, resetHint: 2 }, { ...one, resetHint: 1 }]);
    expect(sum.result()!.resetHint).toBe(ResetHint.gauge);
    expect(sum.notes).toBe(HistogramNote.resetCollision);
    const nhcb = meanOf([h('schema:-53 sum:1 count:1 custom_values:[5] buckets:[1]'), h('schema:-53 sum:1 count:1 custom_values:[5 10] buckets:[1]')]);
    expectHistogram(nhcb.result(), h('schema:-53 sum:1 count:1 custom_values:[5] buckets:[1]'));
    expect(nhcb.notes).toBe(HistogramNote.reconciledAddition);
    const mixed = meanOf([one, h('schema:-53 custom_values:[5]'), one]);
    expect(mixed.result()).toBeUndefined();
    expect(mixed.notes).toBe(HistogramNote.mixedSchemas);
  });

  test('agree with repeated addition', () => {
    const histograms = fc.array(exponential, { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(histograms, (list) => {
      const inputs = list.map((x, i) => ({ ...x, sum: i }));
      const plain = inputs.reduce((sum, x) => addHistograms(sum, x).histogram!);
      expectHistogram(sumOf(inputs).result(), plain);
      expectHistogram(meanOf(inputs).result(), divHistogram(plain, inputs.length));
    }));
  });

  test('inputs are not changed', () => {
    fc.assert(fc.property(exponential, exponential, (a, b) => {
      const before = structuredClone([a, b]);
      addHistograms(a, b);
      subHistograms(a, b);
      sumOf([a, b, a]).result();
      meanOf([b, a]).result();
      expect([a, b]).toStrictEqual(before);
    }));
  });
});
