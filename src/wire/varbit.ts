import type { BitWriter } from './bit-writer.js';

/** Sizes of the buckets of Prometheus' varbit numbers (`tsdb/chunkenc/varbit.go`); bucket i has the prefix of i + 1 ones and a zero. */
const SIZES = [3, 6, 9, 12, 18, 25, 56] as const;

/** A signed safe integer. */
export function putVarbitInt(out: BitWriter, value: number): void {
  if (value === 0) {
    out.bits(0, 1);
    return;
  }
  for (let i = 0; i < SIZES.length; i++) {
    const half = 2 ** (SIZES[i]! - 1);
    if (value > half || value < 1 - half) continue;
    putPrefix(out, i);
    out.integer(value, SIZES[i]!);
    return;
  }
}

/** An unsigned safe integer: below 2^53, so that it always fits into 56 bits. */
export function putVarbitUint(out: BitWriter, value: number): void {
  if (value === 0) {
    out.bits(0, 1);
    return;
  }
  for (let i = 0; i < SIZES.length; i++) {
    if (value >= 2 ** SIZES[i]!) continue;
    putPrefix(out, i);
    out.integer(value, SIZES[i]!);
    return;
  }
}

function putPrefix(out: BitWriter, bucket: number): void {
  const ones = bucket + 1;
  out.bits(2 ** (ones + 1) - 2, ones + 1);
}
