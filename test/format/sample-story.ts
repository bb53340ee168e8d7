/** Samples of every kind, the same each time, and what a reader has to find. */
import { ResetHint, type Histogram } from '../../src/model/histogram.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { labels, T0, type OpenStore } from '../support/store-fixture.js';

const plain: Histogram = {
  float: true, schema: 2, zeroThreshold: 1e-128, zeroCount: 0.5, count: 4.25, sum: -1.5, positiveSpans: [{ offset: -3, length: 1 }, { offset: 2, length: 1 }],
  positiveBuckets: [1.25, 1.5], negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: [1], customValues: [], resetHint: ResetHint.unknown,
};
const custom: Histogram = {
  ...plain, float: false, schema: -53, zeroThreshold: 0, zeroCount: 0, count: 3, sum: 2, negativeSpans: [], negativeBuckets: [],
  positiveSpans: [{ offset: 0, length: 2 }], positiveBuckets: [1, 2], customValues: [0.1, 5],
};

/** By series: time, start (0: none), and the bits of a float or a histogram. */
export type Story = Record<string, [t: number, start: number, value: bigint | Histogram][]>;

const STALE = 0x7ff0000000000002n;
const bits = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!;

export function story(): Story {
  const at = (i: number): number => T0 + i * 15_000;
  const floats = (count: number, value: (i: number) => number): Story[string] =>
    Array.from({ length: count }, (_, i) => [at(i), i < 100 ? 0 : T0 - 5, bits(value(i))]);
  let noise = 12_345;
  const random = (): number => (noise = (noise * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  let total = 0;
  return {
    'constant{}': floats(300, () => 42),
    'counter{job="a"}': floats(400, () => (total += Math.floor(random() * 1000))),
    'decimal{job="a"}': floats(300, () => Math.round(random() * 1e4) / 1e3),
    'regular{job="b"}': floats(300, (i) => i * 0.25),
    'noise{job="b",empty="ü"}': floats(200, () => random() * 10 ** Math.floor(random() * 300 - 150)),
    'nearly{}': floats(150, () => Math.round(random() * 1e5) / 1e5 + 1e-13),
    'odd{}': [2n, 0x7ff8000000000001n, 0x7ff0000000000000n, 0x8000000000000000n, bits(0.1), bits(1e300), STALE, STALE, bits(3)]
      .map((value, i) => [at(i), 0, i === 0 ? STALE : value]),
    'native{}': [
      ...Array.from({ length: 20 }, (_, i): Story[string][number] => [at(i), i < 10 ? 0 : T0 - 7, { ...plain, count: 4.25 + i, zeroCount: 0.5 + i }]),
      [at(20), 0, { ...plain, resetHint: ResetHint.gauge, positiveSpans: [{ offset: 1, length: 2 }] }], [at(21), 0, STALE],
      [at(22), 0, custom], [at(23), 0, { ...custom, resetHint: ResetHint.reset }], [at(24), 0, bits(7)],
    ],
  };
}

export async function tell(store: OpenStore, all: Story): Promise<void> {
  const batch = new SampleBatch();
  for (const [name, samples] of Object.entries(all)) {
    const [, metric = '', pairs = ''] = /^(\w+)\{(.*)\}$/.exec(name)!;
    const series = batch.addSeries(labels(metric, Object.fromEntries([...pairs.matchAll(/(\w+)="([^"]*)"/g)].map((m) => [m[1]!, m[2]!]))));
    for (const [t, start, value] of samples) {
      if (typeof value === 'bigint') batch.addFrom(series, t, new Float64Array(BigUint64Array.of(value).buffer), 0, batch.length, start);
      else batch.addHistogram(series, t, value, batch.length, start);
    }
  }
  const report = await store.db.appendBatch(batch, new Uint8Array(batch.length));
  if (report.rejects.size > 0) throw new Error(JSON.stringify([...report.rejects]));
}

/** `name{a="b"}` of names and values in any order, the metric's name among them. */
export function nameOf(pairs: readonly (readonly [string, string])[]): string {
  const metric = pairs.find(([name]) => name === '__name__')?.[1] ?? '';
  return `${metric}{${pairs.filter(([name]) => name !== '__name__').map(([name, value]) => `${name}="${value}"`).join(',')}}`;
}
