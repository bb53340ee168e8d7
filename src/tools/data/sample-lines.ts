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
import type { Labels } from '../../model/labels.js';
import type { Histogram, ResetHint } from '../../model/histogram.js';
import { validateHistogram } from '../../model/histogram-validate.js';
import type { SampleColumns } from '../../model/sample-columns.js';

/** A line that is not what `encodeLine` writes. */
export class SampleLineError extends Error {
  override name = 'SampleLineError';
}

/** Samples [from, to) of a series, without the line's end. */
export function encodeLine(labels: Labels, columns: SampleColumns, from: number, to: number): string {
  const { timestamps, values, startTimestamps: starts, histograms } = columns;
  const words = new Uint32Array(values.buffer, values.byteOffset, columns.length * 2);
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
  return `{"labels":${labelsText(labels)},"t":[${t.join(',')}],"v":[${v.join(',')}]${st}${h.length > 0 ? `,"h":{${h.join(',')}}` : ''}}`;
}

export function labelsText(labels: Labels): string {
  return `{${labels.names.map((name, i) => `${JSON.stringify(name)}:${JSON.stringify(labels.values[i])}`).join(',')}}`;
}

/** @param low @param high the bits of `value`, which a NaN does not keep on its way here */
export function valueText(value: number, low: number, high: number): string {
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
  return `{"float":${h.float},"schema":${h.schema},"zeroThreshold":${finiteOrWord(h.zeroThreshold)}`
    + `,"zeroCount":${finiteOrWord(h.zeroCount)},"count":${finiteOrWord(h.count)}`
    + `,"sum":${valueText(h.sum, sum[0]!, sum[1]!)}`
    + `,"positiveSpans":${spans(h.positiveSpans)},"positiveBuckets":${numbers(h.positiveBuckets)}`
    + `,"negativeSpans":${spans(h.negativeSpans)},"negativeBuckets":${numbers(h.negativeBuckets)},"customValues":${numbers(h.customValues)}`
    + `,"resetHint":${h.resetHint}}`;
}

function finiteOrWord(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(value) : value > 0 ? '"+Inf"' : '"-Inf"';
}

/** What a line of samples has besides its labels. */
export interface SampleLine {
  readonly t?: unknown;
  readonly v?: unknown;
  readonly st?: unknown;
  readonly h?: unknown;
}

/** Appends the samples of a line; after an error some of them are there. @throws SampleLineError */
export function decodeSamples({ t, v, st, h }: SampleLine, columns: SampleColumns): void {
  if (!Array.isArray(t) || !Array.isArray(v) || t.length !== v.length) {
    throw new SampleLineError('"t" and "v" are not lists of the same length');
  }
  if (st !== undefined && (!Array.isArray(st) || st.length !== t.length || !st.every(Number.isSafeInteger))) {
    throw new SampleLineError('"st" is not a list of times of the same length');
  }
  if (h !== undefined && (typeof h !== 'object' || h === null)) throw new SampleLineError('"h" is not an object');
  const histograms = (h ?? {}) as Readonly<Record<string, HistogramLine>>;
  const first = columns.length;
  for (let i = 0; i < t.length; i++) {
    const time: unknown = t[i];
    if (typeof time !== 'number' || !Number.isSafeInteger(time)) {
      throw new SampleLineError(`"t" has ${JSON.stringify(time)}, which is no time in ms`);
    }
    const histogram = histograms[String(i)];
    if (histogram) columns.pushHistogram(time, histogramOf(histogram));
    else {
      columns.pushFloat(time, 0);
      putValue(columns.values, columns.length - 1, v[i]);
    }
  }
  if (st) columns.setStarts(first, Float64Array.from(st as readonly number[]));
  else columns.setStarts(first);
}

/** As it is in the line: a NaN or an infinity is a word. */
interface HistogramLine {
  readonly float: unknown;
  readonly schema: unknown;
  readonly zeroThreshold: unknown;
  readonly zeroCount: unknown;
  readonly count: unknown;
  readonly sum: unknown;
  readonly positiveSpans: unknown;
  readonly positiveBuckets: unknown;
  readonly negativeSpans: unknown;
  readonly negativeBuckets: unknown;
  readonly customValues: unknown;
  readonly resetHint: unknown;
}

/** Puts what `valueText` wrote into `values[at]`, bit by bit. @throws SampleLineError */
export function putValue(values: Float64Array, at: number, value: unknown): void {
  const words = new Uint32Array(values.buffer, values.byteOffset + at * 8, 2);
  const bits = typeof value === 'string' ? /^0x([0-9a-f]{8})([0-9a-f]{8})$/.exec(value) : null;
  if (bits) words.set([parseInt(bits[2]!, 16), parseInt(bits[1]!, 16)]);
  else values[at] = numberOf(value);
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === '+Inf') return Infinity;
  if (value === '-Inf') return -Infinity;
  throw new SampleLineError(`${JSON.stringify(value)} is no value`);
}

function histogramOf(line: HistogramLine): Histogram {
  const hint = RESET_HINTS.find((one) => one === line.resetHint);
  if (hint === undefined || typeof line.float !== 'boolean') throw new SampleLineError('a histogram is not complete');
  const sum = new Float64Array(1);
  putValue(sum, 0, line.sum);
  const histogram: Histogram = {
    float: line.float, schema: numberOf(line.schema), zeroThreshold: numberOf(line.zeroThreshold), zeroCount: numberOf(line.zeroCount),
    count: numberOf(line.count), sum: sum[0]!,
    positiveSpans: spansOf(line.positiveSpans), positiveBuckets: numbersOf(line.positiveBuckets),
    negativeSpans: spansOf(line.negativeSpans), negativeBuckets: numbersOf(line.negativeBuckets),
    customValues: numbersOf(line.customValues), resetHint: hint,
  };
  const fault = validateHistogram(histogram);
  if (fault !== undefined) throw new SampleLineError(`a histogram is not valid: ${fault}`);
  return histogram;
}

const RESET_HINTS: readonly ResetHint[] = [0, 1, 2, 3];

function numbersOf(list: unknown): number[] {
  if (!Array.isArray(list)) throw new SampleLineError('a histogram is not complete');
  return list.map(numberOf);
}

function spansOf(list: unknown): Histogram['positiveSpans'] {
  if (!Array.isArray(list)) throw new SampleLineError('a histogram is not complete');
  return list.map((span: unknown) => {
    const [offset, length] = Array.isArray(span) ? span as unknown[] : [];
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) {
      throw new SampleLineError('a span of a histogram is no [offset, length]');
    }
    return { offset: Number(offset), length: Number(length) };
  });
}
