/**
 * Quantiles of plain numbers: `quantile`, `quantile_over_time`, `mad_over_time`. They sort, therefore the caller lends
 * a scratch column (kept by nobody, longer than the window).
 */

/** Up to this length an insertion sort in place beats the native sort, which needs a view object on the column. */
const INSERTION_MAX = 24;

/** Sorts column[0..length) rising, NaN last. */
function sortRising(column: Float64Array, length: number): void {
  if (length > INSERTION_MAX) {
    column.subarray(0, length).sort();
    return;
  }
  for (let i = 1; i < length; i++) {
    const value = column[i]!;
    if (value !== value) continue;
    let j = i - 1;
    while (j >= 0 && !(column[j]! <= value)) {
      column[j + 1] = column[j]!;
      j--;
    }
    column[j + 1] = value;
  }
}

/**
 * The `q`-quantile of column[0..length), which is left sorted, by linear interpolation between the two nearest ranks.
 * NaN samples rank below -Inf. NaN for no samples or q NaN, -Inf below 0, +Inf above 1 (the caller warns about such a
 * q: "quantile value should be between 0 and 1").
 */
export function quantile(q: number, column: Float64Array, length: number): number {
  if (length === 0 || q !== q) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  sortRising(column, length);
  let nans = 0;
  while (nans < length && column[length - 1 - nans]! !== column[length - 1 - nans]!) nans++;
  const rank = q * (length - 1);
  const lower = Math.floor(rank);
  const upper = Math.min(length - 1, lower + 1);
  const weight = rank - lower;
  // Rank r is NaN for r < nans, else the sorted number r - nans. An infinite upper neighbour makes the result NaN even
  // at weight 0 (0 * Inf), as upstream.
  const low = lower < nans ? NaN : column[lower - nans]!;
  const high = upper < nans ? NaN : column[upper - nans]!;
  return low * (1 - weight) + high * weight;
}

/** `scratch` holds at least hi - lo numbers and is overwritten. */
export function quantileOverTime(values: Float64Array, lo: number, hi: number, q: number, scratch: Float64Array): number {
  for (let i = lo; i < hi; i++) scratch[i - lo] = values[i]!;
  return quantile(q, scratch, hi - lo);
}

/** Median absolute deviation, NaN if any sample is NaN. `scratch` holds at least hi - lo numbers and is overwritten. */
export function madOverTime(values: Float64Array, lo: number, hi: number, scratch: Float64Array): number {
  const length = hi - lo;
  for (let i = lo; i < hi; i++) {
    const value = values[i]!;
    if (value !== value) return NaN;
    scratch[i - lo] = value;
  }
  const median = quantile(0.5, scratch, length);
  for (let i = 0; i < length; i++) scratch[i] = Math.abs(scratch[i]! - median);
  return quantile(0.5, scratch, length);
}
