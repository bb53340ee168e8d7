/** Series, points and histograms as upstream's test scripts write them: `up{job="a"} 0+10x3 _ stale {{count:1}}x2`. */
import { type Histogram, ResetHint } from '../../model/histogram.js';
import { Labels } from '../../model/labels.js';
import { addHistograms, subHistograms } from '../../promql/histogram/arithmetic.js';
import { parseMetricSelector } from '../../promql/parser/parse.js';

/** A point of a sequence: 'gap' for `_`. */
export type Point = number | 'gap' | 'stale' | NotedHistogram;

export interface NotedHistogram {
  readonly histogram: Histogram;
  /** True if the text says which counter reset hint: then it is compared. */
  readonly hintGiven: boolean;
}

export class NotationError extends Error {
  override name = 'NotationError';
}

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN])`;
const REPEATED = new RegExp(`^(${NUMBER})(?:([+-])(${NUMBER}))?x(\\d+)$`);
const SINGLE = new RegExp(`^${NUMBER}$`);
const HISTOGRAM = /^\{\{(.*?)\}\}(?:([+-])\{\{(.*?)\}\})?(?:x(\d+))?$/;

/** Splits a line into the labels, the mark `@st` and the points as text. */
export function splitSeriesLine(line: string): { labels: Labels; startTimes: boolean; points: string } {
  const end = endOfSelector(line);
  let rest = line.slice(end);
  const startTimes = rest.startsWith('@st');
  if (startTimes) rest = rest.slice(3);
  return { labels: parseLabels(line.slice(0, end)), startTimes, points: rest.trim() };
}

/** A label set in selector notation. */
export function parseLabels(text: string): Labels {
  const pairs = parseMetricSelector(text.trim()).map(({ name, value }) => [name, value] as const);
  return Labels.fromPairs(pairs);
}

function endOfSelector(line: string): number {
  const open = line.search(/[\s{@]/);
  if (open < 0) return line.length;
  if (line[open] !== '{') return open;
  let quote = '';
  for (let i = open + 1; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== '') {
      if (char === '\\') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '}') return i + 1;
  }
  throw new NotationError(`series without closing brace: ${line}`);
}

export function parseNumber(text: string): number {
  if (!SINGLE.test(text)) throw new NotationError(`not a number: ${text}`);
  const lower = text.toLowerCase().replace(/^\+/, '');
  if (lower === 'inf') return Infinity;
  if (lower === '-inf') return -Infinity;
  return lower.endsWith('nan') ? NaN : Number(lower);
}

/** All points of a sequence, with repetitions written out. */
export function parsePoints(text: string): Point[] {
  const points: Point[] = [];
  for (const token of tokens(text)) pushPoints(token, points);
  return points;
}

/** Tokens are separated by blanks; blanks inside `{{…}}` do not count. */
function tokens(text: string): string[] {
  return text.match(/(?:\{\{.*?\}\}|[^\s{])+/g) ?? [];
}

function pushPoints(token: string, out: Point[]): void {
  const gaps = /^_(?:x(\d+))?$/.exec(token);
  if (gaps !== null) {
    for (let i = 0; i < Number(gaps[1] ?? 1); i++) out.push('gap');
  } else if (token === 'stale') out.push('stale');
  else if (token.startsWith('{{')) pushHistograms(token, out);
  else if (SINGLE.test(token)) out.push(parseNumber(token));
  else pushNumbers(token, out);
}

function pushNumbers(token: string, out: Point[]): void {
  const match = REPEATED.exec(token);
  if (match === null) throw new NotationError(`not a point: ${token}`);
  const step = match[3] === undefined ? 0 : parseNumber(match[3]) * (match[2] === '-' ? -1 : 1);
  let value = parseNumber(match[1]!);
  // Added up one by one: rounding included, as upstream does.
  for (let i = 0; i <= Number(match[4]); i++) {
    out.push(value);
    value += step;
  }
}

function pushHistograms(token: string, out: Point[]): void {
  const match = HISTOGRAM.exec(token);
  if (match === null) throw new NotationError(`not a histogram: ${token}`);
  const first = parseHistogram(match[1]!);
  out.push(first);
  const step = match[3] === undefined ? undefined : parseHistogram(match[3]).histogram;
  let current = first.histogram;
  for (let i = 0; i < Number(match[4] ?? 0); i++) {
    if (step !== undefined) {
      const next = match[2] === '+' ? addHistograms(current, step) : subHistograms(current, step);
      if (next.histogram === undefined) throw new NotationError(`histograms cannot be combined: ${token}`);
      current = { ...next.histogram, resetHint: current.resetHint };
    }
    out.push({ histogram: current, hintGiven: first.hintGiven });
  }
}

const HINTS: Readonly<Record<string, ResetHint>> = {
  unknown: ResetHint.unknown, reset: ResetHint.reset, not_reset: ResetHint.noReset, gauge: ResetHint.gauge,
};

/** The inside of `{{…}}`. */
function parseHistogram(text: string): NotedHistogram {
  const fields = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/(\w+):(\[[^\]]*\]|\S+)/g)) fields.set(key!, value!);
  const number = (key: string): number => (fields.has(key) ? parseNumber(fields.get(key)!) : 0);
  const list = (key: string): number[] => ((fields.get(key) ?? '').match(/[^\s[\]]+/g) ?? []).map(parseNumber);
  const positive = list('buckets');
  const negative = list('n_buckets');
  const hint = fields.get('counter_reset_hint');
  return {
    hintGiven: hint !== undefined,
    histogram: {
      float: true,
      schema: number('schema'),
      zeroThreshold: number('z_bucket_w'),
      zeroCount: number('z_bucket'),
      count: number('count'),
      sum: number('sum'),
      positiveSpans: positive.length === 0 ? [] : [{ offset: number('offset'), length: positive.length }],
      negativeSpans: negative.length === 0 ? [] : [{ offset: number('n_offset'), length: negative.length }],
      positiveBuckets: positive,
      negativeBuckets: negative,
      customValues: list('custom_values'),
      resetHint: HINTS[hint ?? 'unknown'] ?? ResetHint.unknown,
    },
  };
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000,
};

/** A duration (`1h30m`) or a number of seconds, in ms; with a sign. */
export function parseDurationMs(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (/^\d+(?:\.\d+)?$/.test(body)) return sign * Math.round(Number(body) * 1000);
  if (!/^(?:\d+(?:ms|[smhdwy]))+$/.test(body)) throw new NotationError(`not a duration: ${text}`);
  let total = 0;
  for (const [, count, unit] of body.matchAll(/(\d+)(ms|[smhdwy])/g)) total += Number(count) * UNITS_MS[unit!]!;
  return sign * total;
}

/** Start times relative to their samples, in ms: `_ -1m -30s-1mx3`; undefined for `_`. */
export function parseStartTimes(text: string): (number | undefined)[] {
  const duration = String.raw`[+-]?(?:\d+(?:ms|[smhdwy]))+|[+-]?\d+`;
  const repeated = new RegExp(`^(${duration})(?:([+-])(${duration}))?x(\\d+)$`);
  const out: (number | undefined)[] = [];
  for (const token of tokens(text)) {
    const gaps = /^_(?:x(\d+))?$/.exec(token);
    const match = repeated.exec(token);
    if (gaps !== null) for (let i = 0; i < Number(gaps[1] ?? 1); i++) out.push(undefined);
    else if (match === null) out.push(parseDurationMs(token));
    else {
      const step = match[3] === undefined ? 0 : parseDurationMs(match[3]) * (match[2] === '-' ? -1 : 1);
      for (let i = 0; i <= Number(match[4]); i++) out.push(parseDurationMs(match[1]!) + i * step);
    }
  }
  return out;
}
