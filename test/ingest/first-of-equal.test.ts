/**
 * Of several samples of one series and time in one request the first counts, whichever of them go through the kernels and which through the
 * decoder, as in Prometheus. If the first is refused, the next is judged as if it had come alone.
 */
import fs from 'node:fs';
import { afterEach, describe, expect, it, test } from 'vitest';
import { Ingester } from '../../src/ingest/ingester.js';
import { OTLP_DEFAULTS } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { systemClock } from '../../src/io/clock.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import type { Appender, AppendReport } from '../../src/storage/appender.js';
import type { IngestOutcome } from '../../src/storage/ingestion.js';
import { compress, encodeWrite, type WriteSeries, type WriteVersion } from '../support/remote-write-client.js';
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

interface Door {
  readonly ingester: Ingester;
  readonly store: OpenStore;
  /** What the kernels said of each remote write body. */
  readonly reports: (AppendReport | 'general')[];
  write(version: WriteVersion, ...series: readonly WriteSeries[]): Promise<IngestOutcome>;
}

async function door(): Promise<Door> {
  const store = await openStore(tempDirectory(), { outOfOrderWindowMs: HOUR }, { ...systemClock, nowMs: () => T0 + 3 * HOUR });
  open.push(store);
  const { db } = store;
  const reports: (AppendReport | 'general')[] = [];
  const noted = (report: AppendReport | 'general'): AppendReport | 'general' => {
    reports.push(report);
    return report;
  };
  const appender: Appender = {
    appendRemoteWriteV1: async (body, naming, rest) => noted(await db.appendRemoteWriteV1(body, naming, rest)),
    appendRemoteWriteV2: async (body, naming, rest) => noted(await db.appendRemoteWriteV2(body, naming, rest)),
    appendOtlp: (body, naming) => db.appendOtlp(body, naming),
    appendBatch: (batch, statuses) => db.appendBatch(batch, statuses),
    probeBatch: (batch, statuses) => db.probeBatch(batch, statuses),
  };
  const sink = { metadata: () => {}, exemplars: () => {}, rejects: () => {}, haElections: () => {} };
  const translator = new OtlpTranslator(OTLP_DEFAULTS);
  const ingester = new Ingester(appender, sink, SETTINGS, () => T0 + 3 * HOUR, () => translator);
  const write: Door['write'] = (version, ...series) => {
    const body = compress(encodeWrite(version, series));
    return version === 1 ? ingester.remoteWriteV1(body) : ingester.remoteWriteV2(body);
  };
  return { store, ingester, reports, write };
}

const sample = (t: number, value: number) => ({ timestampMs: T0 + t, value });
const plain = (name: string, t: number, value: number): WriteSeries => ({ labels: { __name__: name }, samples: [sample(t, value)] });
/** What the kernels leave to the decoder: a series that has a histogram, too, or exemplars. */
const mixed = (name: string, t: number, value: number): WriteSeries => ({
  ...plain(name, t, value), histograms: [{ countInt: 1, sum: 0, schema: 0, zeroThreshold: 1e-9, zeroCountInt: 1, timestamp: T0 + t + 5 }],
});
const withExemplar = (name: string, t: number, value: number): WriteSeries => ({ ...plain(name, t, value), exemplars: [{ labels: { trace_id: 'x' }, ...sample(t, value) }] });

test.each([['before', true], ['behind', false]] as const)('OTLP: a delta with a point without a value %s it is accepted, and so is a repetition', async (_where, isBefore) => {
  const { ingester } = await door();
  const at = (t: number, more: object) => ({ startTimeUnixNano: `${BigInt(T0) * 1_000_000n}`, timeUnixNano: `${BigInt(T0 + t) * 1_000_000n}`, ...more });
  const [delta, empty] = [at(10_000, { asDouble: 3 }), at(10_000, { flags: 1 })];
  const body = otlpProtobuf({ resourceMetrics: [{ scopeMetrics: [{ metrics: [
    { name: 'd', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: isBefore ? [empty, delta] : [delta, empty] } },
  ] }] }] });
  for (let i = 0; i < 3; i++) expect((await ingester.otlp(body)).rejects, `request ${i}`).toEqual([]);
});

const floats = (store: OpenStore): unknown => Object.fromEntries(Object.entries(readAll(store)).map(([series, points]) =>
  [series, points.filter(([, value]) => typeof value === 'number' && !Number.isNaN(value))]));

describe.each<WriteVersion>([1, 2])('remote write %i.0', (version) => {
  it('keeps the first, and says nothing about the second', async () => {
    const { write, store } = await door();
    const outcomes = [await write(version, mixed('a', 0, 1), plain('a', 0, 2)), await write(version, plain('b', 0, 1), mixed('b', 0, 2))];
    // Known series, in a body that is longer.
    outcomes.push(await write(version, plain('c', 10, 7), mixed('a', 10, 3), plain('b', 10, 3), plain('a', 10, 4), mixed('b', 10, 4)));
    expect(outcomes.map(({ samplesWritten, rejects }) => [samplesWritten, rejects])).toEqual([[2, []], [2, []], [5, []]]);
    expect(floats(store)).toEqual({ a: [[T0, 1], [T0 + 10, 3]], b: [[T0, 1], [T0 + 10, 3]], c: [[T0 + 10, 7]] });
  });

  it('likewise when it is sent again, however old it is by then', async () => {
    const { write, store } = await door();
    const old = { labels: { __name__: 'a' }, samples: [sample(0, 1), sample(0, 2)] };
    const first = await write(version, old);
    // In another head: what is behind the window is not looked at in the same way.
    await write(version, plain('b', 2.5 * HOUR, 1));
    const outcomes = [first, await write(version, old), await write(version, old, mixed('c', 2.5 * HOUR, 1)), await write(version, plain('b', 2.5 * HOUR, 1), old)];
    expect(outcomes.map(({ samplesWritten, rejects }) => [samplesWritten, rejects])).toEqual([[2, []], [2, []], [3, []], [3, []]]);
    expect(floats(store)).toMatchObject({ a: [[T0, 1]] });
  });

  it('series that are on one side only take the fast path, and the rest of the body with them', async () => {
    const { write, reports } = await door();
    await write(version, plain('a', 0, 1), mixed('b', 0, 1));
    await write(version, plain('a', 10, 1), mixed('b', 10, 1), plain('c', 10, 1));
    expect(reports.map((report) => report !== 'general' && report.samples)).toEqual([1, 2]);
  });
});

it('exemplars of 1.0 apart from their samples, as Prometheus sends them, do not cost the fast path', async () => {
  const { write, reports, store } = await door();
  await write(1, plain('a', 0, 1), { ...withExemplar('a', 0, 1), samples: [] });
  await write(1, withExemplar('a', 10, 1), plain('a', 10, 2));
  expect(reports.map((report) => report !== 'general')).toEqual([true, false]);
  expect(floats(store)).toEqual({ a: [[T0, 1], [T0 + 10, 1]] });
});

test.each([0, 1])('OTLP: a second point is judged by itself where the first is refused (the other point %i s before them)', async (other) => {
  const { ingester, store } = await door();
  const point = (t: number, asDouble: number) => ({ timeUnixNano: `${BigInt(T0 + t) * 1_000_000n}`, asDouble });
  const send = (...dataPoints: object[]): Promise<IngestOutcome> => ingester.otlp(otlpProtobuf({ resourceMetrics: [{ scopeMetrics: [{ metrics: [
    { name: 'g', gauge: { dataPoints } }, { name: 'h', gauge: { dataPoints: [point(10_000 - other * 1000, 5)] } },
  ] }] }] }));
  await send(point(10_000, 1));
  // Two that contradict what is stored are two lost points; one that repeats it is not.
  const outcome = await send(point(10_000, 2), point(10_000, 3), point(10_000, 1));
  expect([outcome.rejectedPoints, outcome.rejects.map(({ status, count }) => [status, count])]).toEqual([2, [[AppendStatus.conflict, 2]]]);
  expect((await send(point(20_000, 1), point(20_000, 2))).rejectedPoints).toBe(0);
  expect(floats(store)).toMatchObject({ g: [[T0 + 10_000, 1], [T0 + 20_000, 1]] });
});
