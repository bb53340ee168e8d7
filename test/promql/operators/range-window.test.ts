/** The two cursors against the dullest windows: filtering the whole series at every step. */
import fc from 'fast-check';
import { RegexBudget } from '../../../src/model/regex-limits.js';
import { describe, expect, test } from 'vitest';
import { Labels } from '../../../src/model/labels.js';
import { Annotations } from '../../../src/promql/engine/annotations.js';
import { QueryLimits } from '../../../src/promql/engine/limits.js';
import type { EvalFrame } from '../../../src/promql/engine/query-context.js';
import { StepColumn } from '../../../src/promql/engine/step-column.js';
import { stepGrid } from '../../../src/promql/engine/step-grid.js';
import { RateFunction } from '../../../src/promql/functions/rate.js';
import { extrapolatedRate } from '../../../src/promql/functions/window-stats.js';
import { RangeSamples } from '../../../src/promql/operators/range-samples.js';
import { subqueryGrid } from '../../../src/promql/operators/range-source.js';
import { WindowWalker } from '../../../src/promql/operators/range-window.js';
import { PLAIN_ENGINE } from '../../support/query.js';

function frameOf(startMs: number, endMs: number, stepMs: number): EvalFrame {
  const grid = stepGrid(startMs, endMs, stepMs);
  return {
    grid,
    buckets: 'read',
    query: {
      options: PLAIN_ENGINE, limits: new QueryLimits(1e9, 0, () => undefined), annotations: new Annotations(''),
      lookbackMs: 300_000, queryGrid: grid, queryEndMs: endMs, isRangeQuery: true, nativeBucketSeries: false, regexes: new RegexBudget(),
    },
  };
}

const arbitraryCase = fc.record({
  gaps: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }),
  values: fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(NaN)), { minLength: 60, maxLength: 60 }),
  startMs: fc.integer({ min: -100, max: 300 }),
  spanMs: fc.integer({ min: 0, max: 900 }),
  stepMs: fc.integer({ min: 1, max: 120 }),
  rangeMs: fc.integer({ min: 1, max: 300 }),
  offsetMs: fc.integer({ min: -200, max: 200 }),
  atMs: fc.option(fc.integer({ min: 0, max: 900 }), { nil: undefined }),
});

function samplesOf(gaps: readonly number[], values: readonly number[]): RangeSamples {
  const samples = new RangeSamples();
  let time = 0;
  samples.timestamps = Float64Array.from(gaps, (gap) => (time += gap));
  samples.values = Float64Array.from(values.slice(0, gaps.length));
  samples.length = gaps.length;
  return samples;
}

describe('windows', () => {
  test('hold exactly the samples in (t - range, t]', () => {
    fc.assert(fc.property(arbitraryCase, ({ gaps, values, startMs, spanMs, stepMs, rangeMs, offsetMs, atMs }) => {
      const frame = frameOf(startMs, startMs + spanMs, stepMs);
      const samples = samplesOf(gaps, values);
      const shift = { offsetMs, atMs };
      const seen: string[] = [];
      const expected: string[] = [];
      new WindowWalker(frame, { rangeMs, shift, series: () => [], load: () => {} }).walk(
        samples, { evaluate: (_, window) => void seen.push(`${window.step}: ${samples.timestamps.slice(window.lo, window.hi).join()}`) }, new StepColumn(frame.grid.count),
      );
      for (let step = 0; step < frame.grid.count; step++) {
        const end = (atMs ?? startMs + step * stepMs) - offsetMs;
        const inside = samples.timestamps.filter((t) => t > end - rangeMs && t <= end);
        if (inside.length > 0) expected.push(`${step}: ${inside.join()}`);
      }
      expect(seen).toEqual(expected);
    }));
  });

  test('rate with resets found once per series equals rate with resets found per window', () => {
    fc.assert(fc.property(arbitraryCase, fc.constantFrom('rate', 'increase', 'delta'), (one, kind) => {
      const frame = frameOf(one.startMs, one.startMs + one.spanMs, one.stepMs);
      const samples = samplesOf(one.gaps, one.values);
      const fn = new RateFunction(kind as 'rate' | 'increase' | 'delta', frame.query, { start: 0, end: 0 });
      const shift = { offsetMs: one.offsetMs, atMs: one.atMs };
      const out = new StepColumn(frame.grid.count);
      const expected = new StepColumn(frame.grid.count);
      const walker = new WindowWalker(frame, { rangeMs: one.rangeMs, shift, series: () => [], load: () => {} });
      fn.begin({ labels: Labels.EMPTY, dropName: false }, samples);
      walker.walk(samples, fn, out);
      walker.walk(samples, {
        evaluate: (all, w, column) => {
          if (w.hi - w.lo < 2) return;
          column.setFloat(w.step, extrapolatedRate(all.timestamps, all.values, w.lo, w.hi, w.startMs, w.endMs, kind !== 'delta', kind === 'rate'));
        },
      }, expected);
      expect(out).toEqual(expected);
    }));
  });
});

test('the steps of a subquery are multiples of its step in (start - range, end]', () => {
  fc.assert(fc.property(arbitraryCase, ({ startMs, spanMs, stepMs, rangeMs, offsetMs, atMs }) => {
    const outer = stepGrid(startMs, startMs + spanMs, stepMs);
    const inner = subqueryGrid(outer, { offsetMs, atMs }, rangeMs, 25);
    const first = (atMs ?? outer.startMs) - offsetMs - rangeMs;
    const last = (atMs ?? outer.endMs) - offsetMs;
    const expected: number[] = [];
    for (let t = Math.floor(first / 25) * 25 - 25; t <= last; t += 25) if (t > first) expected.push(t);
    expect(Array.from({ length: inner.count }, (_, i) => inner.startMs + i * 25)).toEqual(expected);
  }));
});
