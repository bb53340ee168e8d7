const TWO_32 = 0x1_0000_0000;
const FIRST_BYTES = 256;

/** Bits, most significant first, into a growing buffer: the order of Prometheus' chunks (tsdb/chunkenc/bstream.go). */
export class BitWriter {
  private buffer = new Uint8Array(FIRST_BYTES);
  /** Bits written. */
  private at = 0;

  reset(): void {
    this.buffer.fill(0, 0, (this.at + 7) >>> 3);
    this.at = 0;
  }

  /** Whole bytes written, the last one filled up with zeros: a copy. */
  copy(): Uint8Array {
    return this.buffer.slice(0, (this.at + 7) >>> 3);
  }

  /** Overwrites a byte written before. */
  patch(index: number, byte: number): void {
    this.buffer[index] = byte;
  }

  /** The low `count` bits of `value`, 0 to 32 of them. */
  bits(value: number, count: number): void {
    if (this.at + count > this.buffer.length * 8 - 64) this.grow();
    let left = count;
    while (left > 0) {
      const free = 8 - (this.at & 7);
      const n = left < free ? left : free;
      const part = (value >>> (left - n)) & ((1 << n) - 1);
      this.buffer[this.at >>> 3]! |= part << (free - n);
      this.at += n;
      left -= n;
    }
  }

  /** The low `count` bits of a 64-bit word, 0 to 64 of them. */
  wideBits(low: number, high: number, count: number): void {
    if (count > 32) this.bits(high, count - 32);
    this.bits(low, count > 32 ? 32 : count);
  }

  /** The low `count` bits of the two's complement of a safe integer. */
  integer(value: number, count: number): void {
    this.wideBits(value >>> 0, Math.floor(value / TWO_32) >>> 0, count);
  }

  /** LEB128, as Go's PutUvarint. `value`: a safe integer, not negative. */
  uvarint(value: number): void {
    while (value >= 0x80) {
      this.bits((value % 128) | 0x80, 8);
      value = Math.floor(value / 128);
    }
    this.bits(value, 8);
  }

  /** Zigzag LEB128, as Go's PutVarint. |value| <= 2^52 */
  varint(value: number): void {
    this.uvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  private grow(): void {
    const wider = new Uint8Array(this.buffer.length * 2);
    wider.set(this.buffer);
    this.buffer = wider;
  }
}
