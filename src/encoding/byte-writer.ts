import { invariant } from '../invariant.js';

const TWO_32 = 0x1_0000_0000;
const text = new TextEncoder();

/**
 * Appends numbers, strings and bytes to a growing buffer. Fixed-width numbers are little-endian; varints are LEB128 as
 * in protobuf. `reset` keeps the memory, so that one writer serves many records.
 */
export class ByteWriter {
  private buffer: Uint8Array;
  private data: DataView;
  private at = 0;

  constructor(capacity = 1024) {
    this.buffer = new Uint8Array(capacity);
    this.data = new DataView(this.buffer.buffer);
  }

  get length(): number {
    return this.at;
  }

  reset(): void {
    this.at = 0;
  }

  /** What was written, without a copy: valid until the next write or reset. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  /** What was written, as a copy of its own. */
  copy(): Uint8Array {
    return this.buffer.slice(0, this.at);
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.at++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.data.setUint16(this.at, value, true);
    this.at += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.data.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** A signed 64-bit integer, given as a safe integer (|value| < 2^53). */
  i64(value: number): void {
    invariant(Number.isSafeInteger(value), `${value} is not a safe integer`);
    this.u32(value >>> 0); // the low word of the two's complement, also for negative and large values
    this.u32(Math.floor(value / TWO_32) >>> 0);
  }

  /** A double that is not a signalling NaN (see model/stale-nan): for raw bits use `f64From`. */
  f64(value: number): void {
    this.reserve(8);
    this.data.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** `values[start, end)` bit by bit, stale markers included. Little-endian machines only, as the kernels are. */
  f64From(values: Float64Array, start: number, end: number): void {
    this.bytes(new Uint8Array(values.buffer, values.byteOffset + start * 8, (end - start) * 8));
  }

  /** Unsigned, up to 2^53 - 1: at most 8 bytes. */
  varint(value: number): void {
    invariant(value >= 0 && Number.isSafeInteger(value), `${value} is not an unsigned safe integer`);
    this.reserve(8);
    while (value >= TWO_32) {
      this.buffer[this.at++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    while (value >= 0x80) {
      this.buffer[this.at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.buffer[this.at++] = value;
  }

  /** Signed, -2^52 <= value < 2^52: 0, -1, 1, -2, … become 0, 1, 2, 3, …. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  bytes(from: Uint8Array): void {
    this.reserve(from.length);
    this.buffer.set(from, this.at);
    this.at += from.length;
  }

  /** A varint with the length in bytes, then UTF-8. Lone surrogates become U+FFFD. */
  string(value: string): void {
    // The length stands first but is known last: UTF-8 needs at most three bytes for a UTF-16 unit.
    if (value.length < 43) {
      this.reserve(1 + value.length * 3);
      const { written } = text.encodeInto(value, this.buffer.subarray(this.at + 1));
      this.buffer[this.at] = written;
      this.at += 1 + written;
      return;
    }
    const encoded = text.encode(value);
    this.varint(encoded.length);
    this.bytes(encoded);
  }

  private reserve(extra: number): void {
    const need = this.at + extra;
    if (need <= this.buffer.length) return;
    const wider = new Uint8Array(Math.max(need, this.buffer.length * 2));
    wider.set(this.buffer.subarray(0, this.at));
    this.buffer = wider;
    this.data = new DataView(wider.buffer);
  }
}
