/** What a sender of OTLP is told of refused points, by reason: points, not what they became, and nothing of what it did not send. */
import { afterEach, expect, test } from 'vitest';
import { decodeOtlpJson } from '../../src/wire/otlp-decode.js';
import { countsByReason, Door } from '../support/ingest-fixture.js';
import { clockAt, HOUR, openStore, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { nanos } from '../wire/otlp-encode.js';

const NOW = T0 + HOUR;
const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

const at = (t: number) => ({ timeUnixNano: nanos(t) });
const histogram = (t: number, first: number) => ({ ...at(t), count: String(first + 2), sum: 4, bucketCounts: [String(first), '2'], explicitBounds: [1] });
const gauge = (name: string, t: number) => ({ name, gauge: { dataPoints: [{ ...at(t), asDouble: 1 }] } });
const request = (...metrics: object[]): object => ({
  resourceMetrics: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }, { key: 'zone', value: { stringValue: 'a' } }] }, scopeMetrics: [{ metrics }] }],
});
const h = (...dataPoints: object[]): object => ({ name: 'h', histogram: { aggregationTemporality: 2, dataPoints } });

test.each(['protobuf', 'json'] as const)('%s', async (encoding) => {
  const clock = clockAt(NOW);
  const door = new Door(await stores.open({}, clock), clock);
  const send = async (...metrics: object[]): Promise<unknown> => {
    const { rejectedPoints, rejects } = await (encoding === 'protobuf' ? door.otlp(request(...metrics))
      : door.ingester.append(door.translator.translate(decodeOtlpJson(Buffer.from(JSON.stringify(request(...metrics))))), 'otlp'));
    return [rejectedPoints, countsByReason(rejects)];
  };
  expect(await send(h(histogram(NOW, 1)), gauge('g', NOW))).toEqual([0, {}]);
  // Sum, count and a bucket of the first contradict; of the second all samples. `target_info` reaches the future, too.
  expect(await send(h(histogram(NOW, 2)), gauge('g', NOW + 1), gauge('far', NOW + 24 * HOUR))).toEqual([2, { conflict: 1, far_future: 1 }]);
  expect(await send(h(histogram(NOW - 40 * HOUR, 1), histogram(NOW + 2, 1)))).toEqual([1, { too_old: 1 }]);
});
