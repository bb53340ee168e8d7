import { describe, expect, test } from 'vitest';
import { Labels } from '../../../src/model/labels.js';
import { cachedEngine } from '../../../src/promql/cache/cached-engine.js';
import { createEngine } from '../../../src/promql/engine/engine.js';
import type { Engine, EngineOptions, QueryRequest } from '../../../src/promql/engine/engine-api.js';
import type { SampleChanges } from '../../../src/storage/sample-changes.js';
import { MemoryStorage, type StoredSample } from '../../../src/tools/conformance/memory-storage.js';
import { parsePoints } from '../../../src/tools/conformance/notation.js';
import { lines, PLAIN_ENGINE } from '../../support/query.js';
import { Random } from '../../support/random.js';

const OPTIONS: EngineOptions = { ...PLAIN_ENGINE, enableExperimentalFunctions: true };
const MIB = 1 << 20;

/** A store that knows when it took each sample. */
class TrackedStore implements SampleChanges {
  readonly storage = new MemoryStorage();
  private readonly times: number[] = [];

  add(labels: Labels, sample: StoredSample): void {
    this.storage.append(labels, [sample]);
    this.times.push(sample.timestampMs);
  }

  mark(): number {
    return this.times.length;
  }

  firstChange(mark: number, mint: number, maxt: number): number {
    return Math.min(Infinity, ...this.times.slice(mark).filter((t) => t >= mint && t <= maxt));
  }
}

/** An engine that tells which steps it was asked for. */
function recording(asked: string[]): (options: EngineOptions) => Engine {
  return (options) => {
    const inner = createEngine(options);
    return {
      query: (storage, request) => {
        asked.push(`${request.startMs / 1000}..${request.endMs / 1000}`);
        return inner.query(storage, request);
      },
    };
  };
}

function request(text: string, start: number, end: number, step: number, more: Partial<QueryRequest> = {}): QueryRequest {
  return { text, startMs: start * 1000, endMs: end * 1000, stepMs: step * 1000, lookbackDeltaMs: 0, stopRequested: () => undefined, ...more };
}

const up = Labels.fromObject({ __name__: 'up_total', job: 'a' });

function store(seconds: number): TrackedStore {
  const made = new TrackedStore();
  for (let t = 0; t <= seconds; t += 15) made.add(up, { timestampMs: t * 1000, value: t * 2, startMs: 0 });
  return made;
}

function addHistograms({ storage }: TrackedStore): void {
  const add = (labels: Record<string, string>, points: string): void => {
    const samples = parsePoints(points).flatMap((point, i): StoredSample[] =>
      (typeof point === 'object' ? [{ timestampMs: i * 15_000, value: point.histogram, startMs: 0 }] : []));
    storage.append(Labels.fromObject(labels), samples);
  };
  add({ __name__: 'sizes' }, '{{schema:0 sum:10 count:4 buckets:[1 2 1]}}+{{schema:0 sum:10 count:4 buckets:[1 2 1]}}x200');
  // Of two that cannot be added without a note.
  for (const bound of ['2', '3']) add({ __name__: 'custom', bound }, `{{schema:-53 sum:10 count:4 custom_values:[1 ${bound}] buckets:[1 2 1]}}x200`);
}

describe('only steps that are not known are computed', () => {
  const ask = (sequence: readonly QueryRequest[], change: (made: TrackedStore) => void = () => {}): string[] => {
    const made = store(4000);
    const asked: string[] = [];
    const engine = cachedEngine(recording(asked), OPTIONS, made, MIB);
    sequence.forEach((one, i) => {
      if (i === 1) change(made);
      const got = engine.query(made.storage, one);
      const want = createEngine(OPTIONS).query(made.storage, one);
      expect(lines(got)).toEqual(lines(want));
    });
    return asked;
  };
  const rate = 'sum(rate(up_total[5m]))';

  test('the same range again', () => expect(ask([request(rate, 600, 3600, 60), request(rate, 600, 3600, 60)])).toEqual(['600..3600']));
  test('moved on', () =>
    expect(ask([request(rate, 600, 3600, 60), request(rate, 720, 3720, 60)])).toEqual(['600..3600', '3660..3720']));
  test('moved back', () =>
    expect(ask([request(rate, 600, 3600, 60), request(rate, 480, 3480, 60)])).toEqual(['600..3600', '480..540']));
  test('a part', () => expect(ask([request(rate, 600, 3600, 60), request(rate, 1200, 1800, 60)])).toEqual(['600..3600']));
  test('more on both sides', () =>
    expect(ask([request(rate, 600, 3600, 60), request(rate, 540, 3660, 60)])).toEqual(['600..3600', '540..540', '3660..3660']));
  test('an end between steps', () =>
    expect(ask([request(rate, 600, 3630, 60), request(rate, 600, 3659, 60)])).toEqual(['600..3630']));
  test('steps at other times', () =>
    expect(ask([request(rate, 600, 3600, 60), request(rate, 630, 3630, 60)])).toEqual(['600..3600', '630..3630']));
  test('another step', () =>
    expect(ask([request(rate, 600, 3600, 60), request(rate, 600, 3600, 30)])).toEqual(['600..3600', '600..3600']));
  test('another lookback', () =>
    expect(ask([request('up_total', 600, 3600, 60), request('up_total', 600, 3600, 60, { lookbackDeltaMs: 1000 })])).toHaveLength(2));
  test('a new sample', () =>
    expect(ask([request(rate, 600, 3600, 60), request(rate, 600, 3600, 60)], (made) =>
      made.add(up, { timestampMs: 3000_001, value: 1, startMs: 0 }))).toEqual(['600..3600', '3060..3600']));
  test('a sample that no step sees', () =>
    expect(ask([request(rate, 600, 3600, 60), request(rate, 600, 3600, 60)], (made) =>
      made.add(up, { timestampMs: 299_999, value: 1, startMs: 0 }))).toEqual(['600..3600']));
  test('a sample that is seen ahead', () =>
    expect(ask([request('up_total offset -10m', 600, 3000, 60), request('up_total offset -10m', 600, 3000, 60)], (made) =>
      made.add(up, { timestampMs: 3000_001, value: 1, startMs: 0 }))).toEqual(['600..3000', '2460..3000']));
  test('without being asked to', () =>
    expect(ask([request(rate, 600, 3600, 60), request(rate, 600, 3600, 60, { uncached: true })])).toHaveLength(2));

  test.each(['up_total @ 60', 'up_total @ end()', 'topk(1, up_total)', 'vector(start())', 'avg_over_time(up_total[range()])',
    'rate(up_total[5m] anchored)', 'limitk(1, up_total)'])('never: %s', (text) =>
    expect(ask([request(text, 600, 3600, 60), request(text, 660, 3660, 60)])).toEqual(['600..3600', '660..3660']));
  test('never: what has annotations', () => {
    const text = 'quantile_over_time(2, up_total[5m])';
    expect(ask([request(text, 600, 3600, 60), request(text, 600, 3600, 60)])).toHaveLength(2);
  });
});

describe('subqueries', () => {
  const at = (text: string, seconds: number, more: Partial<QueryRequest> = {}): QueryRequest => ({ ...request(text, seconds, seconds, 0), ...more });
  const text = 'max_over_time(sum(rate(up_total[5m]))[10m:1m])';
  const made = store(4000);
  addHistograms(made);

  function ask(sequence: readonly QueryRequest[], options: EngineOptions = OPTIONS): string[] {
    const asked: string[] = [];
    const engine = cachedEngine((given) => recording(asked)({ ...options, maxSamples: given.maxSamples }), options, made, MIB);
    for (const one of sequence) {
      const outcome = engine.query(made.storage, one);
      const plain = createEngine(options).query(made.storage, one);
      expect(lines(outcome)).toEqual(lines(plain));
      expect([outcome.warnings, outcome.infos]).toEqual([plain.warnings, plain.infos]);
    }
    return asked;
  }

  test('compute only the steps that the query before did not have', () =>
    expect(ask([at(text, 1800), at(text, 1815), at(text, 1860), at(text, 1875)]))
      .toEqual(['1800..1800', '1260..1800', '1815..1815', '1860..1860', '1860..1860', '1875..1875']));
  test('and what is in a range of steps', () =>
    expect(ask([request(text, 1800, 1860, 60), request(text, 1800, 1920, 60)])).toEqual(['1800..1860', '1260..1860', '1920..1920', '1920..1920']));
  test('and of what is not kept itself', () =>
    expect(ask([request('max_over_time(up_total[10m:1m] @ end())', 600, 3600, 60), request('max_over_time(up_total[10m:1m] @ end())', 660, 3660, 60)]))
      .toEqual(['600..3600', '3060..3600', '660..3660', '3660..3660']));
  test('in subqueries', () =>
    expect(ask([at(`sum_over_time(${text}[5m:1m])`, 1800), at(`sum_over_time(${text}[5m:1m])`, 1860)]))
      .toEqual(['1800..1800', '1560..1800', '1020..1800', '1860..1860', '1860..1860', '1860..1860']));
  test('and not those of a query by itself, where buckets are left out', () => {
    const inside = 'histogram_count(sizes unless histogram_stddev(sizes) > 0) or up_total * 0';
    expect(ask([request(inside, 1260, 1800, 60), at(`max_over_time((${inside})[10m:1m])`, 1800)])).toEqual(['1260..1800', '1800..1800', '1260..1800']);
  });
  test('of counts of histograms', () => {
    const counts = 'max_over_time(histogram_count(sum(rate(sizes[5m])))[10m:1m])';
    expect(ask([at(counts, 1800)])).toEqual(['1800..1800', '1260..1800']);
  });
  test('of counts of histograms whose buckets are noted', () => {
    const noted = 'max_over_time(histogram_count(sum(custom))[10m:1m])';
    expect(ask([at(noted, 1800), at(noted, 1800)])).toHaveLength(3);
    expect(createEngine(OPTIONS).query(made.storage, at(noted, 1800)).infos).toHaveLength(1);
  });
  test('of a name in UTF-8', () => {
    const utf8 = 'max_over_time(({"\u{1F600}"} or up_total)[10m:1m]) # {1}';
    expect(ask([at(utf8, 1800), at(utf8, 1815)])).toEqual(['1800..1800', '1260..1800', '1815..1815']);
  });

  test.each<[why: string, one: QueryRequest, options?: EngineOptions]>([
    ['asked not to', at(text, 1800, { uncached: true })],
    ['names stay to the end', at(text, 1800), { ...OPTIONS, enableDelayedNameRemoval: true }],
    ['series of a query are counted', at(text, 1800), { ...OPTIONS, maxSeries: 10 }],
    ['the end of the query counts', at('max_over_time((up_total @ end())[10m:1m])', 1800)],
  ])('not if %s', (_why, one, options) => expect(ask([one, one], options)).toEqual(['1800..1800', '1800..1800']));
  test.each([
    ['warnings', 'max_over_time(quantile_over_time(2, up_total[5m])[10m:1m])'], ['infos', 'max_over_time(rate({__name__=~"up_.+",job="a"}[5m])[10m:1m])'],
  ])('with %s are tried once', (_what, noted) =>
    expect(ask([at(noted, 1800), at(noted, 1800)]).length).toBeLessThanOrEqual(3));

  test('with an error are tried once, and told as part of the query', () => {
    const asked: string[] = [];
    const engine = cachedEngine(recording(asked), OPTIONS, made, MIB);
    for (let i = 0; i < 2; i++) {
      expect(() => engine.query(made.storage, at('max_over_time((up_total - on (job) (up_total or label_replace(up_total, "b", "c", "", "")))[10m:1m])', 1800)))
        .toThrow(/found duplicate series for the match group/);
    }
    expect(asked.length).toBe(3);
  });

  test('are not computed anew when they are told to stop', () => {
    const asked: string[] = [];
    const engine = cachedEngine(recording(asked), OPTIONS, made, MIB);
    expect(() => engine.query(made.storage, at(text, 1800, { stopRequested: () => (asked.length > 1 ? 'canceled' : undefined) }))).toThrow(/canceled/);
    expect(asked).toEqual(['1800..1800', '1260..1800']);
  });
});

test('a warning that two new parts tell at two places is told once', () => {
  const made = store(600);
  const q = (name: string, time: number): number => (name === 'early' ? time < 200 : time > 400) ? 2 : 0.5;
  for (const name of ['early', 'late']) {
    const labels = Labels.fromObject({ __name__: name });
    for (let t = 0; t <= 600; t += 15) made.add(labels, { timestampMs: t * 1000, value: q(name, t), startMs: 0 });
  }
  const text = 'quantile(scalar(early), up_total) + quantile(scalar(late), up_total)';
  const engine = cachedEngine(createEngine, OPTIONS, made, MIB);
  expect(engine.query(made.storage, request(text, 300, 360, 15)).warnings).toEqual([]);
  const wanted = ['PromQL warning: quantile value should be between 0 and 1, got 2 (1:46)'];
  expect(createEngine(OPTIONS).query(made.storage, request(text, 0, 600, 15)).warnings).toEqual(wanted);
  expect(engine.query(made.storage, request(text, 0, 600, 15)).warnings).toEqual(wanted);
});

test('an answer from what is kept is bounded by the samples that a query may hold', () => {
  const made = store(4000);
  const options = { ...OPTIONS, maxSamples: 60 };
  const engine = cachedEngine(createEngine, options, made, MIB);
  engine.query(made.storage, request('up_total', 0, 1200, 60, { lookbackDeltaMs: 60_000 }));
  expect(() => engine.query(made.storage, request('up_total', 0, 3700, 60, { lookbackDeltaMs: 60_000 }))).toThrow(/too many samples/);
});

const TEXTS = [
  'm', 'm{s=~"[12]"}', 'sum by (s) (rate(m[2m]))', 'rate(m_total[5m])', 'avg_over_time(m[10m])', 'm offset 7m', 'm offset -3m',
  'max_over_time(sum(m)[10m:1m])', 'sum_over_time(rate(m_total[3m])[10m:2m] offset 1m)', 'm / on (s) m_total', 'm > 50 or m_total',
  'quantile(0.5, m)', 'count_values("v", m)', 'absent(m{s="1"})', 'time()', 'label_replace(m, "x", "$1", "s", "(.)")', 'scalar(m{s="0"})',
  'max_over_time(max_over_time(m[5m:15s])[10m:1m])', 'stddev_over_time((m > 20)[9m:1m] offset 3m)', 'rate(m_total[10m:15s])',
  'absent_over_time(m{s="1"}[2m:1m])', 'last_over_time((m or m_total)[5m:30s])', 'count_over_time(topk(1, m)[5m:1m])',
  'topk(2, m)', 'm @ 1200', 'predict_linear(m[5m], 60)', '1', 'm unless on (s) m_total > 20',
];

test.each([1, 2, 3, 4, 5, 6])('any sequence of samples and queries gives what is computed anew (seed %i)', (seed) => {
  const random = new Random(seed);
  const made = new TrackedStore();
  const plain = createEngine(OPTIONS);
  const engine = cachedEngine(createEngine, OPTIONS, made, 40_000);
  let now = 0;
  for (let round = 0; round < 400; round++) {
    for (let i = random.below(6); i > 0; i--) {
      now += 15;
      for (const name of ['m', 'm_total']) {
        for (const s of ['0', '1', '2', '3']) {
          if (random.below(5) === 0) continue;
          const late = random.below(40) === 0 ? random.below(1800) : 0;
          const value = random.below(30) === 0 ? 'stale' as const : random.below(100);
          made.add(Labels.fromObject({ __name__: name, s }), { timestampMs: (now - late) * 1000 + random.below(2), value, startMs: 0 });
        }
      }
    }
    const step = random.pick([15, 60]);
    const end = Math.floor((now + random.below(300)) / step) * step + random.pick([0, 0, 7]);
    const ranged = request(random.pick(TEXTS), end - step * random.below(40), end, step);
    const one = random.below(3) === 0 ? { ...ranged, startMs: ranged.endMs, stepMs: 0 } : ranged;
    const want = plain.query(made.storage, one);
    const got = engine.query(made.storage, one);
    const where = `round ${round}: ${one.text} ${one.startMs}..${one.endMs}`;
    // Instant queries have no order.
    expect(lines(got).sort(), where).toEqual(lines(want).sort());
    expect([got.warnings, got.infos], where).toEqual([want.warnings, want.infos]);
  }
});
