/** Quantiles and fractions of native histograms, by interpolation within buckets. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../../model/histogram.js';
import { bucketRows, type BucketRows } from '../../model/histogram-buckets.js';
import { exp2, log2 } from '../functions/math.js';
import { HistogramNote } from './notes.js';

export interface Estimate {
  readonly value: number;
  /** Bits of `HistogramNote`. */
  readonly notes: number;
}

const plain = (value: number): Estimate => ({ value, notes: 0 });

/**
 * The value below which a share `q` of the observations lies. -Inf for q < 0, +Inf for q > 1 (the caller warns), NaN
 * for q NaN or no observations. Notes: quantileIsNaN, quantileSkewed.
 *
 * Within a bucket observations are taken to be spread evenly on a linear scale (custom buckets, zero bucket) or on a
 * logarithmic one (exponential buckets). A zero bucket of a histogram with buckets on one side only ends at 0 on the
 * other. Observations of NaN are counted in no bucket; they rank above all others.
 */
export function histogramQuantile(q: number, h: Histogram): Estimate {
  if (q < 0) return plain(-Infinity);
  if (q > 1) return plain(Infinity);
  if (h.count === 0 || q !== q) return plain(NaN);
  const rows = bucketRows(h);
  // The sum is NaN if there are observations of NaN, or of both infinities. With the former, ranks are known from
  // below only. Otherwise count from the nearer end, where less rounding adds up.
  const nanSum = Number.isNaN(h.sum);
  const rising = nanSum || q < 0.5;
  let rank = (rising ? q : 1 - q) * h.count;
  let count = 0;
  let row = rising ? 0 : rows.length - 1;
  let lower = 0, upper = 0, inBucket = 0;
  for (; row >= 0 && row < rows.length; row += rising ? 1 : -1) {
    lower = rows.lowers[row]!;
    upper = rows.uppers[row]!;
    inBucket = rows.counts[row]!;
    count += inBucket;
    if (inBucket !== 0 && count >= rank) break;
  }
  const custom = h.schema === CUSTOM_BUCKETS_SCHEMA;
  if (custom) {
    // Nothing is known of a spread towards infinity: its finite end stands for all of it. But a lowest bucket that
    // reaches above 0 is taken to begin there.
    if (lower === -Infinity) {
      if (upper <= 0) return plain(upper);
      lower = 0;
    } else if (upper === Infinity) {
      return plain(lower);
    }
  } else if (lower < 0 && upper > 0) {
    if (isOneSidedAbove(h)) lower = 0;
    else if (isOneSidedBelow(h)) upper = 0;
  }
  if (count > h.count) count = h.count; // by rounding
  if (count < rank) return nanSum ? { value: NaN, notes: HistogramNote.quantileIsNaN } : plain(upper);
  rank = rising ? rank - (count - inBucket) : count - rank;
  let notes = 0;
  if (nanSum && count + countBeyond(rows, row) < h.count) notes = HistogramNote.quantileSkewed;
  return { value: interpolate(lower, upper, rank / inBucket, custom), notes };
}

/** The value a share `fraction` into a bucket. */
function interpolate(lower: number, upper: number, fraction: number, custom: boolean): number {
  if (custom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  if (lower > 0) return exp2(logLower + (logUpper - logLower) * fraction);
  return -exp2(logUpper + (logLower - logUpper) * (1 - fraction));
}

function countBeyond(rows: BucketRows, row: number): number {
  let count = 0;
  for (let i = row + 1; i < rows.length; i++) count += rows.counts[i]!;
  return count;
}

function isOneSidedAbove(h: Histogram): boolean {
  return h.negativeBuckets.length === 0 && h.positiveBuckets.length > 0;
}

function isOneSidedBelow(h: Histogram): boolean {
  return h.positiveBuckets.length === 0 && h.negativeBuckets.length > 0;
}

/**
 * The share of observations between two values, the inverse of `histogramQuantile` where that is not NaN. NaN for no
 * observations or NaN limits, 0 if lower >= upper. Note: fractionExcludesNaN.
 */
export function histogramFraction(lower: number, upper: number, h: Histogram): Estimate {
  if (h.count === 0 || lower !== lower || upper !== upper) return plain(NaN);
  if (lower >= upper) return plain(0);
  const rows = bucketRows(h);
  let inBuckets = h.count;
  let notes = 0;
  if (Number.isNaN(h.sum)) {
    inBuckets = countBeyond(rows, -1);
    if (inBuckets < h.count) notes = HistogramNote.fractionExcludesNaN;
  }
  const value = (rankOf(upper, h, rows, inBuckets) - rankOf(lower, h, rows, inBuckets)) / h.count;
  return { value, notes };
}

/** Observations at or below `limit`, at most `countMax`. */
function rankOf(limit: number, h: Histogram, rows: BucketRows, countMax: number): number {
  let rank = 0;
  for (let row = 0; row < rows.length; row++) {
    let lower = rows.lowers[row]!;
    let upper = rows.uppers[row]!;
    const count = rows.counts[row]!;
    const acrossZero = lower <= 0 && upper >= 0;
    if (acrossZero) {
      if (isOneSidedAbove(h)) lower = 0;
      else if (isOneSidedBelow(h)) upper = 0;
    }
    if (lower >= limit) return Math.min(rank, countMax);
    if (upper > limit) {
      const linear = acrossZero || h.schema === CUSTOM_BUCKETS_SCHEMA;
      return Math.min(linear ? linearRank(rank, count, lower, upper, limit) : rank + count * logShare(lower, upper, limit), countMax);
    }
    rank += count;
  }
  return countMax;
}

/**
 * Rank of `limit` within a bucket on a linear scale; `rank` is that of its lower end. A bucket from -Inf is the first,
 * and counts in full; of one to +Inf nothing is below any finite limit.
 */
export function linearRank(rank: number, count: number, lower: number, upper: number, limit: number): number {
  if (lower === -Infinity) return rank + count;
  return rank + (count * (limit - lower)) / (upper - lower);
}

/** Share of a bucket that is below `limit`, on a logarithmic scale. Bucket and limit are on the same side of 0. */
export function logShare(lower: number, upper: number, limit: number): number {
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  const logLimit = log2(Math.abs(limit));
  return limit > 0 ? (logLimit - logLower) / (logUpper - logLower) : 1 - (logLimit - logUpper) / (logLower - logUpper);
}
