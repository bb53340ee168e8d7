/**
 * Representative requests over a few made-up series, so that a thread has compiled what queries run through before the first
 * user's query comes: the first instant query of a cold thread takes some 10 ms, the two hundred after it half a millisecond,
 * later ones 50 us. Nothing of it is stored or seen by anybody.
 */
import { handleApiRequest } from '../api/handler-table.js';
import type { ApiContext, ApiEndpoint, ApiReply } from '../api/contract.js';
import { createEngine } from '../promql/engine/engine.js';
import { Labels } from '../model/labels.js';
import { SampleBatch } from '../model/sample-batch.js';
import { MemoryHeads } from '../tsdb/memory-heads.js';
import type { QueryRuntimeSettings } from './query-runtime.js';

const INTERVAL_MS = 15_000;
const SCRAPES = 60;
const RANGE_MS = 7_200_000;
/** Any aligned time: the head that holds it is the only one. */
const START_MS = RANGE_MS * 200_000;
const END_S = START_MS / 1000 + ((SCRAPES - 1) * INTERVAL_MS) / 1000;
const INSTANCES = 12;
const BOUNDS = ['0.1', '0.5', '1', '+Inf'];

const LOOK_UPS: readonly (readonly [ApiEndpoint, string, string])[] = [
  ['labels', '', ''],
  ['label_values', '', 'instance'],
  ['label_values', 'match[]=up', 'instance'],
  ['series', 'match[]=up', ''],
];
const EXPRESSIONS = [
  'up{instance="host-3",job="rehearsal"}',
  '{job="rehearsal"}',
  'rate(requests_total{instance="host-3"}[5m])',
  'sum by (instance) (rate(requests_total[5m]))',
  'topk(3, rate(requests_total[5m]))',
  'histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))',
  'rate(requests_total[5m]) / on (instance) group_left up > 0.1',
  'max_over_time(rate(requests_total[1m])[5m:1m])',
];

/**
 * @param catalogue what look-ups beside the samples read
 * @param shortOnly no range queries: the thread will not see any
 * @returns a function that gives the reply to the next request of the rehearsal, for ever
 */
export function rehearsal(
  settings: QueryRuntimeSettings, catalogue: Pick<ApiContext, 'metadata' | 'exemplars'>, shortOnly: boolean,
): () => ApiReply {
  const heads = new MemoryHeads(settings.kernels, RANGE_MS);
  heads.append(madeUpSamples());
  const context: ApiContext = {
    ...catalogue,
    storage: heads.queryable,
    cardinality: heads.queryable,
    engine: createEngine(settings.engine),
    limits: settings.limits,
    externalLabels: settings.externalLabels,
    stopRequested: () => undefined,
  };
  const requests: (readonly [ApiEndpoint, string, string])[] = [];
  for (const expression of EXPRESSIONS) {
    const query = `query=${encodeURIComponent(expression)}`;
    requests.push(...LOOK_UPS, ['query', `${query}&time=${END_S}`, '']);
    if (!shortOnly) requests.push(['query_range', `${query}&start=${END_S - 600}&end=${END_S}&step=15`, '']);
  }
  let next = 0;
  return () => {
    const [endpoint, params, pathArgument] = requests[next]!;
    next = (next + 1) % requests.length;
    return handleApiRequest({ endpoint, params, pathArgument, nowMs: END_S * 1000, deadlineMs: Infinity }, context);
  };
}

function madeUpSamples(): SampleBatch {
  const batch = new SampleBatch();
  const add = (name: string, instance: number, labels: Readonly<Record<string, string>>, value: (scrape: number) => number): void => {
    const series = batch.addSeries(Labels.fromObject({ __name__: name, instance: `host-${instance}`, job: 'rehearsal', ...labels }));
    for (let scrape = 0; scrape < SCRAPES; scrape++) batch.addFloat(series, START_MS + scrape * INTERVAL_MS, value(scrape));
  };
  for (let instance = 0; instance < INSTANCES; instance++) {
    add('up', instance, {}, () => 1);
    for (const code of ['200', '404']) add('requests_total', instance, { code }, (scrape) => scrape * 7 + instance);
    for (const [i, le] of BOUNDS.entries()) add('latency_bucket', instance, { le }, (scrape) => scrape * (i + 1.5));
  }
  return batch;
}
