/**
 * Compensated summation in Neumaier's form, with the exact order of operations of Prometheus 3.14
 * (`util/kahansum.Inc`), so that sums agree with it to the last bit:
 *
 *   total = sum + value
 *   carry = carry of (carry, sum, value, total)      the rounding error of that addition, added up
 *   sum   = total
 *   ...
 *   result = sum + carry                             sum alone where it is infinite
 *
 * Two numbers cannot be returned without an allocation, therefore loops keep `sum` and `carry` in locals and call
 * `kahanCarry` (small enough to be inlined), and aggregations keep them in columns.
 */

/**
 * The carry after `total = sum + value`. An infinite total clears it: the rounding error would be NaN and would turn
 * the infinity into NaN when it is added at the end.
 */
export function kahanCarry(carry: number, sum: number, value: number, total: number): number {
  if (total === Infinity || total === -Infinity) return 0;
  if (Math.abs(sum) >= Math.abs(value)) return carry + ((sum - total) + value);
  return carry + ((value - total) + sum);
}

/** Adds `value` to the running sum in cell `i` of two columns. */
export function kahanAddAt(sums: Float64Array, carries: Float64Array, i: number, value: number): void {
  const sum = sums[i]!;
  const total = sum + value;
  carries[i] = kahanCarry(carries[i]!, sum, value, total);
  sums[i] = total;
}

/** The sum in cell `i`. */
export function kahanSumAt(sums: Float64Array, carries: Float64Array, i: number): number {
  const sum = sums[i]!;
  return sum === Infinity || sum === -Infinity ? sum : sum + carries[i]!;
}

/**
 * Running means, one per cell, for aggregations that see series after series. As upstream's `avg`: sum and divide at
 * the end; from the value on that would overflow the sum, keep the mean itself instead (less accurate, never
 * overflows).
 */
export interface MeanColumns {
  /** Sum, or the mean where `incremental` is set. */
  readonly sums: Float64Array;
  readonly carries: Float64Array;
  /** Values seen, 0 = the cell is empty. */
  readonly counts: Float64Array;
  readonly incremental: Uint8Array;
}

export function createMeanColumns(length: number): MeanColumns {
  return {
    sums: new Float64Array(length),
    carries: new Float64Array(length),
    counts: new Float64Array(length),
    incremental: new Uint8Array(length),
  };
}

export function meanAddAt(columns: MeanColumns, i: number, value: number): void {
  const { sums, carries, counts, incremental } = columns;
  const count = counts[i]! + 1;
  counts[i] = count;
  if (count === 1) {
    sums[i] = value;
    return;
  }
  const sum = sums[i]!;
  if (incremental[i] === 0) {
    const total = sum + value;
    if (total !== Infinity && total !== -Infinity) {
      carries[i] = kahanCarry(carries[i]!, sum, value, total);
      sums[i] = total;
      return;
    }
    incremental[i] = 1;
    sums[i] = sum / (count - 1);
    carries[i] = carries[i]! / (count - 1);
  }
  const weight = (count - 1) / count;
  const kept = weight * sums[i]!;
  const share = value / count;
  const mean = kept + share;
  carries[i] = kahanCarry(weight * carries[i]!, kept, share, mean);
  sums[i] = mean;
}

/** The mean in cell `i`, NaN if the cell is empty. */
export function meanAt(columns: MeanColumns, i: number): number {
  const sum = columns.sums[i]!;
  const carry = columns.carries[i]!;
  if (columns.incremental[i] === 1) return sum + carry;
  const count = columns.counts[i]!;
  return sum / count + carry / count;
}
