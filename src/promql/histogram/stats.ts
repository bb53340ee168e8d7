/** `histogram_avg`, `histogram_stdvar`, `histogram_stddev` of native histograms. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../../model/histogram.js';
import { bucketRows } from '../../model/histogram-buckets.js';
import { kahanCarry } from '../functions/kahan.js';

/** NaN without observations. */
export function histogramAvg(h: Histogram): number {
  return h.sum / h.count;
}

/**
 * Estimated variance: all observations of a bucket are taken to have one value, the arithmetic mean of its bounds
 * (custom buckets), their geometric mean (exponential buckets) or 0 (zero bucket).
 */
export function histogramStdvar(h: Histogram): number {
  const mean = h.sum / h.count;
  const custom = h.schema === CUSTOM_BUCKETS_SCHEMA;
  const rows = bucketRows(h);
  let variance = 0;
  let carry = 0;
  for (let row = 0; row < rows.length; row++) {
    const count = rows.counts[row]!;
    if (count === 0) continue;
    const delta = middle(rows.lowers[row]!, rows.uppers[row]!, custom) - mean;
    const share = count * delta * delta;
    const total = variance + share;
    carry = kahanCarry(carry, variance, share, total);
    variance = total;
  }
  return (variance + carry) / h.count;
}

export function histogramStddev(h: Histogram): number {
  return Math.sqrt(histogramStdvar(h));
}

function middle(lower: number, upper: number, custom: boolean): number {
  if (custom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const geometric = Math.sqrt(upper * lower);
  return upper < 0 ? -geometric : geometric;
}
