/** Limits of series: new ones are refused by every way in, known ones go on, and the reason names the label. */
import { afterEach, expect, it } from 'vitest';
import { AppendStatus } from '../../src/storage/append-status.js';
import type { AppendReport } from '../../src/storage/appender.js';
import type { SeriesLimitOptions } from '../../src/tsdb/series-limits.js';
import { compress, encodeWrite, type WriteVersion } from '../support/remote-write-client.js';
import { append, labels, openStore, T0, type OpenStore } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const openLimited = (directory: string, limits: Partial<SeriesLimitOptions>): Promise<OpenStore> =>
  openStore(directory, { seriesLimits: { perMetric: 0, perSender: 0, senderLabel: 'job', ...limits } });
const stores = new Stores(openLimited);
let store: OpenStore;
afterEach(() => stores.closeAll());

const user = (i: number, job = 'a') => labels('m', { job, user: String(i) });
let t = T0;

async function send(way: 'batch' | WriteVersion, sets: readonly ReturnType<typeof labels>[]): Promise<AppendReport> {
  t += 1000;
  if (way === 'batch') return append(store, sets.map((set) => [set, [[t, 1]]] as const));
  const body = compress(encodeWrite(way, sets.map((set) => ({ labels: set.toObject(), samples: [{ timestampMs: t, value: 1 }] }))));
  const report = way === 1 ? await store.db.appendRemoteWriteV1(body) : await store.db.appendRemoteWriteV2(body);
  return report === 'general' ? expect.fail('the fast path gave up') : report;
}

it.each(['batch', 1, 2] as const)('per metric, by %s', async (way) => {
  store = await stores.open({ perMetric: 3 });
  await append(store, [[labels('other'), [[T0, 1]]]]);
  expect((await send(way, [user(1), user(2), user(3)])).rejects.size).toBe(0);
  const report = await send(way, [user(1), user(4), user(5), user(2), labels('n', { job: 'a' })]);
  expect(report.samples).toBe(3);
  expect(report.rejects.get(AppendStatus.seriesLimit)).toEqual({
    status: AppendStatus.seriesLimit, count: 2,
    example: 'series limit reached: limits.max_series_per_metric is 3: metric "m"; label "user" has 3 values: new series m{job="a", user="4"}',
  });
  // Once more, with every known series in the kernel's own memory.
  expect((await send(way, [user(1), user(2), user(3), user(6)])).samples).toBe(3);
});

it.each(['batch', 1, 2] as const)('per sender, by %s', async (way) => {
  store = await stores.open({ perSender: 2 });
  await append(store, [[labels('other'), [[T0, 1]]]]);
  const report = await send(way, [user(1), user(2), user(3), user(4, 'b'), labels('nobody')]);
  expect(report.samples).toBe(4);
  expect(report.rejects.get(AppendStatus.seriesLimit)?.example)
    .toBe('series limit reached: limits.max_series_per_sender is 2: job "a"; label "user" has 2 values: new series m{job="a", user="3"}');
});

it('a restart counts what is in the log', async () => {
  store = await stores.open({ perMetric: 2 });
  await send('batch', [user(1), user(2)]);
  store = await stores.reopen(store, { perMetric: 2 });
  const report = await send('batch', [user(1), user(3)]);
  expect([report.samples, report.rejects.get(AppendStatus.seriesLimit)?.count]).toEqual([1, 1]);
});
