/** Spans name the buckets that exist; here they are turned into lists of bucket indexes and back. */
import type { BucketSpan } from './histogram.js';

/** Indexes of the buckets, rising, one per bucket. Spans must have passed validation (no negative gaps). */
export function spanIndexes(spans: readonly BucketSpan[]): number[] {
  const indexes: number[] = [];
  let next = 0;
  for (const span of spans) {
    next += span.offset;
    for (let i = 0; i < span.length; i++) indexes.push(next++);
  }
  return indexes;
}

/** The fewest spans that name these indexes, which must rise strictly. */
export function spansOf(indexes: readonly number[]): BucketSpan[] {
  const spans: BucketSpan[] = [];
  let from = 0;
  let end = 0;
  for (let i = 1; i <= indexes.length; i++) {
    if (i < indexes.length && indexes[i] === indexes[i - 1]! + 1) continue;
    const first = indexes[from]!;
    spans.push({ offset: first - end, length: i - from });
    end = first + (i - from);
    from = i;
  }
  return spans;
}

/** Buckets that the spans promise. */
export function spanLength(spans: readonly BucketSpan[]): number {
  let total = 0;
  for (const span of spans) total += span.length;
  return total;
}

/**
 * Index, in a schema `levels` steps coarser, of the bucket that holds bucket `index`: 2^levels neighbours, counted
 * from 1, become one. Divides instead of shifting: indexes of hostile input do not fit 32 bits.
 */
export function coarserIndex(index: number, levels: number): number {
  return Math.ceil(index / 2 ** levels) + 0; // + 0: not -0
}
