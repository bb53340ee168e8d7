/**
 * The kernel walk of OTLP against translator and general append: two stores get the same requests through the same door, one
 * with the fast path, the other without. What they hold, and what they answer, is the same. Requests are random, then damaged.
 * Long runs: `WALK_SEEDS=500 npx vitest run test/kernel/walk-otlp.test.ts -t soak`
 */
import { afterEach, describe, expect, it } from 'vitest';
import { OTLP_DEFAULTS, type OtlpSettings } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { IngestError } from '../../src/storage/ingestion.js';
import type { DbOptions } from '../../src/tsdb/db-options.js';
import { countsByReason, Door } from '../support/ingest-fixture.js';
import { damaged } from '../support/protobuf-mutation.js';
import { Random } from '../support/random.js';
import { append, clockAt, HOUR, labels, openStore, readAll, readStarts, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { otlpProtobuf } from '../wire/otlp-encode.js';

const NAME_LENGTH_MAX = 300;
const SOAK_SEEDS = Number(process.env['WALK_SEEDS'] ?? 0);

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

async function open(withKernels: boolean, otlp: Partial<OtlpSettings> = {}, options: Partial<DbOptions> = {}): Promise<Door> {
  // Near the samples: a damaged time shall not open heads for years.
  const clock = clockAt(T0 + 6 * HOUR);
  const store = await stores.open({ outOfOrderWindowMs: 8 * HOUR, keepStarts: true, ...options }, clock);
  await append(store, [[labels('seed'), [[T0, 1]]]]);
  return new Door(store, clock, { settings: { maxLabelNameLength: NAME_LENGTH_MAX, maxFutureMs: 600_000 }, otlp, withKernels });
}

/** With a part of a millisecond, which is not stored. */
const nanos = (ms: number): string => `${BigInt(ms) * 1_000_000n + 123_456n}`;
const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });

function randomAttributes(random: Random): object[] {
  const all = [
    attribute('method', random.pick(['GET', 'POST', ''])), attribute('http.route', random.pick(['/', '/a', 'ü'.repeat(40)])),
    { key: 'code', value: { intValue: String(200 + random.below(3)) } }, { key: 'ok', value: { boolValue: true } },
  ];
  return all.filter(() => random.below(2) === 0);
}

function randomPoint(random: Random, t: number): object {
  const time = random.below(80) === 0 ? {} : { timeUnixNano: nanos(t + random.pick(random.below(15) === 0 ? [1000, -5000, 5 * HOUR] : [0])) };
  const value = random.pick([{ asDouble: 0 }, { asDouble: 1.5 }, { asDouble: 1e300 }, { asInt: '-7' }, { asInt: '9007199254740993' }, {}]);
  const exemplars = random.below(12) === 0 ? { exemplars: [{ timeUnixNano: nanos(t), asDouble: 2, filteredAttributes: [attribute('a', 'b')] }] } : {};
  return { attributes: randomAttributes(random), startTimeUnixNano: nanos(t - random.pick([60_000, 60_000, 0, 1])), ...time, ...value, ...exemplars, ...(random.below(20) === 0 ? { flags: 1 } : {}) };
}

function randomHistogram(random: Random, t: number): object {
  const bounds = random.pick([[0.1, 1, 10], [0.5], [], [1, 1, 2]]);
  const counts = [...bounds, 0].map(() => String(random.below(100)));
  if (random.below(10) === 0) counts.pop();
  const sum = random.below(4) === 0 ? {} : { sum: random.below(1000) / 8 };
  return {
    attributes: randomAttributes(random), startTimeUnixNano: random.pick(['0', nanos(T0)]), timeUnixNano: nanos(t), count: '250', bucketCounts: counts, explicitBounds: bounds, ...sum, min: 0, max: 9,
    ...(random.below(20) === 0 ? { flags: 1 } : {}),
    ...(random.below(12) === 0 ? { exemplars: [{ timeUnixNano: nanos(t), asDouble: random.pick([0.3, 5, 50]), spanId: '0102030405060708' }] } : {}),
  };
}

function randomExponential(random: Random, t: number): object {
  const counts = Array.from({ length: random.below(4) }, () => String(random.below(9)));
  return {
    attributes: randomAttributes(random), startTimeUnixNano: nanos(t - random.pick([60_000, 1000])), timeUnixNano: nanos(t), sum: random.below(100),
    count: String(counts.reduce((sum, count) => sum + Number(count), 2)), scale: random.pick([0, 3, -9]), zeroCount: '2', zeroThreshold: 0.001,
    positive: { offset: random.below(5), bucketCounts: counts },
    ...(random.below(12) === 0 ? { exemplars: [{ timeUnixNano: nanos(t), asDouble: 3 }] } : {}),
  };
}

/** What the kernels leave to the translator. */
function otherData(random: Random, t: number): object {
  const many = <T>(make: () => T): T[] => Array.from({ length: random.below(12) === 0 ? 0 : 1 + random.below(3) }, make);
  return random.pick([
    { exponentialHistogram: { dataPoints: many(() => randomExponential(random, t)), aggregationTemporality: random.pick([2, 2, 1, 0]) } },
    { sum: { dataPoints: many(() => randomPoint(random, t)), aggregationTemporality: 1, isMonotonic: true } },
    { histogram: { dataPoints: many(() => randomHistogram(random, t)), aggregationTemporality: 1 } },
    { summary: { dataPoints: many(() => ({ attributes: randomAttributes(random), timeUnixNano: nanos(t), count: '3', sum: 4, quantileValues: [{ quantile: 0.5, value: 1 }] })) } },
    {},
  ]);
}

function randomMetric(random: Random, t: number, others: number): object {
  if (random.below(100) < others) {
    // Names of their own, mostly: where both ways have samples for a series, the general one takes the request.
    const name = random.pick(['latency', 'batch', 'jobs', 'rpc', random.below(20) === 0 ? 'requests' : 'runs']);
    return { name, unit: random.pick(['s', '']), ...otherData(random, t) };
  }
  const many = <T>(make: () => T): T[] => Array.from({ length: random.below(25) === 0 ? 0 : 1 + random.below(3) }, make);
  const number = (): object => randomPoint(random, t);
  const data = random.pick([
    { gauge: { dataPoints: many(number) } },
    { sum: { dataPoints: many(number), aggregationTemporality: 2, isMonotonic: true } },
    { sum: { dataPoints: many(number), aggregationTemporality: random.below(40) === 0 ? 1 : 2 } },
    { histogram: { dataPoints: many(() => randomHistogram(random, t)), aggregationTemporality: 2 } },
    random.below(20) === 0 ? { summary: { dataPoints: [{ timeUnixNano: nanos(t), count: '3', sum: 4, quantileValues: [{ quantile: 0.5, value: 1 }] }] } } : { gauge: { dataPoints: [number()] } },
  ]);
  const help = random.pick([{}, { description: 'What it is.' }, { description: random.below(10) === 0 ? 'Another text.' : 'What it is.' }]);
  return { name: random.below(120) === 0 ? '' : random.pick(['requests', 'http.server.duration', 'queue']), unit: random.pick(['', 's', '1']), ...help, ...data };
}

/** `others`: percentage of metrics that the kernels do not know. */
function randomRequest(random: Random, round: number, others: number): Uint8Array {
  const t = T0 + 60_000 + round * 1000;
  const resourceMetrics = Array.from({ length: 1 + random.below(3) }, () => ({
    ...(random.below(15) === 0 ? {} : {
      resource: { attributes: [attribute('service.name', random.pick(['shop', 'cart'])), attribute('service.instance.id', random.pick(['1', '2'])), ...(random.below(2) ? [attribute('host', 'h')] : [])] },
    }),
    scopeMetrics: Array.from({ length: random.below(25) === 0 ? 0 : 1 + random.below(2) }, () => ({
      ...(random.below(2) ? { scope: { name: 'lib', version: random.pick(['1', '2']) } } : {}),
      ...(random.below(3) ? {} : { schemaUrl: 'https://example.org/1' }),
      metrics: Array.from({ length: random.below(25) === 0 ? 0 : 1 + random.below(3) }, () => randomMetric(random, t, others)),
    })),
  }));
  return otlpProtobuf({ resourceMetrics });
}

/** What the sender hears. */
async function answer(door: Door, body: Uint8Array): Promise<unknown> {
  try {
    const { samplesWritten, histogramsWritten, rejectedPoints, rejects } = await door.ingester.otlp(body);
    return { samples: samplesWritten + histogramsWritten, rejectedPoints, rejects: countsByReason(rejects) };
  } catch (error) {
    if (error instanceof IngestError) return error.code;
    throw error;
  }
}

/** @returns the metric families that the kernels' side learned of from bodies that were refused: they are not named again, so they are kept */
async function compare(kernels: Door, general: Door, bodies: Iterable<Uint8Array>): Promise<ReadonlySet<string>> {
  const ofRefused = new Set<string>();
  for (const body of bodies) {
    const before = new Set(kernels.sink.families.keys());
    const told = await answer(kernels, body);
    expect(told).toEqual(await answer(general, body));
    if (typeof told === 'string') for (const family of kernels.sink.families.keys()) if (!before.has(family)) ofRefused.add(family);
  }
  expect(readAll(kernels.store)).toEqual(readAll(general.store));
  expect(readStarts(kernels.store.heads)).toEqual(readStarts(general.store.heads));
  expect(kernels.sink.exemplarLines.toSorted()).toEqual(general.sink.exemplarLines.toSorted());
  return ofRefused;
}

function expectSameFamilies(kernels: Door, general: Door, ofRefused: ReadonlySet<string>): void {
  const there = general.sink.families;
  const here = [...kernels.sink.families.keys()].filter((family) => there.has(family) || !ofRefused.has(family));
  expect(here.toSorted()).toEqual([...there.keys()].toSorted());
}

function* randomBodies(random: Random, rounds: number, others = 0): Iterable<Uint8Array> {
  for (let round = 0; round < rounds; round++) {
    const body = randomRequest(random, round, others);
    yield random.below(3) > 0 ? body : damaged(body, random);
  }
}

describe('walk of OTLP', () => {
  it.each([1, 2, 3, 4])('stores and answers what the general path does (seed %d)', async (seed) => {
    const [kernels, general] = [await open(true), await open(false)];
    const ofRefused = await compare(kernels, general, randomBodies(new Random(seed), 250));
    expect(kernels.appender.fast).toBeGreaterThan(50);
    expectSameFamilies(kernels, general, ofRefused);
  });

  it.each([11, 12, 13, 14])('leaves to the translator what is not its own (seed %d)', async (seed) => {
    const [kernels, general] = [await open(true), await open(false)];
    const ofRefused = await compare(kernels, general, randomBodies(new Random(seed), 250, 30));
    expect(kernels.appender.fast).toBeGreaterThan(50);
    expectSameFamilies(kernels, general, ofRefused);
  });

  it.skipIf(SOAK_SEEDS === 0)(`soak of ${SOAK_SEEDS} seeds`, async () => {
    const first = Number(process.env['WALK_FIRST_SEED'] ?? Date.now() % 1e9);
    for (let seed = first; seed < first + SOAK_SEEDS; seed++) {
      const random = new Random(seed);
      const settings = { convert_histograms_to_nhcb: random.below(4) === 0, promote_all_resource_attributes: random.below(4) === 0 };
      const options = { outOfOrderWindowMs: random.pick([0, 8 * HOUR, 60_000]) };
      const [kernels, general] = [await open(true, settings, options), await open(false, settings, options)];
      try {
        await compare(kernels, general, randomBodies(random, 100, random.below(60)));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      await stores.closeAll();
    }
  }, 3_600_000);

  it.each([
    ['promoted scope and resource', { promote_scope_metadata: true, promote_all_resource_attributes: true }, {}],
    ['no late samples', {}, { outOfOrderWindowMs: 0 }],
    ['native histograms', { convert_histograms_to_nhcb: true }, {}],
    ['type and unit', { type_and_unit_labels: true, translation_strategy: 'NoTranslation' as const }, {}],
    ['totals of deltas from start times on', { created_timestamp_zero_ingestion: true }, {}],
    ['a series limit', {}, { maxSeriesPerHead: 120 }],
    ['deltas refused', { delta_temporality: 'reject' as const }, {}],
    ['deltas as they are', { delta_temporality: 'native' as const }, {}],
  ])('with %s', async (_name, settings, options) => {
    await compare(await open(true, settings, options), await open(false, settings, options), randomBodies(new Random(11), 150, 15));
  });
});

describe('OTLP of a fleet', () => {
  const request = (t: number, shift = 0, attributes: object[] = []): Uint8Array => otlpProtobuf({
    resourceMetrics: Array.from({ length: 20 }, (_, host) => ({
      resource: { attributes: [attribute('service.name', 'node'), attribute('service.instance.id', `h${host}`), attribute('zone', 'a')] },
      scopeMetrics: [{
        scope: { name: 'lib' },
        metrics: Array.from({ length: 10 }, (_unused, i) => (i + shift) % 10).map((i) => (i === 0
          ? { name: 'latency', unit: 's', histogram: { aggregationTemporality: 2, dataPoints: [{ attributes, timeUnixNano: nanos(t + host), count: '6', sum: 3, bucketCounts: ['1', '2', '3'], explicitBounds: [0.1, 1] }] } }
          : { name: `m${i}`, sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ attributes, timeUnixNano: nanos(t + host), asInt: String(t % 1000 + i) }] } })),
      }],
    })),
  });

  it('takes the fast path from the first request on, in any order', async () => {
    const [kernels, general] = [await open(true), await open(false)];
    await compare(kernels, general, [request(T0 + 1), request(T0 + 1000), request(T0 + 2000, 3), request(T0 + 3000), request(T0 + 3000)]);
    expect(kernels.appender).toMatchObject({ fast: 5, general: 0 });
  });

  it('takes the plain points on the fast path whatever else is in the request', async () => {
    const mixed = (t: number): Uint8Array => otlpProtobuf({
      resourceMetrics: [{
        resource: { attributes: [attribute('service.name', 'shop')] },
        scopeMetrics: [{ metrics: [
          { name: 'plain', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ timeUnixNano: nanos(t), asInt: '5' }] }, metadata: [attribute('prometheus.type', 'counter')] },
          { name: 'exponential', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: nanos(t), count: '1', sum: 1, positive: { bucketCounts: ['1'] } }] } },
          { name: 'changes', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ startTimeUnixNano: nanos(t - 1000), timeUnixNano: nanos(t), asInt: '2' }] } },
          { name: 'quantiles', summary: { dataPoints: [{ timeUnixNano: nanos(t), count: '3', sum: 4, quantileValues: [{ quantile: 0.5, value: 1 }] }] } },
          { name: 'old', gauge: { dataPoints: [{ attributes: [attribute('a', '1')], timeUnixNano: nanos(T0 - 100 * HOUR), asInt: '1' }, { attributes: [attribute('a', '2')], asInt: '2' }, { timeUnixNano: nanos(t), asInt: '3' }] } },
          { name: 'nameless', sum: { aggregationTemporality: 0, dataPoints: [{ timeUnixNano: nanos(t), asInt: '1' }] } },
          { name: 'empty' },
        ] }],
      }],
    });
    const [kernels, general] = [await open(true), await open(false)];
    await compare(kernels, general, [mixed(T0 + 1000), mixed(T0 + 2000), mixed(T0 + 2000), mixed(T0 + 3000)]);
    expect(kernels.appender).toMatchObject({ fast: 4, general: 0 });
    expect(await kernels.ingester.otlp(mixed(T0 + 4000))).toMatchObject({ samplesWritten: 6, histogramsWritten: 1, rejectedPoints: 3 });
  });

  it('finds the series again that another protocol made in another order', async () => {
    const [kernels, general] = [await open(true), await open(false)];
    for (const one of [kernels, general]) {
      await append(one.store, [
        [labels('latency_seconds_count', { job: 'node', instance: 'h3' }), [[T0, 1]]], [labels('x'), [[T0, 1]]],
        [labels('latency_seconds_bucket', { job: 'node', instance: 'h3', le: '+Inf' }), [[T0, 1]]],
      ]);
    }
    await compare(kernels, general, [request(T0 + 1000), request(T0 + 2000), request(T0 + 3000, 5)]);
    expect(kernels.appender.general).toBe(0);
  });

  it('follows another head, and its series', async () => {
    const [kernels, general] = [await open(true), await open(false)];
    await compare(kernels, general, [request(T0 + 1000), request(T0 + 2 * HOUR + 5000), request(T0 + 2 * HOUR + 6000), request(T0 + 2 * HOUR - 10), request(T0 + 9000)]);
    expect(kernels.appender.general).toBe(0);
  });

  it('names points anew after a reload of the settings', async () => {
    const [kernels, general] = [await open(true), await open(false)];
    await compare(kernels, general, [request(T0 + 1000)]);
    for (const one of [kernels, general]) one.translator = new OtlpTranslator({ ...OTLP_DEFAULTS, promote_resource_attributes: ['zone'] });
    await compare(kernels, general, [request(T0 + 2000), request(T0 + 3000)]);
    expect(Object.keys(readAll(kernels.store)).some((name) => name.startsWith('m1_total') && name.includes('zone="a"'))).toBe(true);
  });

  it('refuses what the limits refuse', async () => {
    const [kernels, general] = [await open(true), await open(false)];
    await compare(kernels, general, [request(T0 + 1000, 0, [attribute('n'.repeat(NAME_LENGTH_MAX + 1), 'x')]), request(T0 + 1000)]);
    expect(kernels.appender).toMatchObject({ fast: 2, general: 0 });
    expect(Object.keys(readAll(kernels.store)).filter((name) => name.startsWith('m1_total'))).toHaveLength(20);
  });
});
