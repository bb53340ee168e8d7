/**
 * The stale marker is the NaN with the bits 0x7ff0000000000002 (Prometheus `model/value`). It is a *signalling*
 * NaN: arithmetic, `number[]` and `structuredClone` quieten it and the marker is lost. It is therefore only ever
 * copied between typed arrays, written and tested here, on its bits.
 */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 0x00000002;

const scratch = new Float64Array(1);
const bits = new Uint32Array(scratch.buffer);
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/** True if `values[i]` is the stale marker. */
export function isStaleAt(values: Float64Array, i: number): boolean {
  const v = values[i]!;
  if (v === v) return false;
  const words = new Uint32Array(values.buffer, values.byteOffset + i * 8, 2);
  return words[HIGH] === STALE_NAN_HIGH && words[LOW] === STALE_NAN_LOW;
}

/** Puts the stale marker at `values[i]`. */
export function putStale(values: Float64Array, i: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset + i * 8, 2);
  words[HIGH] = STALE_NAN_HIGH;
  words[LOW] = STALE_NAN_LOW;
}

/** True if the 64 bits, given as two words, are the stale marker. */
export function isStaleBits(low: number, high: number): boolean {
  return low === STALE_NAN_LOW && high === STALE_NAN_HIGH;
}

/** The two 32-bit words of a double that is not a signalling NaN. */
export function bitsOf(value: number): { low: number; high: number } {
  scratch[0] = value;
  return { low: bits[LOW]!, high: bits[HIGH]! };
}
