/**
 * A remote write sender for tests. It encodes with protobufjs and snappyjs from the message definitions, so that it
 * shares no code with the server's own decoders.
 */
import snappy from 'snappyjs';
import { lookupType } from './message-types.js';

const requestV1 = lookupType('prompb/remote.proto', 'prometheus.WriteRequest');
const requestV2 = lookupType('io/prometheus/write/v2/types.proto', 'io.prometheus.write.v2.Request');

export interface WriteSeries {
  /** With `__name__`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly timestampMs: number; readonly value: number }[];
  /** Fields as in the message definition (camelCase). */
  readonly histograms?: readonly Record<string, unknown>[];
  /** Remote write 1.0 only. */
  readonly exemplars?: readonly { readonly labels: Readonly<Record<string, string>>; readonly timestampMs: number; readonly value: number }[];
}

/** A native histogram of `count` observations of zero, as a field of `WriteSeries`. */
export function zeroHistogram(timestampMs: number, count = 1): Record<string, unknown> {
  return { countInt: count, sum: 0, schema: 0, zeroThreshold: 1e-9, zeroCountInt: count, timestamp: timestampMs };
}

export type WriteVersion = 1 | 2;

export const CONTENT_TYPE: Readonly<Record<WriteVersion, string>> = {
  1: 'application/x-protobuf',
  2: 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
};

/** The message of a request, not compressed. */
export function encodeWrite(version: WriteVersion, series: readonly WriteSeries[]): Uint8Array {
  return version === 1 ? encodeV1(series) : encodeV2(series);
}

export function compress(bytes: Uint8Array): Uint8Array {
  return snappy.compress(bytes);
}

export interface WriteAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** Sends a request as Prometheus would. @throws TypeError if there is no answer */
export function write(url: string, version: WriteVersion, series: readonly WriteSeries[]): Promise<WriteAnswer> {
  return post(`${url}/api/v1/write`, compress(encodeWrite(version, series)), {
    'content-type': CONTENT_TYPE[version],
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': version === 1 ? '0.1.0' : '2.0.0',
    'user-agent': 'narthex-test',
  });
}

export async function post(url: string, body: Uint8Array | string, headers: Record<string, string>): Promise<WriteAnswer> {
  const response = await fetch(url, { method: 'POST', body, headers });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

function encodeV1(series: readonly WriteSeries[]): Uint8Array {
  const timeseries = series.map(({ labels, samples, histograms, exemplars = [] }) => ({
    labels: pairs(labels),
    samples: samples.map(({ timestampMs, value }) => ({ value, timestamp: timestampMs })),
    histograms: histograms ?? [],
    exemplars: exemplars.map((one) => ({ labels: pairs(one.labels), timestamp: one.timestampMs, value: one.value })),
  }));
  return requestV1.encode(requestV1.fromObject({ timeseries })).finish();
}

function encodeV2(series: readonly WriteSeries[]): Uint8Array {
  const symbols = [''];
  const known = new Map<string, number>();
  const ref = (text: string): number => {
    let at = known.get(text);
    if (at === undefined) {
      at = symbols.push(text) - 1;
      known.set(text, at);
    }
    return at;
  };
  const timeseries = series.map(({ labels, samples, histograms }) => ({
    labelsRefs: sorted(labels).flatMap(([name, value]) => [ref(name), ref(value)]),
    samples: samples.map(({ timestampMs, value }) => ({ value, timestamp: timestampMs })),
    histograms: histograms ?? [],
    metadata: { type: 0, helpRef: 0, unitRef: 0 },
  }));
  return requestV2.encode(requestV2.fromObject({ symbols, timeseries })).finish();
}

function pairs(labels: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return sorted(labels).map(([name, value]) => ({ name, value }));
}

function sorted(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}
