/** A query stops soon after it is told to, whatever it is doing: it asks often, by its own count of work, and goes no further. */
import { expect, test } from 'vitest';
import { createEngine } from '../../../src/promql/engine/engine.js';
import type { Queryable } from '../../../src/storage/queryable.js';
import { PLAIN_ENGINE } from '../../support/query.js';
import { memoryStorage } from '../../support/memory-storage.js';

const storage = memoryStorage(1, 'm{s="1"} 0+1x3000', ...Array.from({ length: 300 }, (_, i) => `many{s="${i}"} ${i}+1x400`),
  ...Array.from({ length: 300 }, (_, i) => `b_bucket{le="${i}"} ${i}+1x400`));

/** Runs a query until the n-th poll asks it to stop. */
function run(text: string, stopAt: number): { polls: number; error: unknown } {
  let polls = 0;
  try {
    createEngine({ ...PLAIN_ENGINE, maxSamples: 1e9 }).query(storage, {
      text, startMs: 0, endMs: 3_000_000, stepMs: 1000, lookbackDeltaMs: 0,
      stopRequested: () => (++polls >= stopAt ? 'canceled' : undefined),
    });
    return { polls, error: undefined };
  } catch (error) {
    return { polls, error };
  }
}

test.each<[what: string, text: string, pollsMin: number]>([
  // 3,000 windows of up to 3,000 samples: 4.5 million values.
  ['overlapping windows of one series', 'stddev_over_time(m{s="1"}[1h])', 20],
  ['overlapping windows of a subquery', 'max_over_time(m{s="1"}[1h:1s])', 20],
  ['the windows of a window', 'sum_over_time(min_over_time(m[50m])[50m:1s])', 40],
  ['sorting all series at each step', 'quantile(0.5, many)', 300 + 10],
  ['the buckets of one histogram', 'histogram_quantile(0.5, b_bucket)', 300 + 1],
])('polls during %s', (_what, text, pollsMin) => {
  const { polls, error } = run(text, Infinity);
  expect(error).toBeUndefined();
  expect(polls).toBeGreaterThanOrEqual(pollsMin);
  // Told to stop at any poll, it does not ask again.
  for (const stopAt of [1, 2, Math.floor(polls / 2), polls]) {
    expect(run(text, stopAt)).toMatchObject({ polls: stopAt, error: { code: 'canceled' } });
  }
});

/** One step over many series: it is their labels that take the time. */
const CROWD = 8_000;
const crowd = memoryStorage(1, ...Array.from({ length: CROWD }, (_, i) => `crowd{s="${i}"} ${i}`));

/** How often an instant query had polled at each of its reads of samples. */
function pollsAtReads(text: string): number[] {
  const atReads: number[] = [];
  let polls = 0;
  const storage: Queryable = {
    labelNames: () => [],
    labelValues: () => [],
    select: (matchers, mint, maxt) => crowd.select(matchers, mint, maxt).map((series) => ({
      labels: series.labels,
      read: (out, from, to) => {
        atReads.push(polls);
        series.read(out, from, to);
      },
    })),
  };
  createEngine({ ...PLAIN_ENGINE, enableExperimentalFunctions: true }).query(storage, {
    text, startMs: 0, endMs: 0, stepMs: 0, lookbackDeltaMs: 0,
    stopRequested: () => {
      polls++;
      return undefined;
    },
  });
  return atReads;
}

/** Labels are read with a poll for 400, and handled with one for 2,000. */
const READ = CROWD / 400;
const HANDLED = CROWD / 2_000;
test.each<[text: string, pollsMin: number]>([
  ['crowd', READ], ['sort_by_label(crowd, "s")', READ + HANDLED], ['topk(8000, crowd)', READ + HANDLED],
  ['sum by (s) (crowd)', READ + HANDLED], ['limitk(1, crowd)', READ + HANDLED], ['crowd + crowd', 2 * (READ + HANDLED)],
  ['crowd or crowd', 2 * (READ + HANDLED)], ['-crowd', READ + HANDLED], ['crowd * 2', READ + HANDLED], ['abs(crowd)', READ + HANDLED],
  ['label_replace(crowd, "x", "$1", "s", "(.*)")', READ + HANDLED], ['rate(crowd[1m])', READ + HANDLED],
])('polls while it works out the series of %s', (text, pollsMin) => {
  expect(pollsAtReads(text)[0]).toBeGreaterThanOrEqual(pollsMin);
});

test('polls while it sorts by value', () => {
  const polls = pollsAtReads('sort(-crowd)');
  expect(polls[CROWD]! - polls[CROWD - 1]!).toBeGreaterThanOrEqual(2);
});
