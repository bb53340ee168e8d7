/**
 * A store without a head takes its first body through the kernels, too: nothing in a process is as slow as the code that runs for the first
 * time, and the general path is a lot of code for one request.
 */
import fs from 'node:fs';
import { afterEach, expect, it, test } from 'vitest';
import { Ingester } from '../../src/ingest/ingester.js';
import { OTLP_DEFAULTS } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { systemClock } from '../../src/io/clock.js';
import type { Appender } from '../../src/storage/appender.js';
import { compress, encodeWrite, type WriteVersion } from '../support/remote-write-client.js';
import { HOUR, openStore, readAll, T0, tempDirectory, type OpenStore } from '../support/store-fixture.js';
import { otlpProtobuf } from '../wire/otlp-encode.js';

const SETTINGS = { maxDecodedBytes: 1 << 20, maxLabelNamesPerSeries: 60, maxLabelNameLength: 300, maxLabelValueLength: 200, maxMetadataFamilies: 1000, typeAndUnitLabels: false, zeroAtStart: false, maxFutureMs: 600_000 };
const open: OpenStore[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) {
    await one.db.close();
    fs.rmSync(one.directory, { recursive: true, force: true });
  }
});

async function emptyStore(): Promise<{ store: OpenStore; ingester: Ingester; batches: () => number }> {
  const store = await openStore(tempDirectory(), {}, { ...systemClock, nowMs: () => T0 + HOUR });
  open.push(store);
  let batches = 0;
  const { db } = store;
  const appender: Appender = {
    appendRemoteWriteV1: (body, naming, rest) => db.appendRemoteWriteV1(body, naming, rest),
    appendRemoteWriteV2: (body, naming, rest) => db.appendRemoteWriteV2(body, naming, rest),
    appendOtlp: (body, naming) => db.appendOtlp(body, naming),
    appendBatch: (batch, statuses) => {
      batches++;
      return db.appendBatch(batch, statuses);
    },
    probeBatch: (batch, statuses) => db.probeBatch(batch, statuses),
  };
  const sink = { metadata: () => {}, exemplars: () => {}, rejects: () => {}, haElections: () => {} };
  const translator = new OtlpTranslator(OTLP_DEFAULTS);
  return { store, ingester: new Ingester(appender, sink, SETTINGS, () => T0 + HOUR, () => translator), batches: () => batches };
}

function writeBody(version: WriteVersion, times: readonly number[]): Buffer {
  return Buffer.from(compress(encodeWrite(version, [{
    labels: { __name__: 'up', job: 'a' }, samples: times.map((t, i) => ({ timestampMs: t, value: i })),
  }])));
}

test.each<WriteVersion>([1, 2])('remote write %s.0', async (version) => {
  const { store, ingester, batches } = await emptyStore();
  const outcome = await (version === 1 ? ingester.remoteWriteV1(writeBody(1, [T0, T0 + 1])) : ingester.remoteWriteV2(writeBody(2, [T0, T0 + 1])));
  expect([outcome.samplesWritten, outcome.rejects, batches()]).toEqual([2, [], 0]);
  expect(readAll(store)).toEqual({ 'up{job="a"}': [[T0, 0], [T0 + 1, 1]] });
});

test('OTLP', async () => {
  const { store, ingester, batches } = await emptyStore();
  const outcome = await ingester.otlp(otlpProtobuf({ resourceMetrics: [{
    scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints: [{ timeUnixNano: String(BigInt(T0) * 1_000_000n), asDouble: 4 }] } }] }],
  }] }));
  expect([outcome.samplesWritten, outcome.rejects, batches()]).toEqual([1, [], 0]);
  expect(readAll(store)).toEqual({ g: [[T0, 4]] });
});

it('a body that no single head can take goes the general way, as in a store that has heads', async () => {
  const { store, ingester, batches } = await emptyStore();
  const border = T0 + HOUR - ((T0 + HOUR) % (2 * HOUR));
  const outcome = await ingester.remoteWriteV1(writeBody(1, [border - 1, border]));
  expect([outcome.samplesWritten, outcome.rejects, batches(), store.heads.heads.length]).toEqual([2, [], 1, 2]);
});

it('nothing to store leaves no head behind', async () => {
  const { store, ingester } = await emptyStore();
  expect((await ingester.remoteWriteV1(writeBody(1, []))).samplesWritten).toBe(0);
  expect((await ingester.remoteWriteV1(writeBody(1, [T0 + 48 * HOUR]))).rejects.length).toBe(1);
  expect((await ingester.otlp(otlpProtobuf({ resourceMetrics: [] }))).samplesWritten).toBe(0);
  expect(store.heads.heads.length).toBe(0);
});
