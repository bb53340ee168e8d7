/** Answers of the query API, and whether two of them say the same. */
import { isSelector } from './rewrite.js';

interface HistogramAnswer {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly (string | number)[])[];
}

interface SeriesAnswer {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
  readonly histogram?: readonly [number, HistogramAnswer];
  readonly histograms?: readonly (readonly [number, HistogramAnswer])[];
}

interface StatsAnswer {
  readonly totalQueryableSamples: number;
  readonly peakSamples: number;
  readonly totalQueryableSamplesPerStep?: readonly (readonly [number, number])[];
}

export interface Answer {
  readonly status: 'success' | 'error';
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown; readonly stats?: { readonly samples: StatsAnswer } };
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export interface Question {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0: an instant query at startMs. */
  readonly stepMs: number;
}

/** @throws TypeError, SyntaxError if the server does not answer in the API's form */
export async function ask(base: string, { text, startMs, endMs, stepMs }: Question, stats = false): Promise<Answer> {
  const form: Record<string, string> = stepMs === 0
    ? { query: text, time: String(startMs / 1000) }
    : { query: text, start: String(startMs / 1000), end: String(endMs / 1000), step: String(stepMs / 1000) };
  if (stats) form['stats'] = 'all';
  const endpoint = stepMs === 0 ? 'query' : 'query_range';
  const response = await fetch(`${base}/api/v1/${endpoint}`, { method: 'POST', body: new URLSearchParams(form) });
  return (await response.json()) as Answer;
}

/** Number of series or 1 for a scalar; 0 for nothing or an error. */
export function sizeOf(answer: Answer): number {
  return Array.isArray(answer.data?.result) ? answer.data.result.length : 0;
}

/** Relative: the order of sums differs. */
const TOLERANCE = 1e-9;

/** undefined if the answers agree, else the first difference. `there` is the reference. @param tolerance of numbers, relative */
export function difference(there: Answer, here: Answer, tolerance = TOLERANCE): string | undefined {
  if (there.status !== here.status) return `there ${there.error ?? there.status}, here ${here.error ?? here.status}`;
  if (there.status === 'error') {
    const [a, b] = [errorText(there), errorText(here)];
    return a === b ? undefined : `there ${a}, here ${b}`;
  }
  const [a, b] = [there.data!, here.data!];
  if (a.resultType !== b.resultType) return `there ${a.resultType}, here ${b.resultType}`;
  if (a.resultType === 'scalar' || a.resultType === 'string') {
    const [x, y] = [a.result as [number, string], b.result as [number, string]];
    return closeTexts(x[1], y[1], tolerance) ? undefined : `there ${x[1]}, here ${y[1]}`;
  }
  return seriesDifference(a.result as SeriesAnswer[], b.result as SeriesAnswer[], tolerance);
}

/** Type and text, but for the series that it names: which of several are met first is undefined. */
function errorText({ errorType, error }: Answer): string {
  let text = `${errorType} ${rewordedError(error ?? '')}`;
  // From the innermost to the outermost: label values may have braces, too.
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(/\{[^{}]*\}/, '…');
  }
  return text;
}

/** The error in 3.14's words. 3.5 shows the number of a token that has no text, before its kind; and it had no `step()` and `range()`. */
export function rewordedError(error: string): string {
  return error
    .replace(/"<Item \d+>" (?=<)/, '')
    .replace(/in subquery selector, expected/, 'in subquery or range selector, expected')
    .replace(/expected number or duration or "]"$/, 'expected number, duration, step(), range(), or "]"')
    .replace(/expected number or duration$/, 'expected number, duration, step(), or range()');
}

/** undefined if a sorted answer has the same order, as far as sorting defines it, else the first difference. */
export function orderDifference({ text, stepMs }: Question, there: Answer, here: Answer): string | undefined {
  const by = /^sort(_desc|_by_label|_by_label_desc)?\(/.exec(text);
  if (by === null || stepMs !== 0 || there.data?.resultType !== 'vector') return undefined;
  const [a, b] = [there.data.result as SeriesAnswer[], here.data!.result as SeriesAnswer[]];
  const byLabel = by[1]?.startsWith('_by_label') === true;
  // Where a label is missing, upstream's natural order says of neither that it is the smaller one.
  const labels = [...text.matchAll(/, "([^"]*)"(?=[^()]*\)$)/g)].map((match) => match[1]!);
  if (byLabel && a.some(({ metric }) => labels.some((label) => metric[label] === undefined))) return undefined;
  const sayOf = (one: SeriesAnswer): string => (byLabel ? keyOf(one) : (one.value?.[1] ?? 'a histogram'));
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [sayOf(a[i]!), sayOf(b[i]!)];
    if (byLabel ? x !== y : !closeTexts(x, y, TOLERANCE)) return `order: place ${i} there ${x}, here ${y}`;
  }
  return undefined;
}

/** undefined if the warnings and infos agree as sets, else the first difference. */
export function noteDifference({ text }: Question, there: Answer, here: Answer): string | undefined {
  for (const kind of ['warnings', 'infos'] as const) {
    const [a, b] = [there, here].map((answer) => new Set(answer[kind]?.map((note) => rewordedNote(note, text))));
    for (const note of a!) if (!b!.has(note)) return `${kind}: only there ${note}`;
    for (const note of b!) if (!a!.has(note)) return `${kind}: only here ${note}`;
  }
  return undefined;
}

/**
 * What 3.5 and 3.14 have in common. Later versions
 * - say more about repaired buckets and at another place (the first one);
 * - tell the metric name of buckets only if names are kept to the end of the query, so that texts are equal that were not;
 * - pass over parentheses around arguments, to the place of what is inside.
 * Which series of a group is met first, so that the other one does not fit and is named, depends on the order of storage.
 */
function rewordedNote(note: string, query: string): string {
  return note
    .replace(/(needed to be fixed for monotonicity).*/s, '$1')
    .replace(/(bucket label "le" is missing or has a malformed value of "[^"]*"|a mix of classic and native histograms).*/s, '$1')
    .replace(/(a mix of histograms with exponential and custom buckets schemas) for metric name ".*"/s, '$1')
    .replace(/\(1:(\d+)\)$/, (_, column: string) => `(1:${insideParens(query, Number(column))})`);
}

/** The column, in bytes from 1, of what is inside of parentheses that begin at the column. */
function insideParens(query: string, column: number): number {
  const bytes = Buffer.from(query);
  let inside = column;
  while (bytes[inside - 1] === 0x28) inside++;
  return inside;
}

/**
 * undefined if the samples that were looked at agree, in sum and by step. The most that were held at a time are compared for selectors
 * alone: with anything around them they are those of upstream's intermediate results, in the order in which its storage gives the series.
 */
export function statsDifference({ text }: Question, there: Answer, here: Answer): string | undefined {
  const comparesPeak = isSelector(text);
  const say = ({ data }: Answer): string => {
    if (data?.stats === undefined) return 'none';
    const { totalQueryableSamples, totalQueryableSamplesPerStep, peakSamples } = data.stats.samples;
    const counts = `${totalQueryableSamples} samples, ${JSON.stringify(totalQueryableSamplesPerStep)}`;
    return comparesPeak ? `${counts}, peak ${peakSamples}` : counts;
  };
  return say(there) === say(here) ? undefined : `stats: there ${say(there)}, here ${say(here)}`;
}

/** True if every series of one answer that is missing in the other has its like there, but for the last digits of numbers in its labels. */
export function haveNearLabels(there: Answer, here: Answer): boolean {
  const [a, b] = [there, here].map(({ data }) => (Array.isArray(data?.result) ? (data.result as SeriesAnswer[]).map(keyOf) : []));
  const allNear = (some: readonly string[], others: readonly string[]): boolean => {
    const known = new Set(others);
    return some.every((key) => known.has(key) || others.some((other) => nearTexts(key, other)));
  };
  return allNear(a!, b!) && allNear(b!, a!);
}

const NUMBER = /\d+(?:\.\d+)?(?:e[-+]?\d+)?/g;

function nearTexts(x: string, y: string): boolean {
  if (x.replace(NUMBER, '#') !== y.replace(NUMBER, '#')) return false;
  const others = y.match(NUMBER) ?? [];
  return (x.match(NUMBER) ?? []).every((number, i) => closeTexts(number, others[i]!, TOLERANCE));
}

function seriesDifference(there: readonly SeriesAnswer[], here: readonly SeriesAnswer[], tolerance: number): string | undefined {
  const byKey = new Map(here.map((one) => [keyOf(one), one]));
  for (const one of there) {
    const key = keyOf(one);
    const other = byKey.get(key);
    if (other === undefined) return `${key} is missing`;
    byKey.delete(key);
    const found = pointsDifference(one, other, tolerance);
    if (found !== undefined) return `${key}: ${found}`;
  }
  const extra = byKey.keys().next().value;
  return extra === undefined ? undefined : `${extra} is only here`;
}

function pointsDifference(there: SeriesAnswer, here: SeriesAnswer, tolerance: number): string | undefined {
  const [a, b] = [pointsOf(there), pointsOf(here)];
  for (const [time, x] of a) {
    const y = b.get(time);
    if (y === undefined) return `no point at ${time}`;
    b.delete(time);
    if (!closePoints(x, y, tolerance)) return `at ${time} there ${JSON.stringify(x)}, here ${JSON.stringify(y)}`;
  }
  const extra = b.keys().next().value;
  return extra === undefined ? undefined : `a point at ${extra} is only here`;
}

function pointsOf(series: SeriesAnswer): Map<number, string | HistogramAnswer> {
  const floats = series.values ?? (series.value ? [series.value] : []);
  const histograms = series.histograms ?? (series.histogram ? [series.histogram] : []);
  return new Map<number, string | HistogramAnswer>([...floats, ...histograms]);
}

/** Whether two series of an answer have the same value at the same time. NaN equals NaN: no order is between them. */
export function hasEqualValues(answer: Answer): boolean {
  if (!Array.isArray(answer.data?.result) || answer.data.resultType === 'scalar') return false;
  const seen = new Set<string>();
  for (const series of answer.data.result as SeriesAnswer[]) {
    for (const [time, value] of pointsOf(series)) {
      // Histograms are passed over by topk.
      if (typeof value !== 'string') continue;
      const key = `${time} ${value}`;
      if (seen.has(key)) return true;
      seen.add(key);
    }
  }
  return false;
}

function keyOf({ metric }: SeriesAnswer): string {
  return JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function closePoints(x: string | HistogramAnswer, y: string | HistogramAnswer, tolerance: number): boolean {
  if (typeof x === 'string' || typeof y === 'string') {
    return typeof x === 'string' && typeof y === 'string' && closeTexts(x, y, tolerance);
  }
  if (!closeTexts(x.count, y.count, tolerance) || !closeTexts(x.sum, y.sum, tolerance)) return false;
  const [a, b] = [x.buckets ?? [], y.buckets ?? []];
  const close = (i: number, j: number): boolean => closeTexts(String(a[i]![j]), String(b[i]![j]), tolerance);
  return a.length === b.length && a.every((bucket, i) => bucket.every((_, j) => close(i, j)));
}

/** Absolute below 1: differences of nearly equal numbers keep the rounding of the numbers. */
function closeTexts(x: string, y: string, tolerance: number): boolean {
  if (x === y) return true;
  const [a, b] = [numberOf(x), numberOf(y)];
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}
