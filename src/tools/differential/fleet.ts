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
  readonly negativeSpans: readonly { readonly offset: number; readonly length: number }[];
  readonly negativeCounts: readonly number[];
  readonly gauge: boolean;
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
  add('späte.messung', { 'größe.x': String(random.int(2)) }, () => random.next() * 3);
  add('up', {}, () => (random.chance(0.03) ? 0 : 1));
  add('target_info', { version: random.pick(['1.0', '1.1', '2.0']) }, () => 1);
  for (const zone of ['eu', 'us']) add('temperature', { zone }, () => random.next() * 40 - 10);
  add('queue_length', {}, () => random.int(5));
  add('gappy', {}, () => (random.chance(0.4) ? undefined : random.next()));
  add('odd', {}, () => (random.chance(0.2) ? random.pick([NaN, Infinity, -Infinity, 0, -0]) : random.next() - 0.5));
  add('vanishing', {}, (i) => (i % 40 < 25 ? i : i % 40 === 25 ? 'stale' : undefined));
  for (const code of ['200', '404', '500']) add('requests_total', { code }, counter(random, 20));
  add('bytes_total', {}, counter(random, 1e9));
  add('restarts_total', {}, counter(random, 3, 0.3));
  addClassicHistogram(random, add);
  add('latency', {}, nativeHistogram(random, { resetChance: 0.02 }));
  add('steady', {}, nativeHistogram(random, { start: FAR_FROM_ZERO, allFilled: true }));
  add('signed', {}, nativeHistogram(random, { start: FAR_FROM_ZERO, negative: true }));
  add('gauged', {}, gaugeHistogram(random));
  const [coarse, fine] = [nativeHistogram(random, { start: FAR_FROM_ZERO }), nativeHistogram(random, { start: 2 * FAR_FROM_ZERO })];
  add('zooming', {}, (i) => (i % 60 < 30 ? coarse() : fine()));
  // A label that means something to classic histograms only.
  add('bucketed', { le: '1' }, nativeHistogram(random, { start: FAR_FROM_ZERO }));
  add('sizes', {}, customHistogram(random));
  const native = nativeHistogram(random, { start: FAR_FROM_ZERO });
  add('mixed', {}, (i) => (Math.floor(i / 20) % 2 === 0 ? native() : i));
}

function scrapeTimes(random: Random, endMs: number, minutes: number): number[] {
  const phase = random.int(INTERVAL_MS);
  const count = Math.floor((minutes * 60_000) / INTERVAL_MS);
  // Real scrapes tremble by a few milliseconds.
  return Array.from({ length: count }, (_, i) => endMs - (count - i) * INTERVAL_MS + phase + random.int(5));
}

function counter(random: Random, growth: number, resetChance = 0.01): () => number {
  let total = random.int(1000);
  return () => {
    if (random.chance(resetChance)) total = 0;
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

interface HistogramShape {
  readonly resetChance?: number;
  /** Count of the first bucket to begin with. */
  readonly start?: number;
  /** All buckets are filled from the beginning, so that all samples have the same. */
  readonly allFilled?: boolean;
  readonly negative?: boolean;
}

const BUCKETS = 10;
const FIRST_BUCKET = -3;

/** Some buckets are always filled: to others, Prometheus' chunks may add the empty ones of later samples. */
function nativeHistogram(random: Random, shape: HistogramShape): () => FleetHistogram {
  const { resetChance = 0, start = 0, allFilled = false, negative = false } = shape;
  const fresh = (): Map<number, number> => new Map([[2, start + 1]]);
  let counts = fresh();
  if (allFilled) for (let bucket = 0; bucket < BUCKETS; bucket++) counts.set(bucket + FIRST_BUCKET, start + 1);
  const below = negative ? fresh() : new Map<number, number>();
  let zeroCount = start;
  let sum = 0;
  const schema = random.pick([0, 1, 2]);
  return () => {
    if (random.chance(resetChance)) {
      counts = new Map([[2, 1]]);
      zeroCount = 0;
      sum = 0;
    }
    for (let n = random.int(6); n > 0; n--) {
      const side = negative && random.chance(0.5) ? below : counts;
      const bucket = random.int(BUCKETS) + FIRST_BUCKET;
      side.set(bucket, (side.get(bucket) ?? 0) + 1 + random.int(3));
      sum += (random.next() * 4) * (side === below ? -1 : 1);
    }
    zeroCount += random.int(2);
    return exponential(schema, sum, zeroCount, counts, below, false);
  };
}

/** Its counts go up and down, and it says that it is no counter. */
function gaugeHistogram(random: Random): () => FleetHistogram {
  return () => {
    const counts = new Map(Array.from({ length: 5 }, (_, bucket) => [bucket - 1, 1 + random.int(9)] as const));
    return exponential(1, random.next() * 50, random.int(3), counts, new Map(), true);
  };
}

function exponential(
  schema: number, sum: number, zeroCount: number, above: ReadonlyMap<number, number>, below: ReadonlyMap<number, number>, gauge: boolean,
): FleetHistogram {
  const [positive, negative] = [spansOf(above), spansOf(below)];
  return {
    schema, sum, count: positive.total + negative.total + zeroCount, zeroThreshold: 0.001, zeroCount, gauge,
    positiveSpans: positive.spans, positiveCounts: positive.values,
    negativeSpans: negative.spans, negativeCounts: negative.values,
    customValues: [],
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
      schema: -53, sum, count: total, zeroThreshold: 0, zeroCount: 0, gauge: false, positiveSpans: spans, positiveCounts: values,
      negativeSpans: [], negativeCounts: [], customValues: [1, 10, 100],
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
