/**
 * The recorded requests of ../shared/spec/otlp-vectors (see its README), as far as the store plays no role: what the
 * translator makes of them must be what Prometheus 3.14 stored, from JSON and from the same request in protobuf.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { OTLP_DEFAULTS, type OtlpSettings } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import type { SampleBatch } from '../../src/model/sample-batch.js';
import { decodeOtlpJson, decodeOtlpProtobuf } from '../../src/wire/otlp-decode.js';
import type { OtlpRequest } from '../../src/wire/otlp-types.js';
import { WireError } from '../../src/wire/wire-error.js';
import { expectedExemplars, expectedLines, NaiveStore, type StoredExemplars, type StoredSeries } from '../wire/naive-store.js';
import { otlpProtobuf } from '../wire/otlp-encode.js';

const FOLDER = path.resolve(import.meta.dirname, '../../../shared/spec/otlp-vectors');

interface Vector {
  name: string;
  settings: Partial<OtlpSettings> & { features?: string[]; out_of_order_time_window_ms?: number };
  before?: object[];
  otlp?: object;
  request?: { encode?: string; truncate?: number; body_base64?: string };
  expect: {
    status: number;
    rejected: boolean;
    series: StoredSeries[];
    exemplars: StoredExemplars[];
    metadata: Record<string, { type: string; unit: string; help: string }>;
  };
}

/** The store decides: order, conflicts with stored samples, zero samples. */
const NOT_OURS = [/^order\//, /start-time-zero-sample-feature/];
/** The HTTP route decides about these headers; the bodies are fine. */
const ROUTE_REFUSES = /^http\/(json-encoding|json-upper|json-with-charset|no-content-type|protobuf-google)/;
/** We store more than Prometheus, on purpose: samples of one series are sorted before they are stored. */
const SORTED_FIRST = new Set(['resource/target-info-second-resource-older', 'exemplar/out-of-order-within-point']);

const vectors: Vector[] = fs.existsSync(FOLDER)
  ? fs.readdirSync(FOLDER).filter((file) => file.endsWith('.json')).map((file) => JSON.parse(fs.readFileSync(path.join(FOLDER, file), 'utf8')) as Vector)
  : [];
if (vectors.length === 0) console.log(`skipped: OTLP vectors, no folder ${FOLDER}`);

function translator({ settings }: Vector): OtlpTranslator {
  return new OtlpTranslator({
    ...OTLP_DEFAULTS,
    ...settings,
    // Without the feature Prometheus refuses deltas.
    delta_temporality: settings.features?.includes('otlp-native-delta-ingestion') ? 'native' : 'reject',
    type_and_unit_labels: settings.features?.includes('type-and-unit-labels') === true,
  });
}

function decodeVector({ request, otlp }: Vector): OtlpRequest {
  if (request?.body_base64 !== undefined) {
    const body = Buffer.from(request.body_base64, 'base64');
    return /^[{[\s]|^$/.test(body.toString('latin1')) ? decodeOtlpJson(body) : decodeOtlpProtobuf(body);
  }
  if (request?.encode?.startsWith('protobuf') !== true) return decodeOtlpJson(Buffer.from(JSON.stringify(otlp)));
  const bytes = otlpProtobuf(otlp!);
  return decodeOtlpProtobuf(request.truncate === undefined ? bytes : bytes.subarray(0, -request.truncate));
}

function stored(...batches: SampleBatch[]): NaiveStore {
  const store = new NaiveStore();
  for (const batch of batches) store.add(batch);
  return store;
}

function metadataOf(batch: SampleBatch): object {
  return Object.fromEntries(batch.metadata.map(({ family, type, unit, help }) => [family, { help, type, unit }]));
}

describe.skipIf(vectors.length === 0)('OTLP vectors', () => {
  const decided = vectors.filter(({ name }) => !NOT_OURS.some((pattern) => pattern.test(name)));

  test.each(decided.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    if (vector.expect.rejected && !ROUTE_REFUSES.test(vector.name)) {
      // Refused wholesale there; here the body is undecodable, or the bad part alone is reported.
      let batch: SampleBatch;
      try {
        batch = translator(vector).translate(decodeVector(vector));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
        return;
      }
      expect(batch.rejects.length).toBeGreaterThan(0);
      return;
    }
    if (vector.expect.rejected) return;
    const before = (vector.before ?? []).map((otlp) => translator(vector).translate(decodeOtlpJson(Buffer.from(JSON.stringify(otlp)))));
    const batch = translator(vector).translate(decodeVector(vector));
    expect(batch.rejects).toStrictEqual([]);
    const store = stored(...before, batch);
    if (SORTED_FIRST.has(vector.name)) {
      expect(store.lines()).toEqual(expect.arrayContaining(expectedLines(vector.expect.series)));
    } else {
      expect(store.lines()).toStrictEqual(expectedLines(vector.expect.series));
      expect(store.exemplars()).toStrictEqual(expectedExemplars(vector.expect.exemplars));
    }
    expect(metadataOf(batch)).toEqual(vector.expect.metadata);
  });

  const encodable = decided.filter(({ name, otlp, expect: { rejected } }) => otlp !== undefined && !rejected && !/snake-case|enum-as-string|unknown-json|json-/.test(name));
  test.each(encodable.map((vector) => [vector.name, vector] as const))('%s, the same from protobuf', (_name, vector) => {
    const fromJson = translator(vector).translate(decodeOtlpJson(Buffer.from(JSON.stringify(vector.otlp))));
    const fromProtobuf = translator(vector).translate(decodeOtlpProtobuf(otlpProtobuf(vector.otlp!)));
    expect(stored(fromProtobuf).lines()).toStrictEqual(stored(fromJson).lines());
    expect(stored(fromProtobuf).exemplars()).toStrictEqual(stored(fromJson).exemplars());
    expect(fromProtobuf.metadata).toStrictEqual(fromJson.metadata);
    expect(fromProtobuf.startTimestamps).toStrictEqual(fromJson.startTimestamps);
  });
});
