/**
 * The recorded requests of ../shared/spec/{remote-write,otlp}-vectors (see their READMEs) through the whole way in: HTTP,
 * decoders, translation, store. Status and counts must be those of Prometheus 3.14, or what its specification recommends
 * where it differs; and where Prometheus accepted a request, the same samples must be stored.
 */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { floatText } from '../../src/api/number-text.js';
import type { OtlpSettings } from '../../src/ingest/otlp-settings.js';
import { systemClock } from '../../src/io/clock.js';
import { Matcher } from '../../src/model/matcher.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { isStaleAt } from '../../src/model/stale-nan.js';
import { collectGarbage } from '../../src/threads/collect-garbage.js';
import { decodeOtlpJson, decodeOtlpProtobuf } from '../../src/wire/otlp-decode.js';
import { uncompressBlock } from '../../src/wire/snappy.js';
import { Door } from '../support/ingest-fixture.js';
import { openStore, type OpenStore } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { otlpProtobuf } from '../wire/otlp-encode.js';
import { makeHarness, OTLP_ANSWERS, type Harness } from './harness.js';

const DIFFERENCES = fs.readFileSync(path.resolve(import.meta.dirname, '../../src/ingest/differences.md'), 'utf8');
const FOLDER = path.resolve(import.meta.dirname, '../../../shared/spec');

interface Stored {
  labels: Record<string, string>;
  samples?: [number, string][];
  histograms?: { t: number; stale?: boolean }[];
}

interface Vector {
  name: string;
  settings: Partial<OtlpSettings> & { features?: string[]; out_of_order_time_window_ms?: number; accepted_protobuf_messages?: string[] };
}

interface WriteVector extends Vector {
  steps: { method: string; headers: Record<string, string>; body_base64: string }[];
  expect: { steps: { status: number; headers: Record<string, string> }[]; series: Stored[] };
}

interface OtlpVector extends Vector {
  before?: object[];
  otlp?: object;
  request?: { headers?: Record<string, string>; encode?: string; truncate?: number; body_base64?: string };
  expect: { status: number; before_status?: number[]; series: Stored[] };
}

/** Deliberate differences, as in src/ingest/differences.md: the status of the last request here, and why. */
const OUR_STATUS: Readonly<Record<string, number>> = {
  // The message of the other version: the vector itself recommends to say so.
  'protocol/v1-body-sent-as-v2': 400,
  'protocol/v2-body-sent-as-v1': 400,
  // Content codings are compared without case; a Content-Type is read with its spaces.
  'protocol/v1-encoding-upper-case': 204,
  'protocol/v2-space-before-proto-parameter': 204,
  // An exact duplicate is recognised anywhere, so that a retry after a partial store is no error.
  'order/v1-resend-identical-batch': 204,
  'order/v2-resend-identical-batch': 204,
  // A late sample that contradicts a stored one: Prometheus accepts it and leaves open which of the two is found.
  'order/v1-ooo-duplicate-of-in-order-sample-other-value': 400,
  'order/v2-ooo-duplicate-of-in-order-sample-other-value': 400,
  // OTLP headers by the letter of RFC 9110 and of the OTLP specification.
  'http/json-encoding-deflate': 200,
  'http/json-encoding-identity': 200,
  'http/json-upper-case-type': 200,
  'http/json-with-charset': 200,
  'http/no-content-type': 415,
  'http/protobuf-google-type-name': 415,
};
/** Prometheus drops samples that are out of order within one request without a word; here they are sorted first. */
const STORES_MORE = new Set(['order/v1-same-request-out-of-order', 'resource/target-info-second-resource-older']);

function load<V extends Vector>(folder: string): V[] {
  const directory = path.join(FOLDER, folder);
  if (!fs.existsSync(directory)) {
    console.log(`skipped: no folder ${directory}`);
    return [];
  }
  return fs.readdirSync(directory).filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(fs.readFileSync(path.join(directory, file), 'utf8')) as V);
}

interface System {
  readonly app: Harness['app'];
  readonly store: OpenStore;
}

const stores = new Stores(openStore);
let opened = 0;

async function withSystem<T>({ settings }: Vector, run: (system: System) => Promise<T>): Promise<T> {
  const store = await stores.open({ outOfOrderWindowMs: settings.out_of_order_time_window_ms ?? 0 });
  const has = (feature: string): boolean => settings.features?.includes(feature) === true;
  const typeAndUnitLabels = has('type-and-unit-labels');
  const zeroAtStart = has('created-timestamp-zero-ingestion');
  const { ingester, translator } = new Door(store, systemClock, { settings: { typeAndUnitLabels, zeroAtStart }, otlp: {
    ...settings,
    // Without the feature Prometheus refuses deltas.
    delta_temporality: has('otlp-native-delta-ingestion') ? 'native' : 'reject',
    type_and_unit_labels: typeAndUnitLabels,
    created_timestamp_zero_ingestion: zeroAtStart,
  } });
  const { app } = await makeHarness({
    gate: { maxRequests: 10, maxBytes: 1 << 30 },
    http: {
      maxBodyBytes: 32 << 20, maxDecodedBytes: 32 << 20,
      acceptedWrites: settings.accepted_protobuf_messages ?? ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'],
    },
    real: {
      clock: systemClock,
      ingestion: ingester,
      codecs: {
        ...OTLP_ANSWERS,
        uncompressBlock,
        decodeOtlp: (bytes, encoding) => translator.translate(encoding === 'json' ? decodeOtlpJson(bytes) : decodeOtlpProtobuf(bytes)),
      },
    },
  });
  try {
    return await run({ app, store });
  } finally {
    await app.close();
    await stores.closeAll();
    // Each head reserves an arena of its own; hundreds of them would use up the address space before a collection.
    if (++opened % 20 === 0) collectGarbage();
  }
}

/** `{a="1"} 1000=1 2000=StaleNaN 3000=histogram`, sorted. */
function storedLines({ store }: System): string[] {
  return store.heads.select([new Matcher('!=', '__name__', '')], -1e15, 1e15).map((series) => {
    const columns = new SampleColumns();
    series.read(columns, -1e15, 1e15);
    const points = Array.from({ length: columns.length }, (_, i) =>
      `${columns.timestamps[i]}=${columns.histograms?.[i] ? 'histogram' : isStaleAt(columns.values, i) ? 'StaleNaN' : floatText(columns.values[i]!)}`);
    return `${series.labels.toString()} ${points.join(' ')}`;
  }).sort();
}

function expectedLines(series: readonly Stored[]): string[] {
  return series.map(({ labels, samples = [], histograms = [] }) => {
    const floats = samples.map(([t, text]) => [t, text === 'StaleNaN' ? text : floatText(Number(text.replace('Inf', 'Infinity')))] as const);
    // A stale marker is one and the same here, whichever kind of sample came before.
    const others = histograms.map(({ t, stale }) => [t, stale ? 'StaleNaN' : 'histogram'] as const);
    const points = [...floats, ...others].sort(([a], [b]) => a - b).map(([t, text]) => `${t}=${text}`);
    return `${storedName(labels)} ${points.join(' ')}`;
  }).sort();
}

function compareStored(name: string, system: System, expected: readonly Stored[]): void {
  const ours = storedLines(system);
  const theirs = expectedLines(expected);
  if (!STORES_MORE.has(name)) {
    expect(ours).toEqual(theirs);
    return;
  }
  // Everything that they have and more: compared sample by sample.
  const samples = (lines: readonly string[]) => lines.flatMap((line) => line.split(' ').filter((part) => /^\d+=/.test(part)).map((part) => `${line.split(' ')[0]} ${part}`));
  expect(samples(ours)).toEqual(expect.arrayContaining(samples(theirs)));
}

function storedName(labels: Record<string, string>): string {
  const { __name__: name = '', ...others } = labels;
  const pairs = Object.keys(others).sort().map((key) => `${key}=${JSON.stringify(others[key])}`);
  return pairs.length === 0 && name !== '' ? name : `${name}{${pairs.join(', ')}}`;
}

const writeVectors = load<WriteVector>('remote-write-vectors');
const otlpVectors = load<OtlpVector>('otlp-vectors');
afterAll(collectGarbage);

test('every difference is on the page of differences, and only what is recorded', () => {
  const named = new Set(Array.from(DIFFERENCES.matchAll(/`([a-z]+\/[a-z0-9-]+)`/g), ([, name]) => name!));
  for (const name of [...Object.keys(OUR_STATUS), ...STORES_MORE]) expect([...named], name).toContain(name);
  const recorded = [...writeVectors, ...otlpVectors].map(({ name }) => name);
  if (recorded.length > 0) for (const name of named) expect(recorded, 'what the page names').toContain(name);
});

describe.runIf(writeVectors.length > 0)('remote write', () => {
  test.each(writeVectors.map((vector) => [vector.name, vector] as const))('%s', async (name, vector) => {
    await withSystem(vector, async (system) => {
      for (const [i, { method, headers, body_base64: body }] of vector.steps.entries()) {
        const reply = await system.app.inject({ method: method as 'POST', url: '/api/v1/write', headers, payload: Buffer.from(body, 'base64') });
        const expected = vector.expect.steps[i]!;
        const ours = i === vector.steps.length - 1 ? OUR_STATUS[name] : undefined;
        expect(reply.statusCode, reply.body).toBe(ours ?? expected.status);
        if (ours !== undefined) continue;
        const counts = Object.fromEntries(Object.entries(reply.headers).filter(([key]) => key.startsWith('x-prometheus-remote-write')));
        expect(counts).toEqual(Object.fromEntries(Object.entries(expected.headers).filter(([key]) => key.startsWith('x-prometheus-remote-write'))));
      }
      if (name in OUR_STATUS || vector.expect.steps.some(({ status }) => status >= 300)) return;
      compareStored(name, system, vector.expect.series);
    });
  });
});

describe.runIf(otlpVectors.length > 0)('OTLP', () => {
  test.each(otlpVectors.map((vector) => [vector.name, vector] as const))('%s', async (name, vector) => {
    await withSystem(vector, async (system) => {
      const url = '/api/v1/otlp/v1/metrics';
      for (const before of vector.before ?? []) {
        await system.app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload: JSON.stringify(before) });
      }
      const { request = {} } = vector;
      const reply = await system.app.inject({ method: 'POST', url, headers: request.headers ?? { 'content-type': 'application/json' }, payload: payload(vector) });
      const { status, series } = vector.expect;
      // Data that Prometheus refuses costs the whole request there; here the rest is stored and the answer says what is not.
      const partial = !(name in OUR_STATUS) && (status === 500 || (status === 400 && !name.startsWith('http/')));
      expect(reply.statusCode, reply.body).toBe(OUR_STATUS[name] ?? (partial ? 200 : status));
      // Those differences are on the page, too.
      if (partial) expect(DIFFERENCES, name).toContain(`\`${name}\``);
      if (partial) expect(reply.json<{ partialSuccess: { errorMessage: string } }>().partialSuccess.errorMessage).toContain('not stored');
      else if (status < 300) compareStored(name, system, series);
    });
  });
});

function payload({ otlp, request = {} }: OtlpVector): Buffer {
  if (request.body_base64 !== undefined) return Buffer.from(request.body_base64, 'base64');
  const encode = request.encode ?? '';
  const plain = encode.startsWith('protobuf') ? Buffer.from(otlpProtobuf(otlp!)) : Buffer.from(JSON.stringify(otlp));
  const bytes = encode.endsWith('gzip') ? zlib.gzipSync(plain) : encode === 'deflate' ? zlib.deflateSync(plain) : plain;
  return request.truncate === undefined ? bytes : bytes.subarray(0, -request.truncate);
}
