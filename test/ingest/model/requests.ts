/** Requests of a story as bytes, and as the rows that a reader of the specifications takes them for. */
import { Labels } from '../../../src/model/labels.js';
import { lookupType } from '../../support/message-types.js';
import { compress } from '../../support/remote-write-client.js';
import { nanos } from '../../wire/otlp-encode.js';
import type { Point, Sender, WrittenSeries } from './story.js';

const requestV1 = lookupType('prompb/remote.proto', 'prometheus.WriteRequest');
const requestV2 = lookupType('io/prometheus/write/v2/types.proto', 'io.prometheus.write.v2.Request');

/** Takes the place of bytes that are no UTF-8, and is as long as they are. */
const TO_BREAK = 'broken-utf8';

/** A sample as it should be stored if nothing is against it. */
export interface Row {
  /** Text of the labels. */
  readonly series: string;
  readonly metric: string;
  readonly t: number;
  readonly value: number;
  /** Which part of the request has to be reported if the row is refused. */
  readonly origin: number;
  /** The value is to be added; when its interval begins, ms, 0 if that is not known. */
  readonly delta?: { readonly startMs: number };
}

export interface Parsed {
  readonly rows: readonly Row[];
  /** Origins of which nothing can be stored. */
  readonly invalid: readonly number[];
  /** Origins that rules drop. */
  readonly dropped: readonly number[];
}

// ---- Remote write ----------------------------------------------------------------------------------------------------------------

function pairsOf({ name, i, fault }: WrittenSeries, sender: Sender | null): [string, string][] {
  const pairs: [string, string][] = fault === 'no_name' ? [] : [['__name__', name]];
  if (sender) pairs.push(['__replica__', sender.replica], ['cluster', sender.cluster]);
  if (fault === 'empty_name') pairs.push(['', 'x']);
  pairs.push(['i', String(i)]);
  if (fault === 'repeated_name') pairs.push(['i', String(i)]);
  if (fault === 'broken_utf8') pairs.push(['z', TO_BREAK]);
  return pairs;
}

export function encodeWrite(version: 1 | 2, series: readonly WrittenSeries[], sender: Sender | null, nowMs: number): Uint8Array {
  const samplesOf = (one: WrittenSeries) => one.samples.map(({ at, value }) => ({ value, timestamp: nowMs + at * 1000 }));
  const symbols = new Map([['', 0]]);
  const ref = (text: string): number => {
    if (!symbols.has(text)) symbols.set(text, symbols.size);
    return symbols.get(text)!;
  };
  const timeseries = series.map((one) => {
    const pairs = pairsOf(one, sender);
    return version === 1 ? { labels: pairs.map(([name, value]) => ({ name, value })), samples: samplesOf(one) }
      : { labelsRefs: pairs.flatMap((pair) => pair.map(ref)), samples: samplesOf(one) };
  });
  const message = version === 1 ? requestV1.encode(requestV1.fromObject({ timeseries })).finish()
    : requestV2.encode(requestV2.fromObject({ symbols: [...symbols.keys()], timeseries })).finish();
  const bytes = Buffer.from(message);
  for (let found = bytes.indexOf(TO_BREAK); found >= 0; found = bytes.indexOf(TO_BREAK)) bytes[found] = 0xff;
  return compress(bytes);
}

export function parseWrite(series: readonly WrittenSeries[], sender: Sender | null, nowMs: number): Parsed {
  const rows: Row[] = [];
  const invalid: number[] = [];
  const dropped: number[] = [];
  let origin = 0;
  for (const { name, i, fault, samples } of series) {
    const labels = Labels.fromObject({ __name__: name, i: String(i), ...(sender ? { cluster: sender.cluster } : {}) }).toString();
    for (const { at, value } of samples) {
      if (fault !== 'none') invalid.push(origin);
      else if (name.startsWith('debug_')) dropped.push(origin);
      else rows.push({ series: labels, metric: name, t: nowMs + at * 1000, value, origin });
      origin++;
    }
  }
  return { rows, invalid, dropped };
}

// ---- OTLP ------------------------------------------------------------------------------------------------------------------------

const BOUNDS = [1, 5];

/** How many observations a histogram point has in each bucket. */
const countsOf = (value: number): [number, number, number] => [value, 1, Math.max(0, 2 - value)];

export function otlpRequest(points: readonly Point[], nowMs: number): object {
  const metrics = points.map((point) => {
    const { kind, i, at, value, length, isEmpty } = point;
    const t = nowMs + at * 1000;
    const common = {
      attributes: [{ key: 'i', value: { stringValue: String(i) } }], timeUnixNano: nanos(t),
      ...(length > 0 ? { startTimeUnixNano: nanos(t - length * 1000) } : {}), ...(isEmpty ? { flags: 1 } : {}),
    };
    const number = [{ ...common, asDouble: value }];
    const counts = countsOf(Math.max(0, value));
    const buckets = [{ ...common, count: String(total(counts)), sum: value, bucketCounts: counts.map(String), explicitBounds: BOUNDS }];
    switch (kind) {
      case 'gauge': return { name: 'g', gauge: { dataPoints: number } };
      case 'nameless': return { name: '___', gauge: { dataPoints: number } };
      case 'counter': return { name: 'c', sum: { dataPoints: number, aggregationTemporality: 2, isMonotonic: true } };
      case 'unspecified': return { name: 'u', sum: { dataPoints: number, isMonotonic: true } };
      case 'delta': return { name: 'd', sum: { dataPoints: number, aggregationTemporality: 1, isMonotonic: true } };
      case 'histogram': return { name: 'h', histogram: { dataPoints: buckets, aggregationTemporality: 2 } };
      case 'delta_histogram': return { name: 'dh', histogram: { dataPoints: buckets, aggregationTemporality: 1 } };
    }
  });
  const attribute = (key: string, text: string) => ({ key, value: { stringValue: text } });
  const resource = { attributes: [attribute('service.name', 'shop'), attribute('service.instance.id', '1')] };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] };
}

export function parseOtlp(points: readonly Point[], nowMs: number): Parsed {
  const rows: Row[] = [];
  const invalid: number[] = [];
  points.forEach(({ kind, i, at, value, length, isEmpty }, origin) => {
    if (kind === 'nameless' || kind === 'unspecified' || (kind === 'delta' && value < 0 && !isEmpty)) {
      invalid.push(origin);
      return;
    }
    const t = nowMs + at * 1000;
    const isDelta = kind.startsWith('delta') && !isEmpty;
    const startMs = length > 0 ? t - length * 1000 : 0;
    const put = (metric: string, amount: number, more: Record<string, string> = {}): void => {
      const series = Labels.fromObject({ __name__: metric, i: String(i), job: 'shop', instance: '1', ...more }).toString();
      rows.push({ series, metric, t, value: isEmpty ? NaN : amount, origin, ...(isDelta ? { delta: { startMs } } : {}) });
    };
    if (kind === 'gauge') put('g', value);
    else if (kind === 'counter') put('c_total', value);
    else if (kind === 'delta') put('d_total', value);
    else {
      const name = kind === 'histogram' ? 'h' : 'dh';
      const counts = countsOf(Math.max(0, value));
      put(`${name}_sum`, value);
      put(`${name}_count`, total(counts));
      put(`${name}_bucket`, counts[0], { le: '1' });
      put(`${name}_bucket`, counts[0] + counts[1], { le: '5' });
      put(`${name}_bucket`, total(counts), { le: '+Inf' });
    }
  });
  return { rows, invalid, dropped: [] };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
