const TWO_32 = 0x1_0000_0000;
// A byte order mark is part of a label value, not an instruction: it must not be swallowed.
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type ReadErrorCode = 'truncated' | 'overflow' | 'bad_utf8';

/** Bytes that are not what the reader was told to expect. */
export class ReadError extends Error {
  override name = 'ReadError';
  constructor(
    readonly code: ReadErrorCode,
    /** Offset in the bytes given to the reader. */
    readonly offset: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${message} at byte ${offset}`, options);
  }
}

/**
 * A cursor over bytes that `ByteWriter` (or any writer of the same encodings) made. Never reads past `end`; every
 * method throws ReadError instead, and then leaves the cursor where it was.
 */
export class ByteReader {
  private at: number;
  private readonly data: DataView;

  constructor(
    private readonly source: Uint8Array,
    start = 0,
    private readonly end = source.length,
  ) {
    this.at = start;
    this.data = new DataView(source.buffer, source.byteOffset, source.byteLength);
    if (start < 0 || end > source.length || start > end) throw new RangeError(`no range [${start}, ${end}) in ${source.length} bytes`);
  }

  get offset(): number {
    return this.at;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.source[this.take(1)]!;
  }

  u16(): number {
    return this.data.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.data.getUint32(this.take(4), true);
  }

  /** A signed 64-bit integer. @throws ReadError 'overflow' beyond +-(2^53 - 1) */
  i64(): number {
    const from = this.take(8);
    const value = this.data.getInt32(from + 4, true) * TWO_32 + this.data.getUint32(from, true);
    if (!Number.isSafeInteger(value)) {
      this.at = from;
      this.fail('overflow', from, 'integer beyond 2^53');
    }
    return value;
  }

  /** A double; the stale marker does not survive as a plain number: use `f64Into`. */
  f64(): number {
    return this.data.getFloat64(this.take(8), true);
  }

  /** The next `count` doubles bit by bit into `out[start, …)`. Little-endian machines only, as the kernels are. */
  f64Into(out: Float64Array, start: number, count: number): void {
    if (start < 0 || start + count > out.length) throw new RangeError(`no room for ${count} doubles at ${start} of ${out.length}`);
    const from = this.take(count * 8);
    new Uint8Array(out.buffer, out.byteOffset + start * 8, count * 8).set(this.source.subarray(from, from + count * 8));
  }

  /** Unsigned. @throws ReadError 'overflow' from 2^53 on */
  varint(): number {
    const from = this.at;
    let value = 0;
    let unit = 1;
    for (let at = from; at < this.end; at++) {
      const byte = this.source[at]!;
      value += (byte & 0x7f) * unit;
      if (value > Number.MAX_SAFE_INTEGER || at - from >= 10) this.fail('overflow', from, 'varint beyond 2^53');
      if (byte < 0x80) {
        this.at = at + 1;
        return value;
      }
      unit *= 128;
    }
    return this.fail('truncated', from, 'varint without an end');
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The next `length` bytes, without a copy. */
  bytes(length: number): Uint8Array {
    const from = this.take(length);
    return this.source.subarray(from, from + length);
  }

  /** UTF-8 behind a varint with its length. @throws ReadError 'bad_utf8' */
  string(): string {
    const from = this.at;
    const length = this.varint();
    if (length > this.remaining) {
      this.at = from;
      this.fail('truncated', from, `string of ${length} bytes, ${this.end - from} left`);
    }
    const bytes = this.bytes(length);
    try {
      return text.decode(bytes);
    } catch (cause) {
      this.at = from;
      throw new ReadError('bad_utf8', from, 'string that is not UTF-8', { cause });
    }
  }

  private take(length: number): number {
    const from = this.at;
    if (length < 0 || length > this.end - from) this.fail('truncated', from, `${length} bytes expected, ${this.end - from} left`);
    this.at = from + length;
    return from;
  }

  private fail(code: ReadErrorCode, offset: number, message: string): never {
    throw new ReadError(code, offset, message);
  }
}
