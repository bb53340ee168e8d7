/**
 * Samples as lines of JSON, bit-exact: what `narthex dump` writes and `narthex import` reads. One line has some samples of one series:
 *
 *   {"labels":{"__name__":"up","job":"a"},"t":[ms, …],"v":[1,-0,1e-7,"+Inf","-Inf","0x7ff0000000000002", …],
 *    "st":[ms, …],"h":{"3":{…}}}
 *
 * `v` has numbers in JavaScript's shortest form that reads back as the same double; infinities as words; NaNs by their bits, since stale
 * markers and others differ. `st` are start timestamps, 0 = none; absent if none has one. `h` are native histograms by index in `t`, where
 * `v` has null.
 */
import { Labels } from '../../model/labels.js';
import type { Histogram, ResetHint } from '../../model/histogram.js';
import type { SampleColumns } from '../../model/sample-columns.js';

/** A line that is not what `encodeLine` writes. */
export class SampleLineError extends Error {
  override name = 'SampleLineError';
}

/** Samples [from, to) of a series, without the line's end. */
export function encodeLine(labels: Labels, columns: SampleColumns, from: number, to: number): string {
  const { timestamps, values, startTimestamps: starts, histograms } = columns;
  const words = new Uint32Array(values.buffer, values.byteOffset, columns.length * 2);
  const names = labels.names.map((name, i) => `${JSON.stringify(name)}:${JSON.stringify(labels.values[i])}`);
  const t: number[] = [];
  const v: string[] = [];
  const h: string[] = [];
  let hasStart = false;
  for (let i = from; i < to; i++) {
    t.push(timestamps[i]!);
    const histogram = histograms?.[i];
    v.push(histogram ? 'null' : valueText(values[i]!, words[i * 2]!, words[i * 2 + 1]!));
    if (histogram) h.push(`"${i - from}":${histogramText(histogram)}`);
    hasStart ||= starts !== undefined && starts[i] !== 0;
  }
  const st = hasStart ? `,"st":[${starts!.subarray(from, to).join(',')}]` : '';
  return `{"labels":{${names.join(',')}},"t":[${t.join(',')}],"v":[${v.join(',')}]${st}${h.length > 0 ? `,"h":{${h.join(',')}}` : ''}}`;
}

function valueText(value: number, low: number, high: number): string {
  if (value !== value) return `"0x${hex(high)}${hex(low)}"`;
  if (!Number.isFinite(value)) return value > 0 ? '"+Inf"' : '"-Inf"';
  return Object.is(value, -0) ? '-0' : String(value);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}

function histogramText(h: Histogram): string {
  const sum = new Uint32Array(Float64Array.of(h.sum).buffer);
  const numbers = (list: readonly number[]): string => `[${list.map(finiteOrWord).join(',')}]`;
  const spans = (list: Histogram['positiveSpans']): string => `[${list.map(({ offset, length }) => `[${offset},${length}]`).join(',')}]`;
  return `{"float":${h.float},"schema":${h.schema},"zeroThreshold":${h.zeroThreshold},"zeroCount":${h.zeroCount},"count":${h.count}`
    + `,"sum":${valueText(h.sum, sum[0]!, sum[1]!)}`
    + `,"positiveSpans":${spans(h.positiveSpans)},"positiveBuckets":${numbers(h.positiveBuckets)}`
    + `,"negativeSpans":${spans(h.negativeSpans)},"negativeBuckets":${numbers(h.negativeBuckets)},"customValues":${numbers(h.customValues)}`
    + `,"resetHint":${h.resetHint}}`;
}

function finiteOrWord(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(value) : value > 0 ? '"+Inf"' : '"-Inf"';
}

/** Appends the samples of a line to what `columnsOf` gives for its labels. @throws SampleLineError */
export function decodeLine(line: string, columnsOf: (labels: Labels) => SampleColumns): number {
  const { labels, t, v, st, h } = parse(line);
  const columns = columnsOf(Labels.fromObject(labels));
  const first = columns.length;
  for (let i = 0; i < t.length; i++) {
    if (!Number.isSafeInteger(t[i])) throw new SampleLineError(`"t" has ${String(t[i])}, which is no time in ms`);
    const histogram = h?.[String(i)];
    if (histogram) columns.pushHistogram(t[i]!, histogramOf(histogram));
    else {
      columns.pushFloat(t[i]!, 0);
      putValue(columns, columns.length - 1, v[i]);
    }
  }
  if (st) columns.setStarts(first, Float64Array.from(st));
  else columns.setStarts(first);
  return t.length;
}

interface Line {
  readonly labels: Record<string, string>;
  readonly t: readonly number[];
  readonly v: readonly unknown[];
  readonly st?: readonly number[];
  readonly h?: Readonly<Record<string, HistogramLine>>;
}

interface HistogramLine extends Omit<Histogram, 'positiveSpans' | 'negativeSpans' | 'sum' | 'customValues'> {
  readonly positiveSpans: readonly (readonly [number, number])[];
  readonly negativeSpans: readonly (readonly [number, number])[];
  readonly sum: unknown;
  readonly customValues: readonly unknown[];
}

function parse(line: string): Line {
  let parsed: Partial<Line>;
  try {
    parsed = JSON.parse(line) as Partial<Line>;
  } catch (cause) {
    throw new SampleLineError('this is no JSON', { cause });
  }
  const { labels, t, v, st } = parsed;
  if (typeof labels !== 'object' || labels === null || Object.values(labels).some((value) => typeof value !== 'string')) {
    throw new SampleLineError('"labels" is not an object of strings');
  }
  if (!Array.isArray(t) || !Array.isArray(v) || t.length !== v.length) {
    throw new SampleLineError('"t" and "v" are not lists of the same length');
  }
  if (st !== undefined && (!Array.isArray(st) || st.length !== t.length)) {
    throw new SampleLineError('"st" is not a list of the same length');
  }
  return { ...parsed, labels, t, v };
}

function putValue(columns: SampleColumns, at: number, value: unknown): void {
  const words = new Uint32Array(columns.values.buffer, columns.values.byteOffset + at * 8, 2);
  const bits = typeof value === 'string' ? /^0x([0-9a-f]{8})([0-9a-f]{8})$/.exec(value) : null;
  if (bits) words.set([parseInt(bits[2]!, 16), parseInt(bits[1]!, 16)]);
  else columns.values[at] = numberOf(value);
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === '+Inf') return Infinity;
  if (value === '-Inf') return -Infinity;
  if (typeof value === 'string' && /^0x[0-9a-f]{16}$/.test(value)) return NaN;
  throw new SampleLineError(`${JSON.stringify(value)} is no value`);
}

function histogramOf(line: HistogramLine): Histogram {
  const spans = (list: HistogramLine['positiveSpans']): Histogram['positiveSpans'] => list.map(([offset, length]) => ({ offset, length }));
  const hints: readonly number[] = [0, 1, 2, 3];
  if (!hints.includes(line.resetHint) || !Array.isArray(line.positiveBuckets) || !Array.isArray(line.negativeBuckets)) {
    throw new SampleLineError('a histogram is not complete');
  }
  return {
    ...line, resetHint: line.resetHint satisfies ResetHint, sum: numberOf(line.sum), customValues: line.customValues.map(numberOf),
    positiveSpans: spans(line.positiveSpans), negativeSpans: spans(line.negativeSpans),
  };
}
