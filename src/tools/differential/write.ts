/** Sends a fleet by remote write, encoded by protobufjs and snappyjs: no code of ours stands between the data and both servers. */
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import snappy from 'snappyjs';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/stale-nan.js';
import type { FleetHistogram, FleetSample, FleetSeries } from './fleet.js';

export type WriteVersion = 1 | 2;

const PROTO = new URL('../../../proto/', import.meta.url);
/** Encoded in place of stale markers, whose bits a number cannot carry, and replaced in the bytes. No sample has it. */
const PLACEHOLDER = 1.2345678901234567e300;
/** RESET_HINT_GAUGE of both protocols. */
const GAUGE = 3;
/** Short requests: each holds a time slice, so that samples arrive in order. */
const SLICES = 8;

/** @throws Error if the server refuses anything */
export async function writeFleet(base: string, version: WriteVersion, fleet: readonly FleetSeries[]): Promise<void> {
  const times = fleet.flatMap((series) => series.samples.map((sample) => sample.timestampMs));
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b)) + 1;
  for (let slice = 0; slice < SLICES; slice++) {
    const from = first + ((last - first) * slice) / SLICES;
    const to = first + ((last - first) * (slice + 1)) / SLICES;
    const part = fleet.flatMap((series) => {
      const samples = series.samples.filter(({ timestampMs }) => timestampMs >= from && timestampMs < to);
      return samples.length === 0 ? [] : [{ labels: series.labels, samples }];
    });
    await send(base, version, withStaleMarkers(encode(version, part)));
  }
}

async function send(base: string, version: WriteVersion, message: Uint8Array): Promise<void> {
  const response = await fetch(`${base}/api/v1/write`, {
    method: 'POST',
    body: snappy.compress(message),
    headers: {
      'content-type': version === 1 ? 'application/x-protobuf' : 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': version === 1 ? '0.1.0' : '2.0.0',
    },
  });
  if (response.status >= 300) throw new Error(`${base}: write answered ${response.status}: ${await response.text()}`);
}

function encode(version: WriteVersion, fleet: readonly FleetSeries[]): Uint8Array {
  if (version === 1) {
    const type = lookupType('prompb/remote.proto', 'prometheus.WriteRequest');
    const timeseries = fleet.map(({ labels, samples }) => ({
      labels: sorted(labels).map(([name, value]) => ({ name, value })), ...points(samples),
    }));
    return type.encode(type.fromObject({ timeseries })).finish();
  }
  const type = lookupType('io/prometheus/write/v2/types.proto', 'io.prometheus.write.v2.Request');
  const symbols = [''];
  const known = new Map<string, number>();
  const ref = (text: string): number => {
    const at = known.get(text);
    if (at !== undefined) return at;
    known.set(text, symbols.length);
    return symbols.push(text) - 1;
  };
  const timeseries = fleet.map(({ labels, samples }) => ({
    labelsRefs: sorted(labels).flatMap(([name, value]) => [ref(name), ref(value)]), ...points(samples), metadata: {},
  }));
  return type.encode(type.fromObject({ symbols, timeseries })).finish();
}

function points(samples: readonly FleetSample[]): { samples: object[]; histograms: object[] } {
  const floats: object[] = [];
  const histograms: object[] = [];
  for (const { timestampMs, value } of samples) {
    if (typeof value === 'object') histograms.push(histogramMessage(timestampMs, value));
    else floats.push({ timestamp: timestampMs, value: value === 'stale' ? PLACEHOLDER : value });
  }
  return { samples: floats, histograms };
}

function histogramMessage(timestamp: number, h: FleetHistogram): object {
  return {
    timestamp, schema: h.schema, sum: h.sum, countInt: h.count, zeroThreshold: h.zeroThreshold, zeroCountInt: h.zeroCount,
    positiveSpans: h.positiveSpans, positiveDeltas: deltas(h.positiveCounts),
    negativeSpans: h.negativeSpans, negativeDeltas: deltas(h.negativeCounts), resetHint: h.gauge ? GAUGE : 0,
    customValues: h.customValues,
  };
}

function deltas(counts: readonly number[]): number[] {
  return counts.map((count, i) => count - (counts[i - 1] ?? 0));
}

function withStaleMarkers(message: Uint8Array): Uint8Array {
  const bytes = Buffer.from(message);
  const wanted = Buffer.from(new Float64Array([PLACEHOLDER]).buffer);
  const stale = Buffer.from(new Uint32Array([STALE_NAN_LOW, STALE_NAN_HIGH]).buffer);
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 8)) stale.copy(bytes, at);
  return bytes;
}

function sorted(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}

function lookupType(file: string, type: string): protobuf.Type {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target in protobuf.common ? target : fileURLToPath(new URL(target, PROTO)));
  return root.loadSync(file).lookupType(type);
}
