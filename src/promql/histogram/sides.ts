/**
 * One side (positive or negative) of a histogram that is being computed with: buckets as a sorted list of indexes and
 * their counts instead of spans. Adding is then merging two sorted lists.
 */
import type { BucketSpan } from '../../model/histogram.js';
import { coarserIndex, spanIndexes } from '../../model/histogram-spans.js';
import { kahanCarry } from '../functions/kahan.js';

export interface Side {
  /** Strictly rising. Never written to: sides share it. */
  readonly indexes: readonly number[];
  /** One per index. Belongs to this side alone, and is written to in place. */
  readonly counts: number[];
  /** Carries of the compensated sums in `counts`; undefined where plain sums are wanted. */
  readonly carries: number[] | undefined;
}

export function sideOf(spans: readonly BucketSpan[], buckets: readonly number[], compensated = false): Side {
  return { indexes: spanIndexes(spans), counts: buckets.slice(), carries: compensated ? zeros(buckets.length) : undefined };
}

export function copySide(side: Side): Side {
  return { indexes: side.indexes, counts: side.counts.slice(), carries: side.carries?.slice() };
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

/** Adds `value` to bucket `i`, plain or compensated. */
function addAt(side: Side, i: number, value: number): void {
  const sum = side.counts[i]!;
  const total = sum + value;
  if (side.carries !== undefined) side.carries[i] = kahanCarry(side.carries[i]!, sum, value, total);
  side.counts[i] = total;
}

/** Position of the first bucket with an index of `from` or more. */
export function firstFrom(side: Side, from: number): number {
  let i = 0;
  while (i < side.indexes.length && side.indexes[i]! < from) i++;
  return i;
}

/**
 * a + sign * b, `a` is used up. Buckets of `b` below index `from` are left out. A bucket that only one of them has is
 * taken over; carries are kept if `a` has them.
 */
export function addSide(a: Side, b: Side, sign: 1 | -1, from: number): Side {
  let j = firstFrom(b, from);
  if (j === b.indexes.length) return a;
  if (j === 0 && sameIndexes(a.indexes, b.indexes)) {
    for (let i = 0; i < a.counts.length; i++) addBucket(a, i, b, i, sign);
    return a;
  }
  const indexes: number[] = [];
  const counts: number[] = [];
  const carries: number[] | undefined = a.carries === undefined ? undefined : [];
  const merged: Side = { indexes, counts, carries };
  let i = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const left = i < a.indexes.length ? a.indexes[i]! : Infinity;
    const right = j < b.indexes.length ? b.indexes[j]! : Infinity;
    if (left <= right) {
      indexes.push(left);
      counts.push(a.counts[i]!);
      carries?.push(a.carries![i]!);
      if (left === right) addBucket(merged, counts.length - 1, b, j++, sign);
      i++;
    } else {
      indexes.push(right);
      counts.push(sign * b.counts[j]!);
      carries?.push(b.carries === undefined ? 0 : sign * b.carries[j]!);
      j++;
    }
  }
  return merged;
}

function addBucket(a: Side, i: number, b: Side, j: number, sign: 1 | -1): void {
  addAt(a, i, sign * b.counts[j]!);
  const carry = b.carries === undefined ? 0 : b.carries[j]!;
  if (carry !== 0) addAt(a, i, sign * carry);
}

export function sameIndexes(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The side in a schema that is `levels` coarser, as a new side. */
export function coarserSide(side: Side, levels: number): Side {
  if (levels === 0) return copySide(side);
  return mapSide(side, (index) => coarserIndex(index, levels));
}

/** The side with every bucket moved to index `to(index)`, which must not fall; buckets that meet are added up. */
function mapSide(side: Side, to: (index: number) => number): Side {
  const indexes: number[] = [];
  const merged: Side = { indexes, counts: [], carries: side.carries === undefined ? undefined : [] };
  for (let i = 0; i < side.indexes.length; i++) {
    const index = to(side.indexes[i]!);
    const last = indexes.length - 1;
    if (last >= 0 && indexes[last] === index) {
      addBucket(merged, last, side, i, 1);
    } else {
      indexes.push(index);
      merged.counts.push(side.counts[i]!);
      merged.carries?.push(side.carries![i]!);
    }
  }
  return merged;
}

/** The side without empty buckets. */
export function compactSide(side: Side): Side {
  if (!side.counts.includes(0)) return side;
  const indexes: number[] = [];
  const counts: number[] = [];
  const carries: number[] | undefined = side.carries === undefined ? undefined : [];
  for (let i = 0; i < side.counts.length; i++) {
    if (side.counts[i] === 0 && (side.carries === undefined || side.carries[i] === 0)) continue;
    indexes.push(side.indexes[i]!);
    counts.push(side.counts[i]!);
    carries?.push(side.carries![i]!);
  }
  return { indexes, counts, carries };
}

/** The buckets from position `i` on. */
export function tailOfSide(side: Side, i: number): Side {
  return i === 0 ? side : { indexes: side.indexes.slice(i), counts: side.counts.slice(i), carries: side.carries?.slice(i) };
}

/** Bounds that both lists have. Lists rise strictly. */
export function commonBounds(a: readonly number[], b: readonly number[]): number[] {
  const common: number[] = [];
  let j = 0;
  for (const bound of a) {
    while (j < b.length && b[j]! < bound) j++;
    if (j < b.length && b[j] === bound) common.push(bound);
  }
  return common;
}

/** Custom buckets over `bounds` moved to `coarser` bounds, a subset of them. */
export function toCoarserBounds(side: Side, bounds: readonly number[], coarser: readonly number[]): Side {
  let target = 0;
  return mapSide(side, (index) => {
    if (index >= bounds.length) return coarser.length;
    while (target < coarser.length && coarser[target]! < bounds[index]!) target++;
    return target;
  });
}
