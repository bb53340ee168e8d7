/** The dry run over a real store: what relabelling, replicas, limits and stored values would make of a request. */
import { afterEach, expect, it } from 'vitest';
import { explainOtlp, explainWrite } from '../../src/ingest/dry-run.js';
import { HaTracker } from '../../src/ingest/ha-tracker.js';
import type { Ingester } from '../../src/ingest/ingester.js';
import { SeriesPolicy } from '../../src/ingest/series-policy.js';
import { OTLP_DEFAULTS } from '../../src/ingest/otlp-settings.js';
import { Relabeling } from '../../src/model/relabel.js';
import type { SampleBatch } from '../../src/model/sample-batch.js';
import type { DbOptions } from '../../src/tsdb/db-options.js';
import { decodeOtlpJson } from '../../src/wire/otlp-decode.js';
import { Door } from '../support/ingest-fixture.js';
import { append, batchOf, clockAt, HOUR, labels, openStore, readAll, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { nanos } from '../wire/otlp-encode.js';

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

async function door(options: Partial<DbOptions>, policy?: SeriesPolicy): Promise<Door> {
  return new Door(await stores.open(options), clockAt(T0 + HOUR), policy && { policy });
}

const totals = (batch: SampleBatch, judge: Ingester) => explainWrite(batch, 1, judge).totals;

it('says what relabelling makes of names, and what it drops', async () => {
  const rules = new Relabeling([
    { source_labels: ['__name__'], regex: 'debug_.*', action: 'drop' },
    { target_label: '__name__', source_labels: ['__name__'], replacement: 'app_$1' },
  ]);
  const { ingester: judge } = await door({}, new SeriesPolicy({ relabeling: rules, maxRemembered: 10 }));
  const report = explainWrite(batchOf([[labels('debug_x'), [[T0, 1], [T0 + 1, 1]]], [labels('up'), [[T0, 1]]]]), 1, judge);
  expect(report.totals).toMatchObject({ metrics: 2, points: 3, samples: 1, dropped: 2, rejected: 0 });
  expect(report.metrics.find(({ name }) => name === 'up')).toMatchObject({ prometheusNames: ['app_up'], points: 1, samples: 1 });
});

it('elects nobody', async () => {
  const failovers: string[] = [];
  const options = { clusterLabel: 'cluster', replicaLabel: '__replica__', updateTimeoutMs: 1000, failoverTimeoutMs: 5000, maxClusters: 1 };
  const ha = new HaTracker(options, () => failovers.push('saved'), () => failovers.push('failed over'));
  const { ingester: judge } = await door({}, new SeriesPolicy({ ha, relabeling: new Relabeling([]), maxRemembered: 10 }));
  const from = (replica: string, cluster = 'c') => batchOf([[labels('up', { cluster, __replica__: replica }), [[T0, 1]]]]);
  expect(totals(from('a'), judge)).toMatchObject({ samples: 1, deduplicated: 0 });
  expect(totals(from('b'), judge)).toMatchObject({ samples: 1, deduplicated: 0 });
  expect([ha.size, failovers]).toEqual([0, []]);
  await judge.append(from('a'));
  expect(totals(from('b'), judge)).toMatchObject({ samples: 0, deduplicated: 1, rejected: 0 });
  expect(totals(from('a', 'd'), judge)).toMatchObject({ samples: 0, rejected: 1 });
});

it('knows limits of new series, and counts none of them', async () => {
  const { ingester: judge, store } = await door({ seriesLimits: { perMetric: 2, perSender: 0, senderLabel: 'job' } });
  await append(store, [[labels('m', { i: '0' }), [[T0, 1]]]]);
  const more = () => batchOf(['0', '1', '2', '3'].map((i) => [labels('m', { i }), [[T0 + 1000, 1]]] as const));
  for (let again = 0; again < 2; again++) {
    const { totals: counts, rejects } = explainWrite(more(), 1, judge);
    expect(counts).toMatchObject({ samples: 2, newSeries: 1, rejected: 2 });
    expect(rejects).toMatchObject([{ reason: 'series_limit',
      example: 'series limit reached: limits.max_series_per_metric is 2: metric "m": new series m{i="2"}' }]);
  }
});

it('compares values', async () => {
  const { ingester: judge, store } = await door({});
  await append(store, [[labels('m'), [[T0, 1], [T0 + 1000, 2]]]]);
  const before = readAll(store);
  const { totals: counts, rejects } = explainWrite(batchOf([[labels('m'), [[T0, 1], [T0 + 1000, 3], [T0 + 500, 4]]]]), 1, judge);
  expect(counts).toMatchObject({ samples: 2, newSeries: 0, rejected: 1 });
  expect(rejects).toMatchObject([{ reason: 'conflict', count: 1 }]);
  expect(readAll(store)).toEqual(before);
});

it('counts refused points of OTLP by reason, as a real request does', async () => {
  const { ingester: judge, store } = await door({});
  await append(store, [[labels('m'), [[T0, 1]]]]);
  const histogram = { timeUnixNano: nanos(T0 - 40 * HOUR), count: '3', sum: 4, bucketCounts: ['1', '2'], explicitBounds: [1] };
  const metrics = [{ name: 'h', histogram: { aggregationTemporality: 2, dataPoints: [histogram] } }];
  const attributes = ['service.name', 'zone'].map((key) => ({ key, value: { stringValue: 'a' } }));
  const request = { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics }] }] };
  const explained = explainOtlp(decodeOtlpJson(Buffer.from(JSON.stringify(request))), OTLP_DEFAULTS, judge);
  expect([explained.totals.rejected, explained.rejects]).toMatchObject([1, [{ reason: 'too_old', count: 1 }]]);
});
