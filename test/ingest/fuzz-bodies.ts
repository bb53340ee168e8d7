/** Random bodies of the three protocols, as senders write them, encoded by protobufjs. Few names, so that series come again. */
import { lookupType } from '../support/message-types.js';
import type { Random } from '../support/random.js';
import { HOUR } from '../support/store-fixture.js';
import { nanos, otlpProtobuf } from '../wire/otlp-encode.js';

const requestV1 = lookupType('prompb/remote.proto', 'prometheus.WriteRequest');
const requestV2 = lookupType('io/prometheus/write/v2/types.proto', 'io.prometheus.write.v2.Request');

type Pairs = readonly (readonly [string, string])[];

function randomPairs(random: Random): Pairs {
  const others = [['job', random.pick(['a', 'ü', ''])], ['le', random.pick(['1', '+Inf'])], ['z', 'x'.repeat(random.pick([1, 130]))]] as const;
  const pairs = [['__name__', random.pick(['up', 'h', 'm_total'])] as const, ...others.filter(() => random.below(2) === 0)];
  return random.below(15) === 0 ? pairs.reverse() : pairs;
}

const number = (random: Random): number => random.pick([0, 1, -0.5, 1e300, NaN, Infinity, 7]);
const time = (random: Random, t: number): number => t + random.pick([0, 0, 0, 1, -2000, ...(random.below(6) === 0 ? [-2 * HOUR, 5 * HOUR] : [])]);

function many<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: 1 + random.below(most) }, make);
}

/**
 * A native histogram of remote write; both versions call its fields alike. Never at the time of a float: which of the two is the first in a
 * series is not said by protobuf.
 */
function nativeHistogram(random: Random, t: number): object {
  const count = random.below(5);
  return {
    sum: number(random), schema: random.pick([0, 3, -2]), zeroThreshold: 1e-9, timestamp: time(random, t) + 7, ...(random.below(5) === 0 ? {} : { resetHint: random.below(4) }),
    positiveSpans: [{ offset: random.below(3), length: 2 }],
    ...(random.below(2) ? { countInt: count + 3, zeroCountInt: count, positiveDeltas: [1, 1] } : { countFloat: count + 3, zeroCountFloat: count, positiveCounts: [1, 2] }),
  };
}

export function writeBodyV1(random: Random, t: number): Uint8Array {
  const timeseries = many(random, 6, () => ({
    labels: randomPairs(random).map(([name, value]) => ({ name, value })),
    samples: random.below(12) === 0 ? [] : many(random, 3, () => ({ value: number(random), timestamp: time(random, t) })),
    exemplars: random.below(8) > 0 ? [] : [{ labels: [{ name: 'trace_id', value: 't' }], value: 2, timestamp: t }],
    histograms: random.below(8) > 0 ? [] : [nativeHistogram(random, t)],
  }));
  const metadata = random.below(6) > 0 ? [] : [{ type: random.below(8), metricFamilyName: 'm', help: 'help', unit: 's' }];
  return requestV1.encode(requestV1.fromObject({ timeseries, metadata })).finish();
}

export function writeBodyV2(random: Random, t: number): Uint8Array {
  const symbols = ['', ...(random.below(3) === 0 ? ['unused', 'up'] : [])];
  const ref = (text: string): number => {
    const at = symbols.indexOf(text);
    return at >= 0 ? at : symbols.push(text) - 1;
  };
  const timeseries = many(random, 6, () => ({
    labelsRefs: randomPairs(random).flatMap((pair) => pair.map(ref)),
    samples: random.below(12) === 0 ? [] : many(random, 3, () => ({
      value: number(random), timestamp: time(random, t), ...(random.below(3) === 0 ? { startTimestamp: t - random.pick([60_000, 1]) } : {}),
    })),
    exemplars: random.below(8) > 0 ? [] : [{ labelsRefs: [ref('trace_id'), ref('t')], value: 2, timestamp: t }],
    histograms: random.below(8) > 0 ? [] : [nativeHistogram(random, t)],
    ...(random.below(2) ? { metadata: { type: random.below(8), helpRef: ref('help'), unitRef: ref('') } } : {}),
  }));
  return requestV2.encode(requestV2.fromObject({ symbols, timeseries })).finish();
}

// ---- OTLP ------------------------------------------------------------------------------------------------------------------------

function attributes(random: Random): object[] {
  const all = [
    { key: 'method', value: { stringValue: random.pick(['GET', 'ü', '']) } }, { key: 'code', value: { intValue: '200' } }, { key: 'ok', value: { boolValue: true } },
    { key: 'ratio', value: { doubleValue: 0.5 } }, { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'a' }] } } },
    { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { stringValue: 'v' } }] } } }, { key: 'raw', value: { bytesValue: 'AAEC' } }, { key: 'none', value: {} },
  ];
  return all.filter((_, i) => random.below(i < 2 ? 2 : 8) === 0);
}

function common(random: Random, t: number): object {
  return {
    attributes: attributes(random), startTimeUnixNano: nanos(t - random.pick([60_000, 1])), timeUnixNano: nanos(time(random, t)), ...(random.below(20) === 0 ? { flags: 1 } : {}),
    ...(random.below(12) > 0 ? {} : { exemplars: [{ timeUnixNano: nanos(t), asDouble: 2, traceId: '0102030405060708090a0b0c0d0e0f10', spanId: '0102030405060708' }] }),
  };
}

const numberPoint = (random: Random, t: number): object => ({ ...common(random, t), ...random.pick([{ asDouble: 1.5 }, { asDouble: 1e300 }, { asInt: '-7' }, { asInt: '9007199254740993' }, {}]) });

function histogramPoint(random: Random, t: number): object {
  const bounds = random.pick([[0.1, 1], [0.5], []]);
  const counts = [...bounds, 0].map(() => random.below(9));
  return {
    ...common(random, t), count: String(counts.reduce((sum, one) => sum + one, 0)), ...(random.below(4) ? { sum: random.below(9) } : {}),
    bucketCounts: counts.map(String), explicitBounds: bounds, min: 0, max: 9,
  };
}

const exponentialPoint = (random: Random, t: number): object => ({
  ...common(random, t), sum: 4, count: '5', scale: random.pick([0, 3]), zeroCount: '2', zeroThreshold: 0.001, positive: { offset: random.below(5), bucketCounts: ['1', '2'] },
});

function metric(random: Random, t: number): object {
  const data = random.pick([
    () => ({ name: 'g', gauge: { dataPoints: many(random, 3, () => numberPoint(random, t)) } }),
    () => ({ name: 'c', sum: { dataPoints: many(random, 3, () => numberPoint(random, t)), aggregationTemporality: 2, isMonotonic: true } }),
    () => ({ name: 'h', histogram: { dataPoints: many(random, 2, () => histogramPoint(random, t)), aggregationTemporality: 2 } }),
    () => ({ name: 'e', exponentialHistogram: { dataPoints: [exponentialPoint(random, t)], aggregationTemporality: 2 } }),
    () => ({ name: 's', summary: { dataPoints: [{ ...common(random, t), count: '3', sum: 4, quantileValues: [{ quantile: 0.5, value: 1 }] }] } }),
    () => ({ name: random.pick(['', 'none']) }),
  ])();
  return { ...data, unit: random.pick(['', 's']), description: random.pick(['', 'What it is.']) };
}

export function otlpBody(random: Random, t: number): Uint8Array {
  return otlpProtobuf({ resourceMetrics: many(random, 2, () => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: random.pick(['shop', 'cart']) } }, ...attributes(random)] },
    scopeMetrics: many(random, 2, () => ({ scope: { name: 'lib', version: random.pick(['1', '2']) }, metrics: many(random, 3, () => metric(random, t)) })),
  })) });
}
