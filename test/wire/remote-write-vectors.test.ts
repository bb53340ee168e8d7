/**
 * The recorded requests of ../shared/spec/remote-write-vectors (see its README), as far as the store plays no role:
 * what the decoders leave must be what Prometheus 3.14 stored.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { decodeWriteRequestV1 } from '../../src/wire/remote-write-v1.js';
import { decodeWriteRequestV2 } from '../../src/wire/remote-write-v2.js';
import { uncompressBlock } from '../../src/wire/snappy.js';
import { WireError } from '../../src/wire/wire-error.js';
import { expectedExemplars, expectedLines, NaiveStore, type StoredExemplars, type StoredSeries } from './naive-store.js';

const FOLDER = path.resolve(import.meta.dirname, '../../../shared/spec/remote-write-vectors');

interface Vector {
  name: string;
  category: string;
  note?: string;
  settings: { features?: string[] };
  steps: { v?: 1 | 2; raw?: boolean; headers: Record<string, string>; body_base64: string }[];
  expect: { steps: { status: number; headers?: Record<string, string> }[]; series: StoredSeries[]; exemplars: StoredExemplars[] };
}

/** The store decides these: times, conflicts, zero samples, exemplar order. */
const OF_THE_STORE = [
  /^order\//, /same-time/, /older-inside-window/, /start-timestamp-(histogram|zero)/, /then-float-stale-marker/, /stale-marker-duplicate/,
  /^exemplar\/v[12]-(far-future|out-of-order|duplicate)/, /v1-series-with-only-exemplars/, /^v2\/(all-samples-rejected|partial-write-counts)/,
];
/** The HTTP route decides these. */
const OF_THE_ROUTE = /^protocol\/(content-type|get-method|v1-encoding|v1-no|v1-not|.*space-before|v[12]-body-sent)/;

const vectors: Vector[] = fs.existsSync(FOLDER)
  ? fs.readdirSync(FOLDER).filter((file) => file.endsWith('.json')).map((file) => JSON.parse(fs.readFileSync(path.join(FOLDER, file), 'utf8')) as Vector)
  : [];
if (vectors.length === 0) console.log(`skipped: remote write vectors, no folder ${FOLDER}`);

const LIMIT = 32 * 1024 * 1024;

function decode(step: Vector['steps'][number], features: readonly string[]): SampleBatch {
  const body = uncompressBlock(Buffer.from(step.body_base64, 'base64'), LIMIT);
  const isV2 = step.v === 2 || step.headers['content-type']?.includes('v2.Request') === true;
  return isV2 ? decodeWriteRequestV2(body, { typeAndUnitLabels: features.includes('type-and-unit-labels'), zeroAtStart: features.includes('created-timestamp-zero-ingestion') }) : decodeWriteRequestV1(body);
}

/** The 400s that a decoder must foresee: anything refused on an empty store. */
function mustReport(vector: Vector, step: number): boolean {
  return vector.expect.steps[step]!.status === 400;
}

describe.skipIf(vectors.length === 0)('remote write vectors', () => {
  const decided = vectors.filter(({ name }) => !OF_THE_ROUTE.test(name) && !OF_THE_STORE.some((pattern) => pattern.test(name)));
  test.each(decided.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const store = new NaiveStore();
    vector.steps.forEach((step, i) => {
      let batch = new SampleBatch();
      let failed = false;
      try {
        batch = decode(step, vector.settings.features ?? []);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
        failed = true;
      }
      store.add(batch);
      const isV1LabelFault = batch.rejects.some(({ status }) => status === 7) && vector.expect.steps[i]!.status === 204;
      if (!isV1LabelFault) expect(failed || batch.rejects.length > 0, JSON.stringify(batch.rejects)).toBe(mustReport(vector, i));
      const headers = vector.expect.steps[i]!.headers ?? {};
      const written = headers['x-prometheus-remote-write-histograms-written'];
      if (written !== undefined) expect(batch.histograms.size + batch.staleHistograms.size).toBe(Number(written));
    });
    // 1.0 is all or nothing in Prometheus; we keep the good part.
    if (vector.expect.steps.some(({ status }) => status === 400) && vector.expect.series.length === 0 && vector.name.includes('v1')) return;
    expect(store.lines()).toStrictEqual(expectedLines(vector.expect.series));
    expect(store.exemplars()).toStrictEqual(expectedExemplars(vector.expect.exemplars));
  });
});
