/** Adds native histograms: what a delta adds to a total. */
import { exponentialBound } from './histogram-buckets.js';
import { CUSTOM_BUCKETS_SCHEMA, type BucketSpan, type Histogram } from './histogram.js';
import { coarserIndex, spanIndexes, spansOf } from './histogram-spans.js';

/** Buckets a side above which the resolution is halved: what SDKs and the collector's deltatocumulative processor allow. */
export const ADDED_BUCKETS_MAX = 160;
/** Coarsest schema there is. */
const SCHEMA_MIN = -4;

/** Buckets of one side, rising in index. */
interface Side {
  readonly indexes: number[];
  readonly counts: number[];
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
  const [downA, downB] = [a.schema - schema, b.schema - schema];
  let positive = merged(sideOf(a.positiveSpans, a.positiveBuckets, downA), sideOf(b.positiveSpans, b.positiveBuckets, downB));
  let negative = merged(sideOf(a.negativeSpans, a.negativeBuckets, downA), sideOf(b.negativeSpans, b.negativeBuckets, downB));
  while (!custom && schema > SCHEMA_MIN && Math.max(positive.counts.length, negative.counts.length) > ADDED_BUCKETS_MAX) {
    schema--;
    positive = coarser(positive, 1);
    negative = coarser(negative, 1);
  }
  const zero = { threshold: Math.max(a.zeroThreshold, b.zeroThreshold), count: a.zeroCount + b.zeroCount };
  if (a.zeroThreshold !== b.zeroThreshold) {
    // What one of them has counted in buckets the other may have in its zero bucket.
    while (widenZero(zero, positive, schema) || widenZero(zero, negative, schema));
    positive = outside(zero, positive, schema);
    negative = outside(zero, negative, schema);
  }
  return {
    float: a.float || b.float, schema, zeroThreshold: zero.threshold, zeroCount: zero.count,
    count: a.count + b.count, sum: a.sum + b.sum,
    positiveSpans: spansOf(positive.indexes), negativeSpans: spansOf(negative.indexes),
    positiveBuckets: positive.counts, negativeBuckets: negative.counts,
    customValues: a.customValues, resetHint: 0,
  };
}

/** The zero bucket ends where a bucket does, unless that bucket is empty. True if it had to grow. */
function widenZero(zero: { threshold: number }, side: Side, schema: number): boolean {
  const cut = side.indexes.findIndex((index, i) => side.counts[i] !== 0 && exponentialBound(index - 1, schema) < zero.threshold
    && zero.threshold < exponentialBound(index, schema));
  if (cut < 0) return false;
  zero.threshold = exponentialBound(side.indexes[cut]!, schema);
  return true;
}

/** The buckets beyond the zero bucket; those within are added to it. */
function outside(zero: { readonly threshold: number; count: number }, side: Side, schema: number): Side {
  const isInside = side.indexes.map((index) => exponentialBound(index, schema) <= zero.threshold);
  zero.count += side.counts.reduce((sum, count, i) => sum + (isInside[i] ? count : 0), 0);
  return { indexes: side.indexes.filter((_, i) => !isInside[i]), counts: side.counts.filter((_, i) => !isInside[i]) };
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

/** Buckets of a histogram's side, `levels` schemas coarser. */
function sideOf(spans: readonly BucketSpan[], buckets: readonly number[], levels: number): Side {
  const indexes = spanIndexes(spans);
  return levels === 0 ? { indexes, counts: [...buckets] } : coarser({ indexes, counts: [...buckets] }, levels);
}

function coarser(side: Side, levels: number): Side {
  const indexes: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < side.indexes.length; i++) {
    const index = coarserIndex(side.indexes[i]!, levels);
    if (indexes.length > 0 && indexes[indexes.length - 1] === index) counts[counts.length - 1]! += side.counts[i]!;
    else {
      indexes.push(index);
      counts.push(side.counts[i]!);
    }
  }
  return { indexes, counts };
}

function merged(a: Side, b: Side): Side {
  const indexes: number[] = [];
  const counts: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const fromA = a.indexes[i] ?? Infinity;
    const fromB = b.indexes[j] ?? Infinity;
    indexes.push(Math.min(fromA, fromB));
    counts.push((fromA <= fromB ? a.counts[i++]! : 0) + (fromB <= fromA ? b.counts[j++]! : 0));
  }
  return { indexes, counts };
}
