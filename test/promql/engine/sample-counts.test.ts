/** Samples that a query looks at, by step, as a real Prometheus counts them (the differential test compares many more). */
import { expect, test } from 'vitest';
import type { Engine, EngineOptions } from '../../../src/promql/engine/engine-api.js';
import { createEngine } from '../../../src/promql/engine/engine.js';
import { memoryStorage } from '../../support/memory-storage.js';

const storage = memoryStorage(
  15, 'up{job="a"} 0+1x40', 'up{job="b"} 5 _ 7 stale 9', 'other{job="a"} 3x40', 'sizes {{schema:0 sum:10 count:4 buckets:[1 2 1]}}x40',
);
const OPTIONS: EngineOptions = {
  lookbackDeltaMs: 300_000, maxSamples: 1e6, maxSeries: 0, defaultEvaluationIntervalMs: 60_000, enableDelayedNameRemoval: false,
  enableExperimentalFunctions: false, enablePerStepStats: true,
};
const engine = createEngine(OPTIONS);

test.each([
  ['up', [2, 1, 2]],
  ['up + up', [4, 2, 4]],
  // A side that decides is read again, and one that nothing depends on not at all: both count once.
  ['up and other', [3, 2, 3]],
  ['up or up', [4, 2, 4]],
  ['nothing unless up', [2, 1, 2]],
  ['sum(rate(up[30s]))', [3, 3, 3]],
  // What does not depend on the step counts at every step.
  ['sum(up @ 30)', [2, 2, 2]],
  // Of a subquery only its points count.
  ['max_over_time(up[30s:15s])', [4, 3, 3]],
  ['1', [0, 0, 0]],
  // 176 bytes without buckets, of 16 a sample; 32 for a span and three buckets.
  ['sizes', [13, 13, 13]],
  ['histogram_count(sizes)', [11, 11, 11]],
  ['histogram_avg(1 < histogram_stdvar(sizes))', [11, 11, 11]],
  ['histogram_quantile(0.5, sizes unless histogram_count(sizes) == 0)', [26, 26, 26]],
])('%s', (text, expected) => {
  const { stats } = engine.query(storage, {
    text, startMs: 30_000, endMs: 60_000, stepMs: 15_000, lookbackDeltaMs: 0, stats: 'per-step', stopRequested: () => undefined,
  });
  expect([...stats.perStep!.samples]).toEqual(expected);
  expect(stats.totalQueryableSamples).toBe(expected.reduce((sum, count) => sum + count, 0));
});

test.each([
  // The samples of a selector at all steps, a histogram as many as it counts as.
  ['up', 5], ['sizes', 39], ['up @ 30', 6], ['sizes @ 30', 39],
])('%s holds at most %d samples', (text, expected) => {
  const request = { text, startMs: 30_000, endMs: 60_000, stepMs: 15_000, lookbackDeltaMs: 0, stopRequested: () => undefined };
  expect(engine.query(storage, request).stats.peakSamples).toBe(expected);
});

test.each([
  'up', 'sizes', 'sizes @ 30', 'sum by (job) (rate(up[30s]))', 'up + on (job) other', 'topk(1, up)', 'max_over_time(up[30s:15s])',
  'up or sizes', 'count_values("x", up)',
])('%s fails if and only if it may not hold its peak', (text) => {
  const request = { text, startMs: 30_000, endMs: 60_000, stepMs: 15_000, lookbackDeltaMs: 0, stopRequested: () => undefined };
  const { peakSamples } = engine.query(storage, request).stats;
  const limited = (maxSamples: number): Engine => createEngine({ ...OPTIONS, maxSamples });
  expect(() => limited(peakSamples).query(storage, request)).not.toThrow();
  expect(() => limited(peakSamples - 1).query(storage, request)).toThrow(/too many samples/);
});
