/**
 * Relabelling and HA pairs on the fast path against the general path: two stores get the same requests through the same door, one with
 * the kernels, the other without. What they hold, what they answer and what they count is the same, whatever a body mixes: pairs and
 * replicas, series that rules drop, rename or merge, one series twice, times that go back, parts that the kernels leave to the decoder.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { HaTracker } from '../../src/ingest/ha-tracker.js';
import { SeriesPolicy } from '../../src/ingest/series-policy.js';
import { Relabeling, type RelabelFields } from '../../src/model/relabel.js';
import type { IngestOutcome } from '../../src/storage/ingestion.js';
import { countsByReason, Door } from '../support/ingest-fixture.js';
import { Random } from '../support/random.js';
import { compress, encodeWrite, zeroHistogram, type WriteSeries } from '../support/remote-write-client.js';
import { SimClock } from '../support/sim-clock.js';
import { append, clockAt, HOUR, labels, openStore, readAll, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { nanos, otlpProtobuf } from '../wire/otlp-encode.js';

const LIMITS = { maxLabelNamesPerSeries: 6, maxLabelValueLength: 20 };
const RULES: readonly RelabelFields[] = [
  { source_labels: ['__name__'], regex: 'debug_.*', action: 'drop' },
  { regex: 'pod', action: 'labeldrop' },
  { source_labels: ['env'], regex: 'production', target_label: 'env', replacement: 'prod' },
  { source_labels: ['__name__'], regex: 'nameless', target_label: '__name__', replacement: '' },
  { source_labels: ['env'], regex: 'long', target_label: 'env', replacement: 'x'.repeat(30) },
];
const HA = { clusterLabel: 'cluster', replicaLabel: '__replica__', updateTimeoutMs: 15_000, failoverTimeoutMs: 30_000, maxClusters: 2 };

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

interface Side {
  readonly door: Door;
  /** Of the pairs. */
  readonly clock: SimClock;
  policyOf(rules: readonly RelabelFields[]): SeriesPolicy;
}

async function side(withKernels: boolean, outOfOrderWindowMs: number): Promise<Side> {
  const store = await stores.open({ outOfOrderWindowMs }, clockAt(T0 + 6 * HOUR));
  await append(store, [[labels('seed'), [[T0, 1]]]]);
  const ha = new HaTracker(HA, () => {});
  const policyOf = (rules: readonly RelabelFields[]): SeriesPolicy => new SeriesPolicy({ ha, relabeling: new Relabeling(rules), maxRemembered: 1000 });
  const clock = new SimClock(T0 + HOUR);
  return { door: new Door(store, clock, { settings: LIMITS, policy: policyOf(RULES), withKernels }), clock, policyOf };
}

/** What the sender hears, without the examples: of several the first is shown, and the order of the paths is not the same. */
const counts = ({ samplesWritten, histogramsWritten, rejects }: IngestOutcome) => ({
  samplesWritten, histogramsWritten, rejects: countsByReason(rejects),
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
  const histograms = random.below(12) > 0 ? {} : { histograms: [zeroHistogram(t + random.pick([0, 1, 3, 2000]), random.below(3))] };
  return { labels: used, samples, ...histograms };
}

describe.each([0, HOUR])('window of %i ms', (windowMs) => {
  it.each([1, 2, 3, 4])('remote write: both paths store, answer and count alike (seed %i)', async (seed) => {
    const random = new Random(seed);
    const [fast, general] = [await side(true, windowMs), await side(false, windowMs)];
    for (let round = 0; round < 120; round++) {
      const t = T0 + 60_000 + round * 1000;
      const step = random.pick([500, 5000, 20_000, 40_000]);
      for (const { clock } of [fast, general]) clock.advance(step);
      if (round === 60) for (const { door, policyOf } of [fast, general]) door.policy = policyOf(RULES.slice(1));
      const sender = random.pick([{ cluster: 'c', __replica__: 'a' }, { cluster: 'c', __replica__: 'b' }, { cluster: 'd', __replica__: 'a' }, { cluster: 'e' }, {}]);
      const series = Array.from({ length: 1 + random.below(8) }, () => randomSeries(random, sender as Record<string, string>, t));
      const version = random.pick([1, 2] as const);
      const answers = [await fast.door.write(version, ...series), await general.door.write(version, ...series)].map(counts);
      expect(answers[0], `round ${round} of seed ${seed}: ${JSON.stringify(series)}`).toEqual(answers[1]);
      expect(fast.door.passedOver, `round ${round}`).toEqual(general.door.passedOver);
    }
    expect(readAll(fast.door.store)).toEqual(readAll(general.door.store));
    expect(fast.door.appender.fast).toBeGreaterThan(40);
    expect(fast.door.passedOver.dropped).toBeGreaterThan(20);
    expect(fast.door.passedOver.deduplicated).toBeGreaterThan(20);
  });
});

it.each([1, 2, 3])('OTLP: both paths store, answer and count alike (seed %i)', async (seed) => {
  const random = new Random(seed);
  const [fast, general] = [await side(true, HOUR), await side(false, HOUR)];
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  for (let round = 0; round < 80; round++) {
    const time = { timeUnixNano: nanos(T0 + 60_000 + round * 1000) };
    if (round === 40) for (const { door, policyOf } of [fast, general]) door.policy = policyOf([{ source_labels: ['__name__'], regex: 'target_info|lat_sum', action: 'drop' }]);
    // No point twice in a request: the translator counts such a sample once, the walk twice.
    let points = 0;
    const attributes = () => [attribute('pod', `${random.below(3)}-${points++}`), attribute('env', random.pick(['production', 'test']))];
    const metrics = Array.from({ length: 1 + random.below(4) }, () => random.pick([
      { name: random.pick(['debug_x', 'up']), gauge: { dataPoints: [{ attributes: attributes(), ...time, asDouble: random.below(3) }] } },
      { name: 'lat', histogram: { aggregationTemporality: 2, dataPoints: [{ attributes: attributes(), ...time, count: '3', sum: 5, bucketCounts: ['1', '2'], explicitBounds: [1] }] } },
      { name: 'up', gauge: { dataPoints: [{ attributes: [attribute('cluster', 'c'), attribute('__replica__', random.pick(['a', 'b'])), ...attributes()].slice(random.below(20) === 0 ? 0 : 2), ...time, asDouble: 1 }] } },
    ]));
    const body = otlpProtobuf({ resourceMetrics: [{ resource: { attributes: [attribute('service.name', 'shop')] }, scopeMetrics: [{ metrics }] }] });
    const answers = [await fast.door.ingester.otlp(body), await general.door.ingester.otlp(body)];
    // OTLP is answered in points; how often a sample counts that rules made of two is nobody's business.
    const told = ({ rejectedPoints, rejects }: IngestOutcome) => ({ rejectedPoints, rejects });
    expect(told(answers[0]!), `round ${round}: ${JSON.stringify(metrics)}`).toEqual(told(answers[1]!));
    expect(fast.door.passedOver, `round ${round}`).toEqual(general.door.passedOver);
  }
  expect(readAll(fast.door.store)).toEqual(readAll(general.door.store));
  expect(fast.door.appender.fast).toBeGreaterThan(40);
  expect(fast.door.passedOver.dropped).toBeGreaterThan(10);
});

const pair = (replica: string, t: number, value: number): WriteSeries[] => ['x', 'y'].map((name) => ({
  labels: { __name__: name, cluster: 'c', __replica__: replica }, samples: [{ timestampMs: t, value }],
}));

it.each([1, 2] as const)('remote write %i: failover in the middle, and back, all on the fast path', async (version) => {
  const { door, clock } = await side(true, HOUR);
  const stored: [number, number][] = [];
  let t = T0 + 1000;
  const send = async (replica: string, value: number, isStored: boolean): Promise<void> => {
    t += 1000;
    expect(counts(await door.write(version, ...pair(replica, t, value)))).toEqual({ samplesWritten: 2, histogramsWritten: 0, rejects: {} });
    if (isStored) stored.push([t, value]);
  };
  for (let i = 0; i < 3; i++) {
    await send('a', 1, true);
    await send('b', 2, false);
  }
  clock.advance(HA.failoverTimeoutMs);
  await send('b', 2, true);
  await send('a', 1, false);
  clock.advance(HA.failoverTimeoutMs);
  await send('a', 1, true);
  await send('b', 2, false);
  const series = readAll(door.store);
  expect(series['x{cluster="c"}']).toEqual(stored);
  expect(series['y{cluster="c"}']).toEqual(stored);
  expect(door.appender.fast).toBe(10);
  expect(door.passedOver).toEqual({ dropped: 0, deduplicated: 10 });
});

it('rules that are loaded again hold for series that are known', async () => {
  const { door, policyOf } = await side(true, HOUR);
  const send = (t: number): Promise<IngestOutcome> => door.write(1, { labels: { __name__: 'debug_x' }, samples: [{ timestampMs: T0 + t, value: 1 }] });
  await send(1);
  door.policy = policyOf([{ target_label: 'site', replacement: 's' }]);
  await send(2);
  door.policy = policyOf(RULES);
  await send(3);
  expect(readAll(door.store)).toEqual({ seed: [[T0, 1]], 'debug_x{site="s"}': [[T0 + 2, 1]] });
  expect([door.appender.fast, door.passedOver.dropped]).toEqual([3, 2]);
});

it('a body that is not taken elects nobody', async () => {
  const { door } = await side(true, HOUR);
  const body = compress(Uint8Array.from([...encodeWrite(1, pair('a', T0 + 1, 1)), 0x0a, 0x7f]));
  await expect(door.remoteWrite(1, body)).rejects.toMatchObject({ code: 'corrupt_body' });
  await door.write(1, ...pair('b', T0 + 2, 2));
  expect(readAll(door.store)['x{cluster="c"}']).toEqual([[T0 + 2, 2]]);
});
