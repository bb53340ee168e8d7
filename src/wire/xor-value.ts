import type { BitWriter } from './bit-writer.js';

/** No window yet: the first difference always writes its own. */
const NONE = 0xff;

/**
 * A run of doubles, each as XOR with the one before (Gorilla, section 4.1.2; Prometheus `tsdb/chunkenc/xor.go`, xorWrite).
 * Doubles are given as two words, so that the bits of a stale marker stay what they are.
 */
export class XorValue {
  private low = 0;
  private high = 0;
  private leading = NONE;
  private trailing = 0;

  first(out: BitWriter, low: number, high: number): void {
    this.low = low;
    this.high = high;
    this.leading = NONE;
    this.trailing = 0;
    out.wideBits(low, high, 64);
  }

  next(out: BitWriter, low: number, high: number): void {
    const dLow = (low ^ this.low) >>> 0;
    const dHigh = (high ^ this.high) >>> 0;
    this.low = low;
    this.high = high;
    if (dLow === 0 && dHigh === 0) {
      out.bits(0, 1);
      return;
    }
    // Five bits hold the number of leading zeros.
    const leading = Math.min(31, dHigh === 0 ? 32 + Math.clz32(dLow) : Math.clz32(dHigh));
    const trailing = dLow === 0 ? 32 + trailingZeros(dHigh) : trailingZeros(dLow);
    if (this.leading !== NONE && leading >= this.leading && trailing >= this.trailing) {
      out.bits(0b10, 2);
    } else {
      this.leading = leading;
      this.trailing = trailing;
      out.bits(0b11, 2);
      out.bits(leading, 5);
      // 64 does not fit into six bits and is written as 0.
      out.bits(64 - leading - trailing, 6);
    }
    const shift = this.trailing;
    const shiftedLow = shift === 0 ? dLow : shift < 32 ? ((dLow >>> shift) | (dHigh << (32 - shift))) >>> 0 : dHigh >>> (shift - 32);
    out.wideBits(shiftedLow, shift < 32 ? dHigh >>> shift : 0, 64 - this.leading - shift);
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
