import { CUSTOM_BUCKETS_SCHEMA, ResetHint, type Histogram } from '../../model/histogram.js';
import { exponentialBound } from '../../model/histogram-buckets.js';
import { spansOf } from '../../model/histogram-spans.js';
import { invariant } from '../../invariant.js';
import { kahanCarry } from '../functions/kahan.js';
import { HistogramNote } from './notes.js';
import {
  addSide, coarserSide, commonBounds, compactSide, copySide, sameIndexes, sideOf, tailOfSide, toCoarserBounds, type Side,
} from './sides.js';

/** Carries of the compensated sums that are not in buckets. */
interface Carries {
  zeroCount: number;
  count: number;
  sum: number;
}

/**
 * A histogram to compute with: mutable, buckets as lists. The model's `Histogram`, which the engine passes around, is
 * immutable; it goes in through `from` and out through `toHistogram`. Methods change the histogram itself and return it.
 *
 * A *compensated* histogram (`compensated()`) adds with Neumaier carries in every field, for sums over many samples.
 */
export class FloatHistogram {
  private carries: Carries | undefined;

  private constructor(
    public resetHint: ResetHint,
    public schema: number,
    public zeroThreshold: number,
    public zeroCount: number,
    public count: number,
    public sum: number,
    public positive: Side,
    public negative: Side,
    public customValues: readonly number[],
  ) {}

  static from(h: Histogram): FloatHistogram {
    return new FloatHistogram(
      h.resetHint, h.schema, h.zeroThreshold, h.zeroCount, h.count, h.sum,
      sideOf(h.positiveSpans, h.positiveBuckets), sideOf(h.negativeSpans, h.negativeBuckets), h.customValues,
    );
  }

  /** No observations, in the layout of `h`. */
  static emptyLike(h: Histogram): FloatHistogram {
    return new FloatHistogram(ResetHint.unknown, h.schema, 0, 0, 0, 0, sideOf([], []), sideOf([], []), h.customValues);
  }

  get usesCustomBuckets(): boolean {
    return this.schema === CUSTOM_BUCKETS_SCHEMA;
  }

  copy(): FloatHistogram {
    const copy = new FloatHistogram(
      this.resetHint, this.schema, this.zeroThreshold, this.zeroCount, this.count, this.sum,
      copySide(this.positive), copySide(this.negative), this.customValues,
    );
    copy.carries = this.carries && { ...this.carries };
    return copy;
  }

  /** The immutable form; a compensated histogram is settled first. Later changes of this one do not show in it. */
  toHistogram(): Histogram {
    this.settle();
    return {
      float: true,
      schema: this.schema,
      zeroThreshold: this.zeroThreshold,
      zeroCount: this.zeroCount,
      count: this.count,
      sum: this.sum,
      positiveSpans: spansOf(this.positive.indexes),
      negativeSpans: spansOf(this.negative.indexes),
      positiveBuckets: this.positive.counts.slice(),
      negativeBuckets: this.negative.counts.slice(),
      customValues: this.customValues,
      resetHint: this.resetHint,
    };
  }

  /** From now on additions are compensated. */
  compensated(): this {
    this.carries = { zeroCount: 0, count: 0, sum: 0 };
    this.positive = withCarries(this.positive);
    this.negative = withCarries(this.negative);
    return this;
  }

  /** Adds the carries in: the end of a compensated sum. */
  settle(): this {
    if (this.carries === undefined) return this;
    this.zeroCount += this.carries.zeroCount;
    this.count += this.carries.count;
    this.sum += this.carries.sum;
    this.positive = settledSide(this.positive);
    this.negative = settledSide(this.negative);
    this.carries = undefined;
    return this;
  }

  /** A negative factor makes a gauge: counters do not fall. */
  mul(factor: number): this {
    this.scale((x) => x * factor);
    if (factor < 0) this.resetHint = ResetHint.gauge;
    return this;
  }

  /** Dividing by 0 leaves infinities (or NaN) in the totals and no buckets. */
  div(divisor: number): this {
    if (divisor === 0) {
      this.positive = sideOf([], [], this.carries !== undefined);
      this.negative = sideOf([], [], this.carries !== undefined);
    }
    this.scale((x) => x / divisor);
    if (divisor < 0) this.resetHint = ResetHint.gauge;
    return this;
  }

  private scale(by: (x: number) => number): void {
    this.zeroCount = by(this.zeroCount);
    this.count = by(this.count);
    this.sum = by(this.sum);
    for (const side of [this.positive, this.negative]) {
      for (let i = 0; i < side.counts.length; i++) side.counts[i] = by(side.counts[i]!);
      if (side.carries) for (let i = 0; i < side.carries.length; i++) side.carries[i] = by(side.carries[i]!);
    }
    if (this.carries) {
      this.carries = { zeroCount: by(this.carries.zeroCount), count: by(this.carries.count), sum: by(this.carries.sum) };
    }
  }

  /** Drops empty buckets. */
  compact(): this {
    this.positive = compactSide(this.positive);
    this.negative = compactSide(this.negative);
    return this;
  }

  /** Brings exponential buckets to a coarser schema (or the same). */
  reduceTo(schema: number): this {
    if (schema === this.schema) return this;
    invariant(!this.usesCustomBuckets && schema < this.schema, `schema ${this.schema} cannot be reduced to ${schema}`);
    this.positive = coarserSide(this.positive, this.schema - schema);
    this.negative = coarserSide(this.negative, this.schema - schema);
    this.schema = schema;
    return this;
  }

  /** True if any number is infinite: a mean must not be computed by way of this sum. */
  hasOverflow(): boolean {
    return (
      isInfinite(this.zeroCount) || isInfinite(this.count) || isInfinite(this.sum) ||
      this.positive.counts.some(isInfinite) || this.negative.counts.some(isInfinite)
    );
  }

  /**
   * this += other, which stays as it is. Differences are evened out towards the coarser one: schemas, zero buckets,
   * bounds of custom buckets (those that both have).
   * @returns notes; with `mixedSchemas` nothing was changed
   */
  add(other: FloatHistogram): number {
    return this.combine(other, 1);
  }

  /** this -= other, as `add`. */
  sub(other: FloatHistogram): number {
    return this.combine(other, -1);
  }

  private combine(other: FloatHistogram, sign: 1 | -1): number {
    if (this.usesCustomBuckets !== other.usesCustomBuckets) return HistogramNote.mixedSchemas;
    let notes = this.mergeHint(other.resetHint) ? HistogramNote.resetCollision : 0;
    if (this.usesCustomBuckets) {
      if (!this.combineCustom(other.positive, other.customValues, sign)) {
        notes |= sign === 1 ? HistogramNote.reconciledAddition : HistogramNote.reconciledSubtraction;
      }
    } else {
      this.combineExponential(other, sign);
    }
    const carries = this.carries;
    const count = this.count + sign * other.count;
    const sum = this.sum + sign * other.sum;
    if (carries) {
      carries.count = kahanCarry(carries.count, this.count, sign * other.count, count);
      carries.sum = kahanCarry(carries.sum, this.sum, sign * other.sum, sum);
    }
    this.count = count;
    this.sum = sum;
    return notes;
  }

  /** @returns false if bounds had to be reconciled */
  private combineCustom(other: Side, otherBounds: readonly number[], sign: 1 | -1): boolean {
    if (sameIndexes(this.customValues, otherBounds)) {
      this.positive = addSide(this.positive, other, sign, 0);
      return true;
    }
    const bounds = commonBounds(this.customValues, otherBounds);
    const mine = toCoarserBounds(this.positive, this.customValues, bounds);
    const theirs = toCoarserBounds(this.carries ? withCarries(other) : other, otherBounds, bounds);
    this.positive = compactSide(addSide(mine, theirs, sign, 0));
    this.customValues = bounds;
    return false;
  }

  private combineExponential(other: FloatHistogram, sign: 1 | -1): void {
    let theirs = this.reconcileZeroBuckets(other);
    this.addToZeroBucket(sign * theirs.zeroCount);
    const carry = theirs.carries ? theirs.carries.zeroCount : 0;
    if (carry !== 0) this.addToZeroBucket(sign * carry);
    if (theirs.schema < this.schema) this.reduceTo(theirs.schema);
    if (theirs.schema > this.schema) {
      if (theirs === other) theirs = other.copy();
      if (this.carries && !theirs.carries) theirs.compensated();
      theirs.reduceTo(this.schema);
    }
    const from = firstIndexAbove(this.zeroThreshold, this.schema);
    this.positive = addSide(this.positive, theirs.positive, sign, from);
    this.negative = addSide(this.negative, theirs.negative, sign, from);
  }

  private addToZeroBucket(value: number): void {
    const total = this.zeroCount + value;
    if (this.carries) this.carries.zeroCount = kahanCarry(this.carries.zeroCount, this.zeroCount, value, total);
    this.zeroCount = total;
  }

  /**
   * Widens the zero buckets of both until their thresholds agree and cut through no populated bucket.
   * @returns `other`, or a copy of it where its zero bucket had to change
   */
  private reconcileZeroBuckets(other: FloatHistogram): FloatHistogram {
    let theirs = other;
    while (theirs.zeroThreshold !== this.zeroThreshold) {
      if (this.zeroThreshold > theirs.zeroThreshold) {
        if (theirs === other) theirs = this.carries ? other.copy().compensated() : other.copy();
        theirs.widenZeroBucket(this.zeroThreshold);
      } else {
        this.widenZeroBucket(theirs.zeroThreshold);
      }
    }
    return theirs;
  }

  /**
   * Moves buckets that the wider threshold covers, wholly or in part, into the zero bucket. If a populated bucket is
   * covered in part, the threshold goes on to the end of that bucket.
   */
  widenZeroBucket(threshold: number): void {
    let limit = threshold;
    for (;;) {
      const reached = Math.max(this.coveredEnd(this.positive, limit), this.coveredEnd(this.negative, limit));
      if (reached <= limit) break;
      limit = reached;
    }
    this.positive = this.swallow(this.positive, limit);
    this.negative = this.swallow(this.negative, limit);
    this.zeroThreshold = limit;
  }

  /** Far end of the populated bucket that `limit` cuts through, `limit` if there is none. */
  private coveredEnd(side: Side, limit: number): number {
    for (let i = 0; i < side.indexes.length; i++) {
      const index = side.indexes[i]!;
      if (exponentialBound(index - 1, this.schema) >= limit) break;
      const end = exponentialBound(index, this.schema);
      if (end > limit) return side.counts[i] === 0 ? limit : end;
    }
    return limit;
  }

  private swallow(side: Side, limit: number): Side {
    let i = 0;
    while (i < side.indexes.length && exponentialBound(side.indexes[i]! - 1, this.schema) < limit) {
      this.addToZeroBucket(side.counts[i]!);
      if (side.carries) this.addToZeroBucket(side.carries[i]!);
      i++;
    }
    return compactSide(tailOfSide(side, i));
  }

  /** Hint of a sum or difference. @returns true if one says "reset" and the other "no reset" */
  private mergeHint(other: ResetHint): boolean {
    const mine = this.resetHint;
    if (mine === other || mine === ResetHint.gauge) return false;
    this.resetHint = other === ResetHint.gauge ? ResetHint.gauge : ResetHint.unknown;
    return other !== ResetHint.gauge && mine !== ResetHint.unknown && other !== ResetHint.unknown;
  }
}

/** Index of the first bucket whose upper bound is above the zero threshold. */
export function firstIndexAbove(threshold: number, schema: number): number {
  if (threshold === 0) return -Infinity;
  // The logarithm may be off by a rounding; the bounds decide.
  let index = Math.floor(Math.log2(threshold) * 2 ** schema) - 1;
  while (exponentialBound(index, schema) <= threshold) index++;
  return index;
}

function withCarries(side: Side): Side {
  return side.carries ? side : { ...side, carries: side.counts.map(() => 0) };
}

function settledSide(side: Side): Side {
  const { indexes, counts, carries } = side;
  return { indexes, counts: carries === undefined ? counts : counts.map((count, i) => count + carries[i]!), carries: undefined };
}

function isInfinite(x: number): boolean {
  return x === Infinity || x === -Infinity;
}
