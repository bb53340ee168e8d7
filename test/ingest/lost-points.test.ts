/** What a sender of OTLP is told of refused points, by reason: points, not what they became, and nothing of what it did not send. */
import fs from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { Ingester } from '../../src/ingest/ingester.js';
import { OTLP_DEFAULTS } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { systemClock } from '../../src/io/clock.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import { decodeOtlpJson } from '../../src/wire/otlp-decode.js';
import { HOUR, openStore, T0, tempDirectory, type OpenStore } from '../support/store-fixture.js';
import { otlpProtobuf } from '../wire/otlp-encode.js';

const SETTINGS = { maxDecodedBytes: 1 << 20, maxLabelNamesPerSeries: 60, maxLabelNameLength: 300, maxLabelValueLength: 200, maxMetadataFamilies: 1000, typeAndUnitLabels: false, zeroAtStart: false, maxFutureMs: 600_000 };
const NOW = T0 + HOUR;
let store: OpenStore | undefined;
afterEach(async () => {
  await store?.db.close();
  if (store) fs.rmSync(store.directory, { recursive: true, force: true });
});

const at = (t: number) => ({ timeUnixNano: `${BigInt(t) * 1_000_000n}` });
const histogram = (t: number, first: number) => ({ ...at(t), count: String(first + 2), sum: 4, bucketCounts: [String(first), '2'], explicitBounds: [1] });
const gauge = (name: string, t: number) => ({ name, gauge: { dataPoints: [{ ...at(t), asDouble: 1 }] } });
const request = (...metrics: object[]): object => ({
  resourceMetrics: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }, { key: 'zone', value: { stringValue: 'a' } }] }, scopeMetrics: [{ metrics }] }],
});
const h = (...dataPoints: object[]): object => ({ name: 'h', histogram: { aggregationTemporality: 2, dataPoints } });

test.each(['protobuf', 'json'] as const)('%s', async (encoding) => {
  store = await openStore(tempDirectory(), {}, { ...systemClock, nowMs: () => NOW });
  const translator = new OtlpTranslator(OTLP_DEFAULTS);
  const sink = { metadata: () => {}, exemplars: () => {}, rejects: () => {}, haElections: () => {} };
  const ingester = new Ingester(store.db, sink, SETTINGS, () => NOW, () => translator);
  const send = async (...metrics: object[]): Promise<unknown> => {
    const { rejectedPoints, rejects } = await (encoding === 'protobuf' ? ingester.otlp(otlpProtobuf(request(...metrics)))
      : ingester.append(translator.translate(decodeOtlpJson(Buffer.from(JSON.stringify(request(...metrics))))), 'otlp'));
    return [rejectedPoints, rejects.map(({ status, count }) => [status, count]).sort(([a], [b]) => a! - b!)];
  };
  expect(await send(h(histogram(NOW, 1)), gauge('g', NOW))).toEqual([0, []]);
  // Sum, count and a bucket of the first contradict; of the second all samples. `target_info` reaches the future, too.
  expect(await send(h(histogram(NOW, 2)), gauge('g', NOW + 1), gauge('far', NOW + 24 * HOUR))).toEqual([2, [[AppendStatus.conflict, 1], [AppendStatus.farFuture, 1]].sort(([a], [b]) => a! - b!)]);
  expect(await send(h(histogram(NOW - 40 * HOUR, 1), histogram(NOW + 2, 1)))).toEqual([1, [[AppendStatus.tooOld, 1]]]);
});
