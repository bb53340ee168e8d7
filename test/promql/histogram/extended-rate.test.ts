import { describe, expect, test } from 'vitest';
import { ResetHint } from '../../../src/model/histogram.js';
import { extendedHistogramRate, interpolateHistogramAt } from '../../../src/promql/histogram/extended-rate.js';
import { HistogramNote } from '../../../src/promql/histogram/notes.js';
import type { HistogramColumns } from '../../../src/promql/histogram/rate.js';
import { expectHistogram, h } from './literal.js';

function columns(stepMs: number, ...texts: string[]): HistogramColumns {
  return { timestamps: Float64Array.from(texts, (_, i) => i * stepMs), histograms: texts.map(h) };
}

const COUNTER = columns(15_000, ...[1, 2, 3, 4, 5].map((n) => `count:${n} sum:${n} buckets:[${n}] offset:1`));
const RESET = columns(15_000, 'count:4 sum:4 buckets:[4]', 'count:6 sum:6 buckets:[6]', 'count:2 sum:2 buckets:[2]', 'count:3 sum:3 buckets:[3]');

describe('anchored and smoothed increase of histograms', () => {
  test('anchored', () => {
    const { histogram, notes } = extendedHistogramRate(COUNTER, 0, 4, -10_000, 50_000, true, false, false);
    expectHistogram(histogram, h('count:3 sum:3 buckets:[3] offset:1'), ResetHint.gauge);
    expect(notes).toBe(0);
  });

  test('smoothed', () => {
    const { histogram } = extendedHistogramRate(COUNTER, 0, 5, -10_000, 50_000, true, false, true);
    expectHistogram(histogram, h('count:3.3333333333333335 sum:3.3333333333333335 buckets:[3.3333333333333335] offset:1'));
  });

  test('a reset inside, anchored: what was lost is added back', () => {
    expectHistogram(extendedHistogramRate(RESET, 0, 4, 0, 45_000, true, false, false).histogram, h('count:5 sum:5 buckets:[5]'));
  });

  test('a reset that the left end is interpolated across counts once', () => {
    // At 20 s a third of 2 has been counted since the reset; at 45 s there are 3.
    const { histogram } = extendedHistogramRate(RESET, 1, 4, 20_000, 45_000, true, false, true);
    expectHistogram(histogram, h('count:2.3333333333333335 sum:2.3333333333333335 buckets:[2.3333333333333335]'));
  });

  test('nothing after the start, mixed schemas, wrong kinds', () => {
    expect(extendedHistogramRate(COUNTER, 0, 2, 15_000, 20_000, true, false, false)).toStrictEqual({ histogram: undefined, notes: 0 });
    const mixed = columns(1000, 'count:1 buckets:[1]', 'schema:-53 count:1 custom_values:[5] buckets:[1]');
    expect(extendedHistogramRate(mixed, 0, 2, 0, 1000, true, false, false).notes).toBe(HistogramNote.mixedSchemas);
    expect(extendedHistogramRate(COUNTER, 0, 2, 0, 15_000, false, false, false).notes).toBe(HistogramNote.notGauge);
  });

  test('interpolation', () => {
    expectHistogram(interpolateHistogramAt(COUNTER, 0, 5000, false).histogram, h('count:1.3333333333333333 sum:1.3333333333333333 buckets:[1.3333333333333333] offset:1'));
  });
});
