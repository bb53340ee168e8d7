/** Classic histograms: series with a cumulative count per upper bound (label `le`). */
import { linearRank } from './quantile.js';

/**
 * The upper bound that a label `le` stands for, undefined if it is not a number (the caller warns: "bucket label "le"
 * is missing or has a malformed value"). As Go's ParseFloat: decimal or hexadecimal, `Inf` in any spelling, an
 * optional sign; a number too large for a double is malformed.
 */
export function parseUpperBound(le: string): number | undefined {
  if (DECIMAL.test(le)) return finite(Number(le));
  const word = WORD.exec(le);
  if (word) {
    if (word[2]!.toLowerCase() === 'nan') return word[1] === '' ? NaN : undefined;
    return word[1] === '-' ? -Infinity : Infinity;
  }
  const hex = HEXADECIMAL.exec(le);
  return hex ? parseHexadecimal(hex) : undefined;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WORD = /^([+-]?)(inf|infinity|nan)$/i;
/** Sign, digits before and after the point, binary exponent (not optional in Go). */
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/;

function parseHexadecimal(match: RegExpExecArray): number | undefined {
  const digits = match[2]! + match[3]!;
  if (digits === '') return undefined;
  const mantissa = Number(`0x${digits}`);
  const value = mantissa * 2 ** (Number(match[4]) - 4 * match[3]!.length);
  return finite(match[1] === '-' ? -value : value);
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Relative difference of neighbouring counts that is put down to rounding and ignored. */
const SMALL_DELTA = 1e-12;
const SMALLEST_NORMAL = 2 ** -1022;

/**
 * The buckets of one classic histogram at one time; reused from step to step. Fill with `add` in any order, then ask.
 * Asking sorts, merges equal bounds and (quantile) repairs the counts in place.
 */
export class ClassicBuckets {
  private uppers = new Float64Array(16);
  private counts = new Float64Array(16);
  length = 0;

  /** True if the last `quantile` had to raise counts that fell (the caller informs, with the three facts below). */
  forcedMonotonicity = false;
  /** Lowest and highest upper bound of the buckets that were raised, and by how much at most. */
  forcedLowest = Infinity;
  forcedHighest = -Infinity;
  forcedDiff = 0;

  clear(): void {
    this.length = 0;
  }

  add(upperBound: number, count: number): void {
    if (this.length === this.uppers.length) this.grow();
    this.uppers[this.length] = upperBound;
    this.counts[this.length++] = count;
  }

  private grow(): void {
    const uppers = new Float64Array(this.length * 2);
    const counts = new Float64Array(this.length * 2);
    uppers.set(this.uppers);
    counts.set(this.counts);
    this.uppers = uppers;
    this.counts = counts;
  }

  /**
   * The `q`-quantile, interpolated linearly. The highest bucket (which must be +Inf, else NaN) answers with the bound
   * below it; the lowest begins at 0, or answers with its bound if that is not above 0. -Inf for q < 0, +Inf for
   * q > 1, NaN for q NaN, fewer than two buckets or no observations.
   */
  quantile(q: number): number {
    this.forcedMonotonicity = false;
    this.forcedLowest = Infinity;
    this.forcedHighest = -Infinity;
    this.forcedDiff = 0;
    if (q !== q) return NaN;
    if (q < 0) return -Infinity;
    if (q > 1) return Infinity;
    if (!this.settle()) return NaN;
    this.makeMonotonic();
    const { uppers, counts } = this;
    const last = this.length - 1;
    if (last < 1 || counts[last] === 0) return NaN;
    const rank = q * counts[last]!;
    const bucket = this.firstReaching(rank);
    if (bucket === last) return uppers[last - 1]!;
    if (bucket === 0) {
      const upper = uppers[0]!;
      return upper <= 0 ? upper : upper * (rank / counts[0]!);
    }
    const lower = uppers[bucket - 1]!;
    const below = counts[bucket - 1]!;
    return lower + (uppers[bucket]! - lower) * ((rank - below) / (counts[bucket]! - below));
  }

  /** The share of observations between two values; limits and emptiness as for `histogramFraction`. */
  fraction(lower: number, upper: number): number {
    if (!this.settle()) return NaN;
    const count = this.counts[this.length - 1]!;
    if (count === 0 || lower !== lower || upper !== upper) return NaN;
    if (lower >= upper) return 0;
    return (this.rankOf(upper, count) - this.rankOf(lower, count)) / count;
  }

  private rankOf(limit: number, countMax: number): number {
    let rank = 0;
    let lower = this.uppers[0]! <= 0 ? -Infinity : 0;
    for (let i = 0; i < this.length; i++) {
      const upper = this.uppers[i]!;
      const count = this.counts[i]!;
      if (lower >= limit) return rank > countMax ? countMax : rank;
      if (upper > limit) {
        const within = linearRank(rank, count - rank, lower, upper, limit);
        return within > countMax ? countMax : within;
      }
      rank = count;
      lower = upper;
    }
    return countMax;
  }

  /** First bucket but the last whose count reaches `rank`, else the last. Counts do not fall. */
  private firstReaching(rank: number): number {
    let low = 0;
    let high = this.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.counts[middle]! >= rank) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Sorts by bound and merges buckets of the same bound. @returns false if there is no +Inf bucket */
  private settle(): boolean {
    const { uppers, counts } = this;
    // Insertion sort: the same few series come in the same order, mostly sorted, at every step.
    for (let i = 1; i < this.length; i++) {
      const upper = uppers[i]!;
      const count = counts[i]!;
      let j = i - 1;
      while (j >= 0 && uppers[j]! > upper) {
        uppers[j + 1] = uppers[j]!;
        counts[j + 1] = counts[j]!;
        j--;
      }
      uppers[j + 1] = upper;
      counts[j + 1] = count;
    }
    if (this.length === 0 || uppers[this.length - 1] !== Infinity) return false;
    let last = 0;
    for (let i = 1; i < this.length; i++) {
      if (uppers[i] === uppers[last]) {
        counts[last] = counts[last]! + counts[i]!;
      } else {
        last++;
        uppers[last] = uppers[i]!;
        counts[last] = counts[i]!;
      }
    }
    this.length = last + 1;
    return true;
  }

  /** Cumulative counts cannot fall. Small differences are rounding and levelled silently, falls are raised and noted. */
  private makeMonotonic(): void {
    const { uppers, counts } = this;
    let accepted = counts[0]!;
    for (let i = 1; i < this.length; i++) {
      const count = counts[i]!;
      if (count === accepted) continue;
      if (isSmallDelta(accepted, count)) {
        counts[i] = accepted;
      } else if (count < accepted) {
        counts[i] = accepted;
        this.forcedMonotonicity = true;
        this.forcedLowest = Math.min(this.forcedLowest, uppers[i]!);
        this.forcedHighest = Math.max(this.forcedHighest, uppers[i]!);
        this.forcedDiff = Math.max(this.forcedDiff, accepted - count);
      } else {
        accepted = count;
      }
    }
  }
}

function isSmallDelta(a: number, b: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  const total = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || total < SMALLEST_NORMAL) return difference < SMALL_DELTA * SMALLEST_NORMAL;
  return difference / Math.min(total, Number.MAX_VALUE) < SMALL_DELTA;
}
