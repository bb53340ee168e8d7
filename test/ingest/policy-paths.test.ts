/**
 * Relabelling and HA pairs on the fast path against the general path: two stores get the same requests through the same door, one with
 * the kernels, the other without. What they hold, what they answer and what they count is the same, whatever a body mixes: pairs and
 * replicas, series that rules drop, rename or merge, one series twice, times that go back, parts that the kernels leave to the decoder.
 */
import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { HaTracker } from '../../src/ingest/ha-tracker.js';
import { Ingester } from '../../src/ingest/ingester.js';
import { OTLP_DEFAULTS } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { SeriesPolicy } from '../../src/ingest/series-policy.js';
import { systemClock } from '../../src/io/clock.js';
import { Relabeling, type RelabelFields } from '../../src/model/relabel.js';
import type { Appender } from '../../src/storage/appender.js';
import type { IngestOutcome } from '../../src/storage/ingestion.js';
import { Random } from '../support/random.js';
import { compress, encodeWrite, type WriteSeries, type WriteVersion } from '../support/remote-write-client.js';
import { append, HOUR, labels, openStore, readAll, T0, tempDirectory, type OpenStore } from '../support/store-fixture.js';
import { otlpProtobuf } from '../wire/otlp-encode.js';

const SETTINGS = { maxDecodedBytes: 1 << 20, maxLabelNamesPerSeries: 6, maxLabelNameLength: 300, maxLabelValueLength: 20, maxMetadataFamilies: 1000, typeAndUnitLabels: false, zeroAtStart: false, maxFutureMs: 600_000 };
const RULES: readonly RelabelFields[] = [
  { source_labels: ['__name__'], regex: 'debug_.*', action: 'drop' },
  { regex: 'pod', action: 'labeldrop' },
  { source_labels: ['env'], regex: 'production', target_label: 'env', replacement: 'prod' },
  { source_labels: ['__name__'], regex: 'nameless', target_label: '__name__', replacement: '' },
  { source_labels: ['env'], regex: 'long', target_label: 'env', replacement: 'x'.repeat(30) },
];
const HA = { clusterLabel: 'cluster', replicaLabel: '__replica__', updateTimeoutMs: 15_000, failoverTimeoutMs: 30_000, maxClusters: 2 };

class Side {
  nowMs = T0 + HOUR;
  fast = 0;
  policy: SeriesPolicy;
  readonly passed = { dropped: 0, deduplicated: 0 };
  readonly ha = new HaTracker(HA, () => {});
  readonly ingester: Ingester;
  private readonly translator = new OtlpTranslator(OTLP_DEFAULTS);

  constructor(readonly store: OpenStore, withKernels: boolean) {
    this.policy = this.policyOf(RULES);
    const counted = <R>(report: R | 'general'): R | 'general' => {
      if (report !== 'general') this.fast++;
      return report;
    };
    const { db } = store;
    const appender: Appender = {
      appendRemoteWriteV1: async (body, naming, rest) => withKernels ? counted(await db.appendRemoteWriteV1(body, naming, rest)) : 'general',
      appendRemoteWriteV2: async (body, naming, rest) => withKernels ? counted(await db.appendRemoteWriteV2(body, naming, rest)) : 'general',
      appendOtlp: async (body, naming) => withKernels ? counted(await db.appendOtlp(body, naming)) : 'general',
      appendBatch: (batch, statuses) => db.appendBatch(batch, statuses),
      probeBatch: (batch, statuses) => db.probeBatch(batch, statuses),
    };
    const sink = { metadata: () => {}, exemplars: () => {}, rejects: () => {}, haElections: () => {} };
    this.ingester = new Ingester(appender, sink, SETTINGS, () => this.nowMs, () => this.translator, () => this.policy, (_source, passed) => {
      this.passed.dropped += passed.dropped.samples + passed.dropped.histograms;
      this.passed.deduplicated += passed.deduplicated.samples + passed.deduplicated.histograms;
    });
  }

  policyOf(rules: readonly RelabelFields[]): SeriesPolicy {
    return new SeriesPolicy({ ha: this.ha, relabeling: new Relabeling(rules), maxRemembered: 1000 });
  }

  write(version: WriteVersion, series: readonly WriteSeries[]): Promise<IngestOutcome> {
    const body = compress(encodeWrite(version, series));
    return version === 1 ? this.ingester.remoteWriteV1(body) : this.ingester.remoteWriteV2(body);
  }
}

const clock = { ...systemClock, nowMs: () => T0 + 6 * HOUR };
const stores: OpenStore[] = [];
async function side(withKernels: boolean, outOfOrderWindowMs: number): Promise<Side> {
  const store = await openStore(tempDirectory(), { outOfOrderWindowMs }, clock);
  await append(store, [[labels('seed'), [[T0, 1]]]]);
  stores.push(store);
  return new Side(store, withKernels);
}
afterAll(async () => {
  for (const store of stores) {
    await store.db.close();
    fs.rmSync(store.directory, { recursive: true });
  }
});

/** What the sender hears, without the examples: of several the first is shown, and the order of the paths is not the same. */
const counts = ({ samplesWritten, histogramsWritten, rejects }: IngestOutcome) => ({
  samplesWritten, histogramsWritten, rejects: rejects.map(({ status, count }) => [status, count]).sort(([a], [b]) => a! - b!),
});

function randomSeries(random: Random, sender: Record<string, string>, t: number): WriteSeries {
  const name = random.pick(['up', 'cpu', 'cpu', 'mem', 'debug_x', 'debug_y', ...(random.below(8) === 0 ? ['nameless'] : [])]);
  const all: Record<string, string> = {
    __name__: name, i: String(random.below(3)), pod: String(random.below(3)), env: random.pick(['production', 'test', '', ...(random.below(9) ? [] : ['long'])]),
    ...(random.below(20) === 0 ? { cluster: 'other', __replica__: 'x' } : random.below(12) === 0 ? {} : sender),
  };
  const used = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  const samples = Array.from({ length: 1 + (random.below(6) === 0 ? random.below(3) : 0) }, () => ({
    timestampMs: t + random.pick([0, 0, 0, 1, 2, ...(random.below(10) ? [] : [-2000])]), value: random.below(3),
  }));
  const histograms = random.below(12) > 0 ? {} : { histograms: [histogram(t + random.pick([0, 1, 3, 2000]), random.below(3))] };
  return { labels: used, samples, ...histograms };
}

/** With `count` observations of zero. */
function histogram(timestampMs: number, count: number): Record<string, unknown> {
  return { countInt: count, sum: 0, schema: 0, zeroThreshold: 1e-9, zeroCountInt: count, timestamp: timestampMs };
}

describe.each([0, HOUR])('window of %i ms', (windowMs) => {
  it.each([1, 2, 3, 4])('remote write: both paths store, answer and count alike (seed %i)', async (seed) => {
    const random = new Random(seed);
    const [fast, general] = [await side(true, windowMs), await side(false, windowMs)];
    for (let round = 0; round < 120; round++) {
      const t = T0 + 60_000 + round * 1000;
      const step = random.pick([500, 5000, 20_000, 40_000]);
      for (const one of [fast, general]) one.nowMs += step;
      if (round === 60) for (const one of [fast, general]) one.policy = one.policyOf(RULES.slice(1));
      const sender = random.pick([{ cluster: 'c', __replica__: 'a' }, { cluster: 'c', __replica__: 'b' }, { cluster: 'd', __replica__: 'a' }, { cluster: 'e' }, {}]);
      const series = Array.from({ length: 1 + random.below(8) }, () => randomSeries(random, sender as Record<string, string>, t));
      const version = random.pick([1, 2] as const);
      const answers = [await fast.write(version, series), await general.write(version, series)].map(counts);
      expect(answers[0], `round ${round} of seed ${seed}: ${JSON.stringify(series)}`).toEqual(answers[1]);
      expect(fast.passed, `round ${round}`).toEqual(general.passed);
    }
    expect(readAll(fast.store)).toEqual(readAll(general.store));
    expect(fast.fast).toBeGreaterThan(40);
    expect(fast.passed.dropped).toBeGreaterThan(20);
    expect(fast.passed.deduplicated).toBeGreaterThan(20);
  });
});

it.each([1, 2, 3])('OTLP: both paths store, answer and count alike (seed %i)', async (seed) => {
  const random = new Random(seed);
  const [fast, general] = [await side(true, HOUR), await side(false, HOUR)];
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  for (let round = 0; round < 80; round++) {
    const time = { timeUnixNano: `${BigInt(T0 + 60_000 + round * 1000) * 1_000_000n}` };
    if (round === 40) for (const one of [fast, general]) one.policy = one.policyOf([{ source_labels: ['__name__'], regex: 'target_info|lat_sum', action: 'drop' }]);
    // No point twice in a request: the translator counts such a sample once, the walk twice.
    let points = 0;
    const attributes = () => [attribute('pod', `${random.below(3)}-${points++}`), attribute('env', random.pick(['production', 'test']))];
    const metrics = Array.from({ length: 1 + random.below(4) }, () => random.pick([
      { name: random.pick(['debug_x', 'up']), gauge: { dataPoints: [{ attributes: attributes(), ...time, asDouble: random.below(3) }] } },
      { name: 'lat', histogram: { aggregationTemporality: 2, dataPoints: [{ attributes: attributes(), ...time, count: '3', sum: 5, bucketCounts: ['1', '2'], explicitBounds: [1] }] } },
      { name: 'up', gauge: { dataPoints: [{ attributes: [attribute('cluster', 'c'), attribute('__replica__', random.pick(['a', 'b'])), ...attributes()].slice(random.below(20) === 0 ? 0 : 2), ...time, asDouble: 1 }] } },
    ]));
    const body = otlpProtobuf({ resourceMetrics: [{ resource: { attributes: [attribute('service.name', 'shop')] }, scopeMetrics: [{ metrics }] }] });
    const answers = [await fast.ingester.otlp(body), await general.ingester.otlp(body)];
    // OTLP is answered in points; how often a sample counts that rules made of two is nobody's business.
    const told = ({ rejectedPoints, rejects }: IngestOutcome) => ({ rejectedPoints, rejects });
    expect(told(answers[0]!), `round ${round}: ${JSON.stringify(metrics)}`).toEqual(told(answers[1]!));
    expect(fast.passed, `round ${round}`).toEqual(general.passed);
  }
  expect(readAll(fast.store)).toEqual(readAll(general.store));
  expect(fast.fast).toBeGreaterThan(40);
  expect(fast.passed.dropped).toBeGreaterThan(10);
});

const pair = (replica: string, t: number, value: number): WriteSeries[] => ['x', 'y'].map((name) => ({
  labels: { __name__: name, cluster: 'c', __replica__: replica }, samples: [{ timestampMs: t, value }],
}));

it.each([1, 2] as const)('remote write %i: failover in the middle, and back, all on the fast path', async (version) => {
  const one = await side(true, HOUR);
  const stored: [number, number][] = [];
  let t = T0 + 1000;
  const send = async (replica: string, value: number, isStored: boolean): Promise<void> => {
    t += 1000;
    expect(counts(await one.write(version, pair(replica, t, value)))).toEqual({ samplesWritten: 2, histogramsWritten: 0, rejects: [] });
    if (isStored) stored.push([t, value]);
  };
  for (let i = 0; i < 3; i++) {
    await send('a', 1, true);
    await send('b', 2, false);
  }
  one.nowMs += 30_000;
  await send('b', 2, true);
  await send('a', 1, false);
  one.nowMs += 30_000;
  await send('a', 1, true);
  await send('b', 2, false);
  const series = readAll(one.store);
  expect(series['x{cluster="c"}']).toEqual(stored);
  expect(series['y{cluster="c"}']).toEqual(stored);
  expect(one.fast).toBe(10);
  expect(one.passed).toEqual({ dropped: 0, deduplicated: 10 });
});

it('rules that are loaded again hold for series that are known', async () => {
  const one = await side(true, HOUR);
  const send = async (t: number): Promise<void> => void await one.write(1, [{ labels: { __name__: 'debug_x' }, samples: [{ timestampMs: T0 + t, value: 1 }] }]);
  await send(1);
  one.policy = one.policyOf([{ target_label: 'site', replacement: 's' }]);
  await send(2);
  one.policy = one.policyOf(RULES);
  await send(3);
  expect(readAll(one.store)).toEqual({ seed: [[T0, 1]], 'debug_x{site="s"}': [[T0 + 2, 1]] });
  expect([one.fast, one.passed.dropped]).toEqual([3, 2]);
});

it('a body that is not taken elects nobody', async () => {
  const one = await side(true, HOUR);
  const body = compress(Uint8Array.from([...encodeWrite(1, pair('a', T0 + 1, 1)), 0x0a, 0x7f]));
  await expect(one.ingester.remoteWriteV1(body)).rejects.toMatchObject({ code: 'corrupt_body' });
  await one.write(1, pair('b', T0 + 2, 2));
  expect(readAll(one.store)['x{cluster="c"}']).toEqual([[T0 + 2, 2]]);
});
