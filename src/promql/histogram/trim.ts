/** `h </ limit` and `h >/ limit`: the part of a histogram below or above a value. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../../model/histogram.js';
import { customBound, exponentialBound } from '../../model/histogram-buckets.js';
import { FloatHistogram } from './float-histogram.js';
import { logShare } from './quantile.js';
import type { Side } from './sides.js';

/**
 * Keeps the observations `below` (`</`) or `above` (`>/`) the limit. The bucket that the limit cuts through keeps a
 * share by interpolation, as quantiles have it. The sum is estimated anew from the middles of what is kept, unless
 * nothing was cut off. Of a bucket that reaches to infinity the spread is not known: cut, it is dropped as a whole, but
 * for some limits where an end at 0 may be assumed or the limit itself stands for all of it.
 */
export function trimHistogram(h: Histogram, limit: number, keep: 'below' | 'above'): Histogram {
  const trimmed = FloatHistogram.from(h);
  const cut = new Cut(limit, keep === 'below', trimmed);
  cut.trimSide(trimmed.positive, true);
  cut.trimSide(trimmed.negative, false);
  cut.trimZeroBucket();
  if (!cut.changed) return h;
  trimmed.count = cut.count;
  trimmed.sum = cut.sum;
  return trimmed.compact().toHistogram();
}

class Cut {
  changed = false;
  count = 0;
  sum = 0;
  private hasPositive = false;
  private hasNegative = false;
  private readonly custom: boolean;
  /** What `share` found: observations kept of a bucket, and the value that stands for them. */
  private kept = 0;
  private middle = 0;

  constructor(
    private readonly limit: number,
    private readonly below: boolean,
    private readonly h: FloatHistogram,
  ) {
    this.custom = h.schema === CUSTOM_BUCKETS_SCHEMA;
  }

  trimSide(side: Side, positive: boolean): void {
    const { counts, indexes } = side;
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i]!;
      if (count === 0) continue;
      if (positive) this.hasPositive = true;
      else this.hasNegative = true;
      const near = this.boundOf(indexes[i]! - 1);
      const far = this.boundOf(indexes[i]!);
      this.share(count, positive ? near : -far, positive ? far : -near, positive);
      this.count += this.kept;
      this.sum += this.middle * this.kept;
      if (this.kept !== count) {
        counts[i] = this.kept;
        this.changed = true;
      }
    }
  }

  private boundOf(index: number): number {
    return this.custom ? customBound(index, this.h.customValues) : exponentialBound(index, this.h.schema);
  }

  /** Call it last: a side without observations ends the zero bucket at 0. */
  trimZeroBucket(): void {
    const count = this.h.zeroCount;
    if (this.custom || !(count > 0)) return;
    const { limit, below } = this;
    const lower = this.hasPositive && !this.hasNegative ? 0 : -this.h.zeroThreshold;
    const upper = this.hasNegative && !this.hasPositive ? 0 : this.h.zeroThreshold;
    let kept: number;
    let middle = 0;
    if (limit <= lower) {
      kept = below ? 0 : count;
      if (!below) middle = (lower + upper) / 2;
    } else if (limit >= upper) {
      kept = below ? count : 0;
      if (below) middle = (lower + upper) / 2;
    } else {
      kept = count * ((below ? limit - lower : upper - limit) / (upper - lower));
      middle = below ? (lower + limit) / 2 : (limit + upper) / 2;
    }
    this.count += kept;
    this.sum += middle * kept;
    if (kept !== count) {
      this.h.zeroCount = kept;
      this.changed = true;
    }
  }

  /** Sets `kept` and `middle` for a bucket that is not the zero bucket. */
  private share(count: number, lower: number, upper: number, positive: boolean): void {
    const { limit, below } = this;
    if (below ? upper <= limit : lower >= limit) {
      this.keep(count, this.middleOf(lower, upper, positive));
    } else if (below ? lower < limit : upper > limit) {
      if (lower === -Infinity) this.shareFromInfinity(count, upper);
      // A limit inside a bucket to +Inf: nothing above it can be told from what is below.
      else if (upper === Infinity) this.keep(below ? 0 : count, below ? 0 : limit);
      else this.shareFinite(count, lower, upper, positive);
    } else {
      this.keep(0, 0);
    }
  }

  private shareFinite(count: number, lower: number, upper: number, positive: boolean): void {
    const { limit } = this;
    const under = count * (this.custom ? (limit - lower) / (upper - lower) : logShare(lower, upper, limit));
    if (this.below) this.keep(under, this.middleOf(lower, limit, positive));
    else this.keep(count - under, this.middleOf(limit, upper, positive));
  }

  /** The first custom bucket, (-Inf, upper], which the limit cuts through. */
  private shareFromInfinity(count: number, upper: number): void {
    const { limit, below } = this;
    const fromZero = upper !== Infinity && upper > 0;
    if (below) {
      if (limit > 0 && fromZero) this.keep((count * limit) / upper, limit / 2);
      else if (upper <= 0) this.keep(count, limit);
      else this.keep(0, 0);
    } else if (limit >= 0 && fromZero) {
      this.keep(count * (1 - limit / upper), (limit + upper) / 2);
    } else {
      this.keep(0, 0);
    }
  }

  private keep(kept: number, middle: number): void {
    this.kept = kept;
    this.middle = middle;
  }

  /** The value that stands for the observations of an interval: geometric mean of exponential, arithmetic of custom ends. */
  private middleOf(lower: number, upper: number, positive: boolean): number {
    if (lower === -Infinity) {
      if (upper === Infinity) return 0;
      return upper > 0 ? upper / 2 : upper;
    }
    if (upper === Infinity) return lower;
    if (this.custom) return (lower + upper) / 2;
    const geometric = Math.sqrt(Math.abs(lower * upper));
    return positive ? geometric : -geometric;
  }
}
