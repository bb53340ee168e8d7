/** Which warnings and infos an answer has, and the places that they name. */
import { describe, expect, test } from 'vitest';
import { memoryStorage } from '../../support/memory-storage.js';
import { instant, lines, range } from '../../support/query.js';

const storage = memoryStorage(15,
  'b{le="1"} 1x10', 'b{le="+Inf"} 2x10', 'plain 3x10', 'h {{schema:0 count:4 sum:4 buckets:[1 2 1]}}x10',
  'falls{le="1"} 2x10', 'falls{le="2"} 1x10', 'falls{le="+Inf"} 4x10', 'falls2{le="1"} 3x10', 'falls2{le="2"} 1x10', 'falls2{le="+Inf"} 4x10',
);

function notes(text: string, options = {}): string[] {
  const { warnings, infos } = range(storage, text, 60, 90, 15, { enableExperimentalFunctions: true, ...options });
  return [...warnings, ...infos].map((note) => note.replace(/^PromQL (\w)\w+: /, '$1 '));
}

describe('one text has one place: where upstream says it last', () => {
  test.each<[string, string[]]>([
    ['histogram_quantile(2, b) + histogram_quantile(2, b)', ['w quantile value should be between 0 and 1, got 2 (1:47)']],
    // The outer function comes after its operand, though its place is further left.
    ['histogram_quantile(2, histogram_quantile(2, b))', [
      'w quantile value should be between 0 and 1, got 2 (1:20)', 'w bucket label "le" is missing or has a malformed value of "" (1:23)',
    ]],
    ['quantile_over_time(2, plain[1m]) + quantile(2, plain)', ['w quantile value should be between 0 and 1, got 2 (1:45)']],
    // A subquery is evaluated before the other arguments.
    ['quantile_over_time(scalar(quantile(2, plain)), quantile(2, plain)[1m:15s])', [
      'w quantile value should be between 0 and 1, got 2 (1:36)',
      'w quantile value should be between 0 and 1, got +Inf (1:20)',
    ]],
    ['max(max(h))', ['i ignored histogram in max aggregation (1:9)']],
    ['max(h) + max(h)', ['i ignored histogram in max aggregation (1:14)']],
    // What a function says of a subquery has the place 1:1, and counts as the function's all the same.
    ['rate(sum_over_time(plain[30s])[1m:15s]) + rate(plain[1m])', [
      'i metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "plain" (1:48)',
    ]],
  ])('%s', (text, expected) => {
    expect(notes(text).sort()).toEqual([...expected].sort());
  });

  test('topk and bottomk name their own place, other aggregations what they aggregate', () => {
    expect(notes('topk(1, h)')).toEqual(['i ignored histogram in topk aggregation (1:1)']);
    expect(notes('abs(bottomk(1, h))')).toEqual(['i ignored histogram in bottomk aggregation (1:5)']);
    expect(notes('min(h)')).toEqual(['i ignored histogram in min aggregation (1:5)']);
  });

  test('parentheses around arguments are passed over', () => {
    expect(notes('max((((h))))')).toEqual(['i ignored histogram in max aggregation (1:8)']);
    expect(notes('histogram_quantile((2), ((b)))')).toEqual(['w quantile value should be between 0 and 1, got 2 (1:21)']);
  });
});

describe('quantiles and ratios that are none', () => {
  test('a function tells each value, an aggregation the largest and the smallest', () => {
    const vary = '(time() - 73)';
    expect(notes(`histogram_quantile(scalar(vector${vary}), b)`).map((note) => /got (\S+)/.exec(note)![1])).toEqual(['-13', '2', '17']);
    expect(notes(`quantile(scalar(vector${vary}), plain)`).map((note) => /got (\S+)/.exec(note)![1])).toEqual(['17', '-13']);
    // NaN is larger and smaller than all others.
    expect(notes('quantile(scalar(plain and on () (vector(time()) < 80)) * 2, plain)')).toEqual([
      'w quantile value should be between 0 and 1, got NaN (1:10)',
    ]);
    expect(notes(`limit_ratio(scalar(vector${vary}), plain)`).map((note) => /got (\S+),/.exec(note)![1])).toEqual(['17', '-13']);
  });
});

test('a wrong quantile is told also where there is nothing to aggregate', () => {
  expect(notes('quantile(2, nothing)')).toEqual(['w quantile value should be between 0 and 1, got 2 (1:10)']);
});

test('quantile_over_time points to the quantile, whatever it says', () => {
  const mixed = memoryStorage(15, 'm {{schema:0 count:4 sum:4 buckets:[4]}}x4 1x10');
  expect(range(mixed, 'quantile_over_time(0.5, m[2m])', 90, 90, 15).infos).toEqual([
    'PromQL info: ignored histograms in a range containing both floats and histograms for metric name "m" (1:20)',
  ]);
});

test('an aggregation names the metric whose histogram does not fit', () => {
  const mixed = memoryStorage(15, 'm {{schema:0 count:4 sum:4 buckets:[4]}}x10', 'n {{schema:-53 count:4 sum:4 custom_values:[1] buckets:[4]}}x10');
  const text = 'PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "n" (1:5)';
  expect(range(mixed, 'sum({__name__=~"m|n"})', 60, 90, 15).warnings).toEqual([text]);
  expect(range(mixed, 'avg({__name__=~"m|n"})', 60, 90, 15).warnings).toEqual([text]);
});

describe('raised bucket counts are told once', () => {
  test('with the place of the first, and all bounds and times', () => {
    expect(notes('histogram_quantile(0.5, falls) + histogram_quantile(0.5, falls2)')).toEqual([
      'i input to histogram_quantile needed to be fixed for monotonicity (see ' +
      'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile), from buckets 2 to 2, with a max diff of 2, ' +
      'over 6 samples from 1970-01-01T00:01:00Z to 1970-01-01T00:01:30Z (1:25)',
    ]);
  });
});

describe('metric names in messages about buckets', () => {
  test('are there only while names are kept', () => {
    const text = 'histogram_quantile(0.5, plain)';
    expect(notes(text)).toEqual(['w bucket label "le" is missing or has a malformed value of "" (1:25)']);
    expect(notes(text, { enableDelayedNameRemoval: true })).toEqual([
      'w bucket label "le" is missing or has a malformed value of "" for metric name "plain" (1:25)',
    ]);
    expect(notes('histogram_quantile(0.5, falls)', { enableDelayedNameRemoval: true })[0]).toContain('for metric name "falls", from');
  });
});

describe('native histograms in series with a label le', () => {
  const mixed = memoryStorage(15,
    'm{le="1"} 1x10', 'm{le="+Inf"} 2x10', 'm{le="x"} {{schema:0 count:4 sum:4 buckets:[4]}}x10',
    'm{le="2"} 1 1 1 {{schema:0 count:4 sum:4 buckets:[4]}}x7',
  );
  test('keep the label and are no part of the classic histogram', () => {
    expect(lines(instant(mixed, 'histogram_quantile(1, m)', 60)).sort()).toEqual(['{le="2"} 1@60', '{le="x"} 1@60', '{} 1@60']);
    expect(lines(range(mixed, 'histogram_fraction(0, 1, m)', 15, 60, 15))).toEqual([
      '{} 0.5@15 0.5@30 0.5@45 0.5@60', '{le="2"} 1@45 1@60', '{le="x"} 1@15 1@30 1@45 1@60',
    ]);
    expect(instant(mixed, 'histogram_quantile(1, m)', 60).warnings).toEqual([]);
  });

  test('give one output each quantile', () => {
    const outcome = instant(mixed, 'histogram_quantiles(m{le="x"}, "q", 0, 1)', 60, { enableExperimentalFunctions: true });
    expect(lines(outcome)).toEqual(['{le="x", q="0.0"} 0.5@60', '{le="x", q="1.0"} 1@60']);
  });
});
