/**
 * What every `Queryable` must do, as a suite: given a factory, it puts the same series into the implementation and into the naive
 * store and compares. Implementations may return series without samples in the range, and their names.
 */
import { describe, expect, it } from 'vitest';
import type { Histogram } from '../../src/model/histogram.js';
import { compareUtf8, Labels } from '../../src/model/labels.js';
import { Matcher, type MatchType } from '../../src/model/matcher.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { putStale } from '../../src/model/stale-nan.js';
import type { Queryable } from '../../src/storage/queryable.js';

/** Bits of a float, or a histogram. */
export type StoredValue = bigint | Histogram;

export interface StoredSeries {
  readonly labels: Labels;
  /** Rising in time. */
  readonly samples: readonly (readonly [t: number, value: StoredValue])[];
}

export interface OpenQueryable {
  readonly queryable: Queryable;
  close(): Promise<void> | void;
}

export type QueryableFactory = (series: readonly StoredSeries[]) => Promise<OpenQueryable> | OpenQueryable;

/** Aligned to two hours, so that all samples lie in one head. */
export const T0 = Math.floor(1_700_000_000_000 / 7_200_000) * 7_200_000;
export const SPAN = 7_200_000;

const words = new BigUint64Array(1);
const double = new Float64Array(words.buffer);
export function bitsOf(value: number): bigint {
  double[0] = value;
  return words[0]!;
}
const stale = new Float64Array(1);
putStale(stale, 0);
const STALE = new BigUint64Array(stale.buffer)[0]!;
const NASTY = [0x7ff8000000000001n, 0xfff8000000000123n, 0x8000000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 1n, 0x7fefffffffffffffn];

function histogram(count: number): Histogram {
  return {
    float: false, schema: 0, zeroThreshold: 0.001, zeroCount: 1, count: count + 1, sum: 2.5 * count, positiveSpans: [{ offset: 0, length: 2 }],
    negativeSpans: [], positiveBuckets: [count - 1, 1], negativeBuckets: [], customValues: [], resetHint: 0,
  };
}

const set = (name: string, others: Record<string, string> = {}): Labels => Labels.fromObject({ __name__: name, ...others });

/** Some 700 series: a fleet, values beyond ASCII, bits of all kinds, histograms, gaps, few samples and many. */
export function contractSeries(): StoredSeries[] {
  const all: StoredSeries[] = [];
  for (let instance = 0; instance < 60; instance++) {
    for (const mode of ['idle', 'user', 'system', 'iowait', 'steal']) {
      const labels = set('cpu_seconds_total', { instance: `host-${instance}:9100`, job: instance % 3 === 0 ? 'edge' : 'node', mode });
      all.push({ labels, samples: Array.from({ length: 30 }, (_, i) => [T0 + i * 15_000 + instance, bitsOf(i * 1.25 + instance)] as const) });
    }
    all.push({ labels: set('up', { instance: `host-${instance}:9100`, job: 'node' }), samples: [[T0 + instance * 60_000, bitsOf(1)]] });
    all.push({ labels: set(`metric_${instance}`, { Zone: `z${instance % 4}`, a: `${instance}` }), samples: [[T0 + 5, bitsOf(instance)], [T0 + SPAN - 1, bitsOf(-instance)]] });
  }
  all.push({ labels: set('long'), samples: Array.from({ length: 5000 }, (_, i) => [T0 + i * 1000 + (i % 7), bitsOf(Math.sin(i) * 1e6)] as const) });
  all.push({ labels: set('bits', { nasty: 'yes' }), samples: [...NASTY, STALE].map((bits, i) => [T0 + i * 1000, bits] as const) });
  all.push({ labels: set('ends'), samples: [[T0 + 1000, bitsOf(1)], [T0 + 2000, STALE], [T0 + 60_000, bitsOf(2)], [T0 + 61_000, STALE]] });
  all.push({ labels: set('histogram', { le: 'none' }), samples: Array.from({ length: 300 }, (_, i) => [T0 + i * 15_000, histogram(i + 2)] as const) });
  all.push({ labels: set('mixed'), samples: Array.from({ length: 20 }, (_, i) => [T0 + i * 1000, i % 5 < 2 ? bitsOf(i) : i % 5 === 2 ? STALE : histogram(i + 2)] as const) });
  for (const value of ['', 'ä', '日本', '\u{1F600}', '\uFF5E', 'a\nb', 'a\0b', 'x'.repeat(3000), ' ']) {
    all.push({ labels: set('text', { value, 'not.a.name': 'dots' }), samples: [[T0 + 1, bitsOf(value.length)]] });
  }
  return all;
}

type Spec = readonly [name: string, type: MatchType, value: string];
const SELECTIONS: readonly (readonly Spec[])[] = [
  [], [['__name__', '=', 'up']], [['__name__', '=', 'cpu_seconds_total'], ['mode', '=', 'idle']], [['job', '=', 'node'], ['mode', '!=', 'idle']],
  [['__name__', '=~', 'metric_1.*']], [['__name__', '=~', 'up|long|nothing']], [['instance', '=~', 'host-[1-3]:.*'], ['__name__', '!~', 'cpu.*']],
  [['mode', '=~', '.+'], ['job', '=', 'edge']], [['mode', '=', '']], [['mode', '!=', '']], [['mode', '=~', 'idle|'], ['job', '=', 'node']],
  [['missing', '=', 'x']], [['missing', '=', '']], [['missing', '!=', 'x'], ['__name__', '=', 'up']], [['value', '=', '\u{1F600}']], [['value', '=~', '(?s).*b']],
  [['value', '=~', '日.*']], [['__name__', '=', '']], [['job', '!~', 'n.*'], ['mode', '!~', 'i.*'], ['mode', '=~', '.*']], [['nasty', '=~', 'yes|no']],
];
const RANGES: readonly (readonly [mint: number, maxt: number])[] = [
  [T0 - 1e9, T0 + 1e9], [T0, T0], [T0 + 15_000, T0 + 45_000], [T0 + 5, T0 + 5], [T0 + SPAN - 1, T0 + SPAN + 5], [T0 - 10, T0 - 1], [T0 + 2_000_001, T0 + 2_000_500],
];

/** Samples of each series as one text: comparing millions of small objects takes minutes. */
type Read = Record<string, string>;

function textOf(t: number, value: StoredValue): string {
  // Whether a histogram is a continuation depends on what came before in the store, not in the range: not compared.
  return `${t - T0}:${typeof value === 'bigint' ? value.toString(16) : JSON.stringify({ ...value, resetHint: 0 })}`;
}

function show(specs: readonly Spec[]): string {
  return `{${specs.map(([name, type, value]) => `${name}${type}${JSON.stringify(value.slice(0, 30))}`).join(',')}}`;
}

function readSelection(queryable: Queryable, matchers: readonly Matcher[], mint: number, maxt: number): Read {
  const out: Read = {};
  const columns = new SampleColumns(2);
  for (const series of queryable.select(matchers, mint, maxt)) {
    // What was read before stays: readers append.
    columns.clear();
    columns.pushFloat(7, 7);
    series.read(columns, mint, maxt);
    const bits = new BigUint64Array(columns.values.buffer);
    if (columns.length === 1) continue;
    const key = series.labels.toString();
    expect(out[key], `${key} is there once`).toBeUndefined();
    const texts: string[] = [];
    for (let i = 1; i < columns.length; i++) texts.push(textOf(columns.timestamps[i]!, columns.histograms?.[i] ?? bits[i]!));
    out[key] = texts.join(' ');
  }
  return out;
}

export function describeQueryable(name: string, make: QueryableFactory): void {
  describe(`${name} as Queryable`, () => {
    const stored = contractSeries();
    const matching = (specs: readonly Spec[]): StoredSeries[] => {
      const matchers = specs.map(([label, type, value]) => new Matcher(type, label, value));
      return stored.filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name))));
    };
    const inRange = (series: StoredSeries, mint: number, maxt: number): boolean => series.samples.some(([t]) => t >= mint && t <= maxt);
    const using = async (test: (queryable: Queryable) => void, series: readonly StoredSeries[] = stored): Promise<void> => {
      const opened = await make(series);
      try {
        test(opened.queryable);
      } finally {
        await opened.close();
      }
    };

    it('selects series and gives back every bit of their samples', () => using((queryable) => {
      for (const specs of SELECTIONS) {
        const matchers = specs.map(([label, type, value]) => new Matcher(type, label, value));
        for (const [mint, maxt] of RANGES) {
          const wanted: Read = {};
          for (const series of matching(specs)) {
            const samples = series.samples.filter(([t]) => t >= mint && t <= maxt);
            if (samples.length > 0) wanted[series.labels.toString()] = samples.map(([t, value]) => textOf(t, value)).join(' ');
          }
          expect(readSelection(queryable, matchers, mint, maxt), `${show(specs)} in [${mint - T0}, ${maxt - T0}]`).toEqual(wanted);
        }
      }
    }));

    it('gives complete, sorted labels', () => using((queryable) => {
      for (const { labels } of queryable.select([], T0, T0 + SPAN)) expect([...labels.names].sort(compareUtf8)).toEqual(labels.names);
    }));

    it('names labels and their values', () => using((queryable) => {
      for (const specs of SELECTIONS) {
        const sets = specs.length === 0 ? [] : [specs.map(([label, type, value]) => new Matcher(type, label, value))];
        const series = matching(specs);
        const all = [...new Set(series.flatMap(({ labels }) => [...labels.names]))].sort(compareUtf8);
        expect(queryable.labelNames(sets, T0, T0 + SPAN), show(specs)).toEqual(all);
        for (const label of [...all, 'missing']) {
          const values = new Set(series.map(({ labels }) => labels.get(label)).filter((value) => value !== ''));
          expect(queryable.labelValues(label, sets, T0, T0 + SPAN), `${label} of ${show(specs)}`).toEqual([...values].sort(compareUtf8));
        }
      }
    }));

    it('joins matcher sets', () => using((queryable) => {
      const sets = [[new Matcher('=', '__name__', 'up')], [new Matcher('=', 'nasty', 'yes')]];
      expect(queryable.labelNames(sets, T0, T0 + SPAN)).toEqual(['__name__', 'instance', 'job', 'nasty']);
      expect(queryable.labelValues('__name__', sets, T0, T0 + SPAN)).toEqual(['bits', 'up']);
    }));

    it('may name more than the range has, never less', () => using((queryable) => {
      for (const [mint, maxt] of RANGES) {
        const needed = stored.filter((series) => inRange(series, mint, maxt));
        const names = new Set(queryable.labelNames([], mint, maxt));
        const metrics = new Set(queryable.labelValues('__name__', [], mint, maxt));
        for (const { labels } of needed) {
          for (const label of labels.names) expect(names.has(label), label).toBe(true);
          expect(metrics.has(labels.metricName), labels.metricName).toBe(true);
        }
      }
    }));

    it('is empty when it has nothing', () => using((queryable) => {
      expect(queryable.select([], T0, T0 + SPAN)).toEqual([]);
      expect(queryable.labelNames([], T0, T0 + SPAN)).toEqual([]);
      expect(queryable.labelValues('__name__', [], T0, T0 + SPAN)).toEqual([]);
    }, []));
  });
}
