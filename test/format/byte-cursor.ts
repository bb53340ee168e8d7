/** Reads bytes as the format documents name them. Shares nothing with the code under test. */
export class ByteCursor {
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array, public at = 0, readonly end = bytes.length) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.end - this.at;
  }

  private step(size: number): number {
    const at = this.at;
    if (at + size > this.end) throw new Error(`the bytes end at ${this.end}, ${size} expected at ${at}`);
    this.at += size;
    return at;
  }

  u8(): number {
    return this.view.getUint8(this.step(1));
  }

  i8(): number {
    return this.view.getInt8(this.step(1));
  }

  u16(): number {
    return this.view.getUint16(this.step(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.step(4), true);
  }

  i64(): number {
    return Number(this.view.getBigInt64(this.step(8), true));
  }

  u64(): bigint {
    return this.view.getBigUint64(this.step(8), true);
  }

  f64(): number {
    return this.view.getFloat64(this.step(8), true);
  }

  /** v: seven bits a byte, the lowest first; the top bit says that more follow. */
  big(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.u8());
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
  }

  v(): number {
    return Number(this.big());
  }

  /** z: 0, -1, 1, -2, ... are 0, 1, 2, 3, ... */
  bigZ(): bigint {
    return unzigzag(this.big());
  }

  z(): number {
    return Number(this.bigZ());
  }

  take(size: number): Uint8Array {
    const at = this.step(size);
    return this.bytes.subarray(at, at + size);
  }

  text(size: number): string {
    return new TextDecoder().decode(this.take(size));
  }

  /** A part of what follows, by itself. */
  part(size: number): ByteCursor {
    const at = this.step(size);
    return new ByteCursor(this.bytes, at, at + size);
  }

  list<T>(count: number, read: (i: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => read(i));
  }
}

export function unzigzag(value: bigint): bigint {
  return value % 2n === 0n ? value / 2n : -(value + 1n) / 2n;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  for (let bit = 0; bit < 8; bit++) i = i & 1 ? (i >>> 1) ^ 0xedb88320 : i >>> 1;
  return i;
});

/** CRC-32 as of IEEE 802.3, begun at `seed`. */
export function crc(bytes: Uint8Array, seed = 0): number {
  let value = ~seed;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255]! ^ (value >>> 8);
  return ~value >>> 0;
}
