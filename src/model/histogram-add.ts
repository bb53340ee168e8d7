/** Adds native histograms: what a delta adds to a total. */
import { CUSTOM_BUCKETS_SCHEMA, type BucketSpan, type Histogram } from './histogram.js';
import { coarserIndex, spanIndexes, spansOf } from './histogram-spans.js';

/** Buckets a side above which the resolution is halved: what SDKs and the collector's deltatocumulative processor allow. */
export const ADDED_BUCKETS_MAX = 160;
/** Coarsest schema there is. */
const SCHEMA_MIN = -4;

interface Side {
  readonly spans: BucketSpan[];
  readonly buckets: number[];
}

/**
 * The sum of both, in the coarser of the two schemas, or in one coarser still if a side would have more than
 * `ADDED_BUCKETS_MAX` buckets. Undefined if they cannot be added exactly: custom buckets with other bounds.
 */
export function addHistograms(a: Histogram, b: Histogram): Histogram | undefined {
  const custom = a.schema === CUSTOM_BUCKETS_SCHEMA;
  if (custom !== (b.schema === CUSTOM_BUCKETS_SCHEMA)) return undefined;
  if (custom && !sameBounds(a.customValues, b.customValues)) return undefined;
  let schema = Math.min(a.schema, b.schema);
  let positive = addSides(a.positiveSpans, a.positiveBuckets, a.schema - schema, b.positiveSpans, b.positiveBuckets, b.schema - schema);
  let negative = addSides(a.negativeSpans, a.negativeBuckets, a.schema - schema, b.negativeSpans, b.negativeBuckets, b.schema - schema);
  while (!custom && schema > SCHEMA_MIN && Math.max(positive.size, negative.size) > ADDED_BUCKETS_MAX) {
    schema--;
    positive = coarser(positive);
    negative = coarser(negative);
  }
  const { spans: positiveSpans, buckets: positiveBuckets } = sideOf(positive);
  const { spans: negativeSpans, buckets: negativeBuckets } = sideOf(negative);
  return {
    float: a.float || b.float, schema, zeroThreshold: Math.max(a.zeroThreshold, b.zeroThreshold), zeroCount: a.zeroCount + b.zeroCount,
    count: a.count + b.count, sum: a.sum + b.sum, positiveSpans, negativeSpans, positiveBuckets, negativeBuckets,
    customValues: a.customValues, resetHint: 0,
  };
}

/** The same layout without an observation: what a histogram was when it began. */
export function emptyHistogram(h: Histogram): Histogram {
  return {
    ...h, zeroCount: 0, count: 0, sum: 0,
    positiveBuckets: h.positiveBuckets.map(() => 0), negativeBuckets: h.negativeBuckets.map(() => 0),
  };
}

function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

function addSides(
  spansA: readonly BucketSpan[], bucketsA: readonly number[], levelsA: number,
  spansB: readonly BucketSpan[], bucketsB: readonly number[], levelsB: number,
): Map<number, number> {
  const counts = new Map<number, number>();
  collect(counts, spansA, bucketsA, levelsA);
  collect(counts, spansB, bucketsB, levelsB);
  return counts;
}

function collect(counts: Map<number, number>, spans: readonly BucketSpan[], buckets: readonly number[], levels: number): void {
  const indexes = spanIndexes(spans);
  for (let i = 0; i < indexes.length; i++) {
    const index = levels === 0 ? indexes[i]! : coarserIndex(indexes[i]!, levels);
    counts.set(index, (counts.get(index) ?? 0) + (buckets[i] ?? 0));
  }
}

function coarser(counts: ReadonlyMap<number, number>): Map<number, number> {
  const out = new Map<number, number>();
  for (const [index, count] of counts) {
    const to = coarserIndex(index, 1);
    out.set(to, (out.get(to) ?? 0) + count);
  }
  return out;
}

function sideOf(counts: ReadonlyMap<number, number>): Side {
  const indexes = [...counts.keys()].sort((x, y) => x - y);
  return { spans: spansOf(indexes), buckets: indexes.map((index) => counts.get(index)!) };
}
