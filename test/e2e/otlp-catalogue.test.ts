/** What comes with samples and is none, metadata and its history, exemplars with their ids: over changes, a kill and a restart. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { get } from './support/query.js';
import { Server } from './support/server.js';

let server: Server;
beforeAll(async () => void (server = await Server.start()));
afterAll(async () => void (await server.remove()));

const START = Date.now() - 60_000;
const nanos = (ms: number): string => `${ms}000000`;

async function send(metrics: readonly object[]): Promise<void> {
  const resourceMetrics = [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, scopeMetrics: [{ metrics }] }];
  const answer = await fetch(`${server.url}/api/v1/otlp/v1/metrics`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ resourceMetrics }),
  });
  expect([answer.status, await answer.text()]).toEqual([200, '{}']);
}

const point = (step: number): object => ({ timeUnixNano: nanos(START + step * 1000), asInt: String(step) });
const gauge = (step: number, description: string, unit = ''): object => ({ name: 'load', unit, description, gauge: { dataPoints: [point(step)] } });
const sum = (step: number, description: string): object => (
  { name: 'load', description, sum: { dataPoints: [point(step)], aggregationTemporality: 2, isMonotonic: false } }
);
const exponential = (step: number): object => ({
  name: 'load', description: 'As a histogram.',
  exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: nanos(START + step * 1000), count: '1', sum: 1, positive: { bucketCounts: ['1'] } }] },
});

type Entry = { readonly type: string; readonly help: string; readonly unit: string };
async function history(family: string): Promise<Entry[]> {
  return (await get<Record<string, Entry[]>>(server.url, `metadata?metric=${family}`))[family] ?? [];
}

async function restart(how: 'kill' | 'stop'): Promise<void> {
  await server[how]();
  server = await Server.start({ directory: server.directory });
}

it('metadata keeps its history: help, type and unit change, over kill -9 and restart', async () => {
  await send([gauge(1, 'Old words.')]);
  await send([gauge(2, 'New words.')]);
  await send([exponential(3)]);
  // A unit makes another name, so another family, unless the strategy says otherwise.
  await send([gauge(4, 'With a unit.', 's')]);
  const expected = [
    { type: 'histogram', help: 'As a histogram.', unit: '' }, { type: 'gauge', help: 'New words.', unit: '' }, { type: 'gauge', help: 'Old words.', unit: '' },
  ];
  expect(await history('load')).toEqual(expected);
  expect(await history('load_seconds')).toEqual([{ type: 'gauge', help: 'With a unit.', unit: 'seconds' }]);
  await restart('kill');
  expect(await history('load')).toEqual(expected);
  // Known words that come again are the newest again; a sum that is not monotonic is a gauge.
  await send([sum(5, 'Old words.')]);
  expect(await history('load')).toEqual([expected[2], expected[0], expected[1]]);
  await restart('stop');
  expect(await history('load')).toEqual([expected[2], expected[0], expected[1]]);
});

it('exemplars keep trace and span, over kill -9 and restart', async () => {
  const ids = { traceId: '0102030405060708090a0b0c0d0e0f10', spanId: '1112131415161718' };
  const exemplars = [{ timeUnixNano: nanos(START), asDouble: 0.5, ...ids, filteredAttributes: [{ key: 'user', value: { stringValue: 'ü' } }] }];
  await send([{ name: 'orders', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...point(1), exemplars }] } }]);
  const path = `query_exemplars?query=orders_total&start=${START / 1000 - 1}&end=${START / 1000 + 1}`;
  const expected = [{
    seriesLabels: { __name__: 'orders_total', job: 'shop' },
    exemplars: [{ labels: { span_id: ids.spanId, trace_id: ids.traceId, user: 'ü' }, value: '0.5', timestamp: START / 1000 }],
  }];
  expect(await get(server.url, path)).toEqual(expected);
  await restart('kill');
  expect(await get(server.url, path)).toEqual(expected);
  await restart('stop');
  expect(await get(server.url, path)).toEqual(expected);
});
