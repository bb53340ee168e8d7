import { BitWriter } from './bit-writer.js';
import { XorValue } from './xor-value.js';

/** Bits of a difference of time differences, and the prefix of that size. */
const DOD_SIZES = [[14, 0b10, 2], [17, 0b110, 3], [20, 0b1110, 4]] as const;

/**
 * A chunk of floats as Prometheus stores and sends it (`tsdb/chunkenc/xor.go`): count, then times as differences of differences and
 * values as XOR. One encoder makes one chunk after another.
 */
export class XorChunkEncoder {
  private readonly out = new BitWriter();
  private readonly value = new XorValue();
  private time = 0;
  private delta = 0;
  private count = 0;

  /** The bits of the double come as two words. Times must rise. */
  append(timestampMs: number, low: number, high: number): void {
    const { out } = this;
    if (this.count === 0) {
      out.reset();
      out.bits(0, 16);
      out.varint(timestampMs);
      this.value.first(out, low, high);
    } else {
      const delta = timestampMs - this.time;
      if (this.count === 1) out.uvarint(delta);
      else this.putDod(delta - this.delta);
      this.value.next(out, low, high);
      this.delta = delta;
    }
    this.time = timestampMs;
    this.count++;
  }

  /** Ends the chunk and returns its bytes. */
  finish(): Uint8Array {
    this.out.patch(0, this.count >>> 8);
    this.out.patch(1, this.count & 0xff);
    this.count = 0;
    return this.out.copy();
  }

  private putDod(dod: number): void {
    const { out } = this;
    if (dod === 0) {
      out.bits(0, 1);
      return;
    }
    for (const [size, prefix, prefixSize] of DOD_SIZES) {
      const half = 2 ** (size - 1);
      if (dod > half || dod < 1 - half) continue;
      out.bits(prefix, prefixSize);
      out.integer(dod, size);
      return;
    }
    out.bits(0b1111, 4);
    out.integer(dod, 64);
  }
}
