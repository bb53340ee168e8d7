/** The data of a differential run: every shape of series that PromQL treats in its own way, made from a seed. */
import type { Random } from './random.js';

export interface FleetHistogram {
  readonly schema: number;
  readonly sum: number;
  readonly count: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positiveSpans: readonly { readonly offset: number; readonly length: number }[];
  /** Absolute counts, by span. */
  readonly positiveCounts: readonly number[];
  readonly customValues: readonly number[];
}

export interface FleetSample {
  readonly timestampMs: number;
  readonly value: number | 'stale' | FleetHistogram;
}

export interface FleetSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly FleetSample[];
}

const INTERVAL_MS = 15_000;
const INSTANCES = ['a:1', 'b:1', 'c:1'];
const JOBS = ['api', 'node'];
/** No extrapolation of a histogram that starts with this count reaches zero, where Prometheus 3.5 did not stop yet. */
const FAR_FROM_ZERO = 10_000;

/** Samples of `minutes` up to `endMs`, 15 s apart, every instance with a phase of its own. */
export function makeFleet(random: Random, endMs: number, minutes: number): FleetSeries[] {
  const series: FleetSeries[] = [];
  for (const job of JOBS) {
    for (const instance of INSTANCES) {
      const times = scrapeTimes(random, endMs, minutes);
      const add = (name: string, labels: Record<string, string>, value: (i: number) => FleetSample['value'] | undefined): void => {
        const samples: FleetSample[] = [];
        times.forEach((timestampMs, i) => {
          const one = value(i);
          if (one !== undefined) samples.push({ timestampMs, value: one });
        });
        series.push({ labels: { __name__: name, instance, job, ...labels }, samples });
      };
      addInstance(random, add);
    }
  }
  return series;
}

type Add = (name: string, labels: Record<string, string>, value: (i: number) => FleetSample['value'] | undefined) => void;

function addInstance(random: Random, add: Add): void {
  add('up', {}, () => (random.chance(0.03) ? 0 : 1));
  add('target_info', { version: random.pick(['1.0', '1.1', '2.0']) }, () => 1);
  for (const zone of ['eu', 'us']) add('temperature', { zone }, () => random.next() * 40 - 10);
  add('queue_length', {}, () => random.int(5));
  add('gappy', {}, () => (random.chance(0.4) ? undefined : random.next()));
  add('odd', {}, () => (random.chance(0.2) ? random.pick([NaN, Infinity, -Infinity, 0, -0]) : random.next() - 0.5));
  add('vanishing', {}, (i) => (i % 40 < 25 ? i : i % 40 === 25 ? 'stale' : undefined));
  for (const code of ['200', '404', '500']) add('requests_total', { code }, counter(random, 20));
  add('bytes_total', {}, counter(random, 1e9));
  addClassicHistogram(random, add);
  add('latency', {}, nativeHistogram(random, 0.02, 0));
  add('steady', {}, nativeHistogram(random, 0, FAR_FROM_ZERO));
  add('sizes', {}, customHistogram(random));
  const native = nativeHistogram(random, 0, FAR_FROM_ZERO);
  add('mixed', {}, (i) => (Math.floor(i / 20) % 2 === 0 ? native(i) : i));
}

function scrapeTimes(random: Random, endMs: number, minutes: number): number[] {
  const phase = random.int(INTERVAL_MS);
  const count = Math.floor((minutes * 60_000) / INTERVAL_MS);
  // Real scrapes tremble by a few milliseconds.
  return Array.from({ length: count }, (_, i) => endMs - (count - i) * INTERVAL_MS + phase + random.int(5));
}

function counter(random: Random, growth: number): () => number {
  let total = random.int(1000);
  return () => {
    if (random.chance(0.01)) total = 0;
    total += Math.floor(random.next() * growth);
    return total;
  };
}

function addClassicHistogram(random: Random, add: Add): void {
  const bounds = ['0.1', '0.5', '1', '5', '+Inf'];
  const counts = bounds.map(() => 0);
  let sum = 0;
  const grow = (): void => {
    if (random.chance(0.01)) {
      counts.fill(0);
      sum = 0;
    }
    for (let b = 0, more = 0; b < counts.length; b++) {
      more += random.int(4);
      counts[b]! += more;
    }
    sum += random.next() * 10;
  };
  // The first bucket is asked for first, at each scrape.
  bounds.forEach((le, b) => add('duration_bucket', { le }, () => {
    if (b === 0) grow();
    return counts[b]!;
  }));
  add('duration_sum', {}, () => sum);
  add('duration_count', {}, () => counts.at(-1)!);
}

/** Some buckets are always filled: to others, Prometheus' chunks may add the empty ones of later samples. */
function nativeHistogram(random: Random, resetChance: number, start: number): (i: number) => FleetHistogram {
  const counts = new Map<number, number>([[2, start + 1]]);
  let zeroCount = start;
  let sum = 0;
  const schema = random.pick([0, 1, 2]);
  return () => {
    if (random.chance(resetChance)) {
      counts.clear();
      counts.set(2, 1);
      zeroCount = 0;
      sum = 0;
    }
    for (let n = random.int(6); n > 0; n--) {
      const bucket = random.int(10) - 3;
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1 + random.int(3));
      sum += random.next() * 4;
    }
    zeroCount += random.int(2);
    const { spans, values, total } = spansOf(counts);
    return {
      schema, sum, count: total + zeroCount, zeroThreshold: 0.001, zeroCount, positiveSpans: spans, positiveCounts: values,
      customValues: [],
    };
  };
}

function customHistogram(random: Random): () => FleetHistogram {
  const counts = new Map([0, 1, 2, 3].map((bucket) => [bucket, FAR_FROM_ZERO]));
  let sum = 0;
  return () => {
    for (const bucket of counts.keys()) counts.set(bucket, counts.get(bucket)! + random.int(5));
    sum += random.next() * 100;
    const { spans, values, total } = spansOf(counts);
    return {
      schema: -53, sum, count: total, zeroThreshold: 0, zeroCount: 0, positiveSpans: spans, positiveCounts: values,
      customValues: [1, 10, 100],
    };
  };
}

function spansOf(counts: ReadonlyMap<number, number>): { spans: { offset: number; length: number }[]; values: number[]; total: number } {
  const spans: { offset: number; length: number }[] = [];
  const values: number[] = [];
  let total = 0;
  let next = 0;
  for (const bucket of [...counts.keys()].sort((a, b) => a - b)) {
    if (spans.length > 0 && bucket === next) spans.at(-1)!.length++;
    else spans.push({ offset: spans.length === 0 ? bucket : bucket - next, length: 1 });
    values.push(counts.get(bucket)!);
    total += counts.get(bucket)!;
    next = bucket + 1;
  }
  return { spans, values, total };
}
