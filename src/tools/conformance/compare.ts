/** Results against what a script expects. Every function returns what differs in words, undefined if nothing does. */
import type { Histogram } from '../../model/histogram.js';
import { type Labels, compareLabels } from '../../model/labels.js';
import type { QueryOutcome, ResultSeries } from '../../promql/engine/engine-api.js';
import { compactHistogram } from '../../promql/histogram/arithmetic.js';
import { histogramText } from '../../promql/histogram/text.js';
import type { NotedHistogram, Point } from './notation.js';
import type { EvalCommand, TextPattern } from './script.js';

const TOLERANCE = 1e-6;

export type Sample = number | Histogram;

/** The samples of a result series, by time. */
export function samplesByTime(series: ResultSeries): Map<number, Sample> {
  const out = new Map<number, Sample>();
  for (let i = 0; i < series.timestamps.length; i++) out.set(series.timestamps[i]!, series.values[i]!);
  series.histograms.forEach((histogram, i) => out.set(series.histogramTimestamps[i]!, histogram));
  return out;
}

/** Compares a matrix with expected points at startMs, startMs + stepMs, … */
export function compareMatrix(
  command: EvalCommand, series: readonly ResultSeries[], startMs: number, stepMs: number,
): string | undefined {
  const byKey = new Map(series.map((one) => [one.labels.key(), one]));
  for (const { labels, points } of command.expected) {
    const got = byKey.get(labels.key());
    byKey.delete(labels.key());
    const samples = got === undefined ? new Map<number, Sample>() : samplesByTime(got);
    const difference = comparePoints(labels, points, samples, startMs, stepMs);
    if (difference !== undefined) return difference;
  }
  const extra = [...byKey.values()][0];
  return extra === undefined ? undefined : `unexpected series ${describeSeries(extra)}`;
}

function comparePoints(
  labels: Labels, points: readonly Point[], samples: Map<number, Sample>, startMs: number, stepMs: number,
): string | undefined {
  const expectedTimes = new Set<number>();
  for (let i = 0; i < points.length; i++) {
    const point = points[i]!;
    if (point === 'gap' || point === 'stale') continue;
    const time = startMs + i * stepMs;
    expectedTimes.add(time);
    const got = samples.get(time);
    if (got === undefined) return `${labels.toString()} at ${time / 1000}: expected ${describe(point)}, got nothing`;
    if (!samplesMatch(point, got)) return `${labels.toString()} at ${time / 1000}: expected ${describe(point)}, got ${describe(got)}`;
  }
  for (const [time, got] of samples) {
    if (!expectedTimes.has(time)) return `${labels.toString()} at ${time / 1000}: expected nothing, got ${describe(got)}`;
  }
  return undefined;
}

/** Compares the samples at one time with the expected single points. */
export function compareVector(
  command: EvalCommand, got: readonly { labels: Labels; sample: Sample }[], checkOrder: boolean,
): string | undefined {
  const expected = command.expected;
  if (checkOrder) {
    for (let i = 0; i < Math.min(expected.length, got.length); i++) {
      if (compareLabels(expected[i]!.labels, got[i]!.labels) !== 0) {
        return `at place ${i + 1}: expected ${expected[i]!.labels.toString()}, got ${got[i]!.labels.toString()}`;
      }
    }
  }
  const byKey = new Map(got.map((one) => [one.labels.key(), one]));
  if (byKey.size < got.length) return `a label set occurs twice: ${got.map((one) => one.labels.toString()).join(', ')}`;
  for (const { labels, points } of expected) {
    const one = byKey.get(labels.key());
    byKey.delete(labels.key());
    const point = points[0];
    if (point === undefined || point === 'gap' || point === 'stale') return `script error: no value for ${labels.toString()}`;
    if (one === undefined) {
      const some = got.slice(0, 4).map((other) => `${other.labels.toString()} ${describe(other.sample)}`);
      return `${labels.toString()}: expected ${describe(point)}, got nothing (of ${got.length} series: ${some.join('; ')})`;
    }
    if (!samplesMatch(point, one.sample)) return `${labels.toString()}: expected ${describe(point)}, got ${describe(one.sample)}`;
  }
  const extra = [...byKey.values()][0];
  return extra === undefined ? undefined : `unexpected ${extra.labels.toString()} ${describe(extra.sample)}`;
}

export function numbersMatch(expected: number, got: number): boolean {
  if (Number.isNaN(expected) || Number.isNaN(got)) return Number.isNaN(expected) && Number.isNaN(got);
  if (expected === got) return true;
  const difference = Math.abs(expected - got);
  const size = Math.abs(expected) + Math.abs(got);
  // Next to zero a relative difference says nothing.
  if (expected === 0 || got === 0 || size < Number.MIN_VALUE) return difference < TOLERANCE * Number.MIN_VALUE;
  return difference / Math.min(size, Number.MAX_VALUE) < TOLERANCE;
}

function samplesMatch(expected: number | NotedHistogram, got: Sample): boolean {
  if (typeof expected === 'number') return typeof got === 'number' && numbersMatch(expected, got);
  if (typeof got === 'number') return false;
  return histogramsMatch(expected, got);
}

function histogramsMatch({ histogram, hintGiven }: NotedHistogram, got: Histogram): boolean {
  const a = compactHistogram(histogram);
  const b = compactHistogram(got);
  return (
    a.schema === b.schema && numbersMatch(a.count, b.count) && numbersMatch(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold && numbersMatch(a.zeroCount, b.zeroCount) &&
    layoutText(a) === layoutText(b) &&
    listsMatch(a.positiveBuckets, b.positiveBuckets) && listsMatch(a.negativeBuckets, b.negativeBuckets) &&
    (!hintGiven || histogram.resetHint === got.resetHint)
  );
}

function layoutText({ positiveSpans, negativeSpans, customValues }: Histogram): string {
  return JSON.stringify([positiveSpans, negativeSpans, customValues]);
}

function listsMatch(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => numbersMatch(value, b[i]!));
}

/** Annotations: what is expected must be there; with any expectation of a kind, nothing else of that kind may be. */
export function compareAnnotations(command: EvalCommand, outcome: QueryOutcome): string | undefined {
  return (
    compareTexts('warning', command.warn, command.noWarn, outcome.warnings) ??
    compareTexts('info', command.info, command.noInfo, outcome.infos)
  );
}

function compareTexts(what: string, patterns: readonly TextPattern[], none: boolean, texts: readonly string[]): string | undefined {
  if (none && texts.length > 0) return `expected no ${what}, got ${texts.join(' | ')}`;
  if (patterns.length === 0) return undefined;
  for (const pattern of patterns) {
    if (texts.some((text) => textMatches(pattern, text))) continue;
    return `expected ${what} ${describePattern(pattern)}, got ${texts.join(' | ') || 'none'}`;
  }
  const extra = texts.find((text) => !patterns.some((pattern) => textMatches(pattern, text)));
  return extra === undefined ? undefined : `unexpected ${what}: ${extra}`;
}

export function textMatches(pattern: TextPattern, text: string): boolean {
  if (pattern.kind === 'any') return true;
  return pattern.kind === 'exact' ? text === pattern.text : new RegExp(pattern.text).test(text);
}

export function describePattern(pattern: TextPattern): string {
  return pattern.kind === 'any' ? 'of any text' : `${pattern.kind} ${pattern.text}`;
}

function describe(sample: Sample | NotedHistogram): string {
  if (typeof sample === 'number') return String(sample);
  const histogram = 'histogram' in sample ? sample.histogram : sample;
  const bounds = histogram.customValues.length > 0 ? ` bounds ${histogram.customValues.join(' ')}` : '';
  return `${histogramText(histogram)} schema ${histogram.schema} hint ${histogram.resetHint}${bounds}`;
}

function describeSeries(series: ResultSeries): string {
  const samples = [...samplesByTime(series)].slice(0, 8).map(([time, sample]) => `${describe(sample)} @${time / 1000}`);
  return `${series.labels.toString()} ${samples.join(', ')}`;
}
