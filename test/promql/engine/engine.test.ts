import { describe, expect, test } from 'vitest';
import { QueryError } from '../../../src/promql/engine/engine-api.js';
import { memoryStorage } from '../../support/memory-storage.js';
import { ask, instant, lines, range } from '../../support/query.js';

const storage = memoryStorage(15,
  'up{job="a"} 0+1x40', 'up{job="b"} 5 _ 7 stale 9', 'other{job="a"} 3x40', 'requests_total{job="a"} 0+15x40',
);

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof QueryError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no failure';
}

describe('results', () => {
  const cases: readonly (readonly [string, string[]])[] = [
    ['up', ['up{job="a"} 2@30', 'up{job="b"} 7@30']],
    ['1 + 2', ['3']],
    ['"text"', ['text']],
    ['up{job="a"}[30s]', ['up{job="a"} 1@15 2@30']],
    ['up{job="b"}[40s]', ['up{job="b"} 5@0 7@30']],
    ['-up', ['{job="a"} -2@30', '{job="b"} -7@30']],
    ['up * on (job) other', ['{job="a"} 6@30']],
    ['sum(up)', ['{} 9@30']],
    ['rate(requests_total[30s])', ['{job="a"} 1@30']],
    ['nothing', []],
    ['vector(1)', ['{} 1@30']],
    ['label_replace(up, "x", "$1-$1", "job", "(.)")', ['up{job="a", x="a-a"} 2@30', 'up{job="b", x="b-b"} 7@30']],
  ];
  test.each(cases)('%s', (query, expected) => {
    expect(lines(instant(storage, query, 30))).toEqual(expected);
  });

  test('a range query sorts by labels and leaves out gaps', () => {
    expect(lines(range(storage, '{__name__=~"up|other"}', 30, 60, 15))).toEqual([
      'other{job="a"} 3@30 3@45 3@60', 'up{job="a"} 2@30 3@45 4@60', 'up{job="b"} 7@30 9@60',
    ]);
  });

  test('the last step lies before an end that is no multiple of the step', () => {
    expect(lines(range(storage, 'time()', 0, 50, 20))).toEqual(['{} 0@0 20@20 40@40']);
    expect(lines(range(storage, 'vector(end()) - vector(start())', 0, 50, 20, { enableExperimentalFunctions: true }))).toEqual([
      '{} 50@0 50@20 50@40',
    ]);
  });

  test('a lookback of the request overrides the engine', () => {
    const request = { text: 'up{job="b"}', startMs: 61_000, endMs: 61_000, stepMs: 0 };
    expect(lines(ask(storage, request))).toEqual(['up{job="b"} 9@61']);
    expect(lines(ask(storage, { ...request, lookbackDeltaMs: 1000 }))).toEqual([]);
  });
});

describe('factors of double_exponential_smoothing', () => {
  const smooth = (sf: string, tf: string): string =>
    failure(() => instant(storage, `double_exponential_smoothing(other[1m], ${sf}, ${tf})`, 60, { enableExperimentalFunctions: true }));
  test.each([
    ['0', '0.5', 'execution: invalid smoothing factor. Expected: 0 < sf < 1, got: 0.000000'],
    ['0.5', '1.5', 'execution: invalid trend factor. Expected: 0 < tf < 1, got: 1.500000'],
    ['Inf', '0', 'execution: invalid smoothing factor. Expected: 0 < sf < 1, got: +Inf'],
    // NaN is neither too small nor too large.
    ['NaN', '0.5', 'no failure'],
    ['NaN', '1', 'execution: invalid trend factor. Expected: 0 < tf < 1, got: 1.000000'],
  ])('%s and %s: %s', (sf, tf, expected) => {
    expect(smooth(sf, tf)).toBe(expected);
  });
});

test('a subquery without steps evaluates nothing, not even what is the same at every step', () => {
  const text = (range: string): string => `sum_over_time((up @ 5 + on () up @ 5)[${range}] @ 35)`;
  expect(lines(instant(storage, text('10s:1m'), 30))).toEqual([]);
  expect(failure(() => instant(storage, text('40s:1m'), 30))).toContain('many-to-many matching not allowed');
});

test('info evaluates its argument also where no info series is there', () => {
  const text = 'info(up + on () up, {version="1"})';
  expect(failure(() => instant(storage, text, 30, { enableExperimentalFunctions: true }))).toContain('many-to-many matching not allowed');
});

describe('names removed at once', () => {
  test('equal label sets are one series if they take turns', () => {
    const turns = memoryStorage(300, 'a{x="1"} 1 stale _', 'b{x="1"} _ 2 3');
    expect(lines(range(turns, 'abs({x="1"})', 0, 600, 300))).toEqual(['{x="1"} 1@0 2@300 3@600']);
  });

  test('and an error if they do not', () => {
    expect(failure(() => instant(storage, 'abs({job="a"})', 30))).toBe(
      'execution: vector cannot contain metrics with the same labelset',
    );
  });

  test('aggregations see the series without names', () => {
    expect(lines(instant(storage, 'count by (__name__) (abs(up))', 30))).toEqual(['{} 2@30']);
    expect(lines(instant(storage, 'count by (__name__) (abs(up))', 30, { enableDelayedNameRemoval: true }))).toEqual(['{} 2@30']);
    expect(lines(instant(storage, 'count by (__name__) ({job="a"})', 30))).toEqual([
      'up 1@30', 'other 1@30', 'requests_total 1@30',
    ]);
  });
});

describe('failures', () => {
  test('a range vector is no range query', () => {
    expect(failure(() => range(storage, 'up[1m]', 0, 60, 15))).toBe(
      'bad_data: invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    );
    expect(failure(() => range(storage, '"x"', 0, 60, 15))).toBe(
      'bad_data: invalid expression type "string" for range query, must be Scalar or instant Vector',
    );
  });

  test('too many samples', () => {
    const message = 'execution: query processing would load too many samples into memory in query execution';
    expect(failure(() => range(storage, 'up', 0, 600, 1, { maxSamples: 500 }))).toBe(message);
    expect(failure(() => range(storage, 'up', 0, 600, 15, { maxSamples: 500 }))).toBe('no failure');
    expect(failure(() => instant(storage, 'rate(requests_total[10m])', 600, { maxSamples: 10 }))).toBe(message);
  });

  test('a subquery of too many steps fails before it takes memory', () => {
    const message = 'execution: query processing would load too many samples into memory in query execution';
    expect(failure(() => instant(storage, 'max_over_time(up[100y:1ms])', 600))).toBe(message);
  });

  test('a hostile regular expression in label_replace is refused', () => {
    const query = `label_replace(up, "x", "$1", "job", "(${'(a{0,900}){0,900}'.repeat(8)})")`;
    expect(failure(() => instant(storage, query, 0))).toMatch(/^execution: invalid regular expression in label_replace/);
  });

  test('too many series', () => {
    expect(failure(() => instant(storage, '{job=~"a|b"}', 0, { maxSeries: 3 }))).toBe('execution: query selects too many series: 4 of at most 3');
    expect(failure(() => instant(storage, 'up', 0, { maxSeries: 2 }))).toBe('no failure');
  });

  test.each([
    ['timeout', 'timeout: query timed out in expression evaluation'],
    ['canceled', 'canceled: query was canceled in expression evaluation'],
  ] as const)('%s', (reason, expected) => {
    let polls = 0;
    const stopRequested = (): 'canceled' | 'timeout' | undefined => (++polls > 3 ? reason : undefined);
    expect(failure(() => ask(storage, { text: 'sum(rate({job=~".+"}[1m]))', startMs: 0, endMs: 600_000, stepMs: 15_000, stopRequested }))).toBe(expected);
  });

  test.each([
    ['topk(NaN, up)', 'execution: Parameter value is NaN'],
    ['topk(1e30, up)', 'execution: Scalar value 1e+30 overflows int64'],
    ['label_replace(up, "", "$1", "job", "(.+)")', 'execution: invalid destination label name in label_replace(): '],
    ['label_replace(up, "x", "$1", "job", "(")', 'execution: invalid regular expression in label_replace(): ('],
    ['up + on (job) {job="a"}', 'execution: found duplicate series for the match group {job="a"} on the right hand-side of the operation: [{__name__="other", job="a"}, {__name__="requests_total", job="a"}];many-to-many matching not allowed: matching labels must be unique on one side'],
  ])('%s', (query, expected) => {
    expect(failure(() => instant(memoryStorage(15, 'up{job="a"} 1 1', 'other{job="a"} 1 1', 'requests_total{job="a"} 1 1'), query.replace('{job="a"}', '{__name__=~"other|requests_total"}'), 15))).toBe(expected);
  });
});

test('samples are counted once for each step that looks at them', () => {
  expect(instant(storage, 'up', 30).stats.totalQueryableSamples).toBe(2);
  expect(range(storage, 'up{job="a"}', 0, 60, 15).stats.totalQueryableSamples).toBe(5);
  expect(range(storage, 'sum_over_time(up{job="a"}[30s])', 30, 60, 15).stats.totalQueryableSamples).toBe(6);
});

test('samples read are counted once, however many windows they are in', () => {
  expect(range(storage, 'up{job="a"}', 0, 60, 15).stats.samplesRead).toBe(5);
  expect(range(storage, 'sum_over_time(up{job="a"}[30s])', 30, 60, 15).stats.samplesRead).toBe(4);
});

test('an unused step-invariant part is evaluated once', () => {
  const outcome = range(storage, 'sum_over_time(up{job="a"}[30s] @ 30)', 0, 600, 15);
  expect(outcome.stats.totalQueryableSamples).toBe(2);
  expect(lines(outcome)[0]).toMatch(/^\{job="a"\} 3@0 3@15 /);
});
