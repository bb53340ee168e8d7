/**
 * Bucket boundaries, and the buckets of a histogram as rows from the lowest to the highest: for quantiles, for the
 * JSON of the API, for texts.
 */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from './histogram.js';
import { spanIndexes } from './histogram-spans.js';

/**
 * Mantissas of the bounds within one power of two, [0.5, 1), at schema 8; coarser schemas take every 2nd, 4th … of
 * them. Upstream has them as a literal table that is up to 4 ulps off the true powers, and answers carry its digits,
 * so the way it was made is repeated: each schema doubles the one before by multiplying with 2^(2^-schema). Go's exp2,
 * which made it, has a square root of 2 that is one ulp low; the other roots are exact.
 */
const MANTISSAS = makeMantissas(8);

function makeMantissas(schemaMax: number): Float64Array {
  let coarser = [0.5];
  for (let schema = 1; schema <= schemaMax; schema++) {
    const factor = schema === 1 ? 1.414213562373095 : 2 ** (2 ** -schema);
    const finer: number[] = [];
    for (const mantissa of coarser) finer.push(mantissa, mantissa * factor);
    coarser = finer;
  }
  return Float64Array.from(coarser);
}

/** Upper bound of bucket `index` of the positive side in an exponential schema, -4 to 8. */
export function exponentialBound(index: number, schema: number): number {
  // The bound after the largest double is 2^1024. It stands for MAX_VALUE, so that the bucket after it holds the
  // infinities only.
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const perPower = 2 ** schema;
  const power = Math.floor(index / perPower);
  const within = index - power * perPower;
  if (within === 0 && power === 1024) return Number.MAX_VALUE;
  const mantissa = MANTISSAS[within * 2 ** (8 - schema)]!;
  // 2^1024 is not a double, and neither is 2^-1075: keep the factor inside the range on either end.
  return power > 0 ? mantissa * 2 * 2 ** power : mantissa * 2 ** (power + 1);
}

/** Upper bound of bucket `index` for custom buckets; -Inf below the first bucket, +Inf from the last on. */
export function customBound(index: number, bounds: readonly number[]): number {
  if (index < 0) return -Infinity;
  return index < bounds.length ? bounds[index]! : Infinity;
}

/** Which ends of a bucket belong to it, numbered as in the API. */
export const BoundaryRule = { leftOpen: 0, rightOpen: 1, bothOpen: 2, bothClosed: 3 } as const;

/** Buckets from the lowest to the highest, as columns of equal length. Empty buckets that the spans name are rows too. */
export interface BucketRows {
  readonly length: number;
  readonly lowers: Float64Array;
  readonly uppers: Float64Array;
  readonly counts: Float64Array;
  /** One of `BoundaryRule` each. */
  readonly rules: Uint8Array;
}

/**
 * The zero bucket has a row if its count is above 0. Where it overlaps the next bucket of either side, that bucket
 * begins at its threshold.
 */
export function bucketRows(h: Histogram): BucketRows {
  const custom = h.schema === CUSTOM_BUCKETS_SCHEMA;
  const positive = spanIndexes(h.positiveSpans);
  const negative = custom ? [] : spanIndexes(h.negativeSpans);
  const hasZero = !custom && h.zeroCount > 0;
  const length = negative.length + (hasZero ? 1 : 0) + positive.length;
  const lowers = new Float64Array(length);
  const uppers = new Float64Array(length);
  const counts = new Float64Array(length);
  const rules = new Uint8Array(length);
  const threshold = h.zeroThreshold;
  let row = 0;
  for (let i = negative.length - 1; i >= 0; i--, row++) {
    const near = -exponentialBound(negative[i]! - 1, h.schema);
    lowers[row] = -exponentialBound(negative[i]!, h.schema);
    uppers[row] = near < 0 && near > -threshold ? -threshold : near;
    counts[row] = h.negativeBuckets[i]!;
    rules[row] = BoundaryRule.rightOpen;
  }
  if (hasZero) {
    lowers[row] = -threshold;
    uppers[row] = threshold;
    counts[row] = h.zeroCount;
    rules[row] = BoundaryRule.bothClosed;
    row++;
  }
  for (let i = 0; i < positive.length; i++, row++) {
    const index = positive[i]!;
    if (custom) {
      lowers[row] = customBound(index - 1, h.customValues);
      uppers[row] = customBound(index, h.customValues);
      rules[row] = index === 0 ? BoundaryRule.bothClosed : BoundaryRule.leftOpen;
    } else {
      const near = exponentialBound(index - 1, h.schema);
      lowers[row] = near > 0 && near < threshold ? threshold : near;
      uppers[row] = exponentialBound(index, h.schema);
      rules[row] = BoundaryRule.leftOpen;
    }
    counts[row] = h.positiveBuckets[i]!;
  }
  return { length, lowers, uppers, counts, rules };
}
