/**
 * One histogram as bytes, for the records of heads and logs. Bit-exact; little-endian; numbers marked `v` are LEB128
 * varints, `z` zigzag varints, `f64` raw doubles, `n` counts.
 *
 *   offset  field
 *   0       flags    bit 0    float histogram
 *                    bit 1    counts are varints (every count is an integer in 0 .. 2^53-1 and not -0), else f64
 *                    bits 2-3 reset hint
 *                    bit 4    zero bucket present (threshold or count is not +0)
 *                    bit 5    negative side present
 *                    bit 6    custom bounds present
 *   1       schema   int8
 *   2       sum      f64
 *   10      count    n
 *           [bit 4]  zero threshold f64, zero count n
 *           [bit 6]  number of bounds v, bounds f64 ...
 *           positive side
 *           [bit 5]  negative side
 *
 *   side:   number of spans v, (offset z, length v) per span, number of buckets v, buckets n ...
 *
 * Example: {schema 0, count 3, sum 2.5, positive spans [(0,2)], positive buckets [1 2]} takes 17 bytes:
 *   02 00 | 00 00 00 00 00 00 04 40 | 03 | 01 00 02 02 01 02
 */
import type { BucketSpan, Histogram, ResetHint } from './histogram.js';

const FLOAT = 1;
const VARINT_COUNTS = 2;
const HINT_SHIFT = 2;
const ZERO_BUCKET = 16;
const NEGATIVE = 32;
const CUSTOM = 64;

/** Bytes of a count in either form: a varint of 53 bits takes 8. */
const COUNT_BYTES_MAX = 8;
/** Varint of a length or a zigzag offset; both are 32-bit on every wire format. */
const INT_BYTES_MAX = 5;

export class HistogramCodecError extends Error {
  override name = 'HistogramCodecError';
  readonly code = 'bad_histogram_record';
  constructor(message: string, readonly offset: number) {
    super(`histogram record: ${message} at offset ${offset}`);
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** An upper bound of what `encodeHistogram` writes. */
export function histogramEncodedSizeMax(h: Histogram): number {
  return (
    2 + 8 + COUNT_BYTES_MAX + 8 + COUNT_BYTES_MAX +
    5 * INT_BYTES_MAX +
    h.customValues.length * 8 +
    (h.positiveSpans.length + h.negativeSpans.length) * 2 * INT_BYTES_MAX +
    (h.positiveBuckets.length + h.negativeBuckets.length) * COUNT_BYTES_MAX
  );
}

/** Writes `h` at `offset` (`histogramEncodedSizeMax` bytes must be free there) and returns the offset after it. */
export function encodeHistogram(h: Histogram, out: Uint8Array, offset: number): number {
  const varints = hasVarintCounts(h);
  const zero = !Object.is(h.zeroThreshold, 0) || !Object.is(h.zeroCount, 0);
  const negative = h.negativeSpans.length > 0 || h.negativeBuckets.length > 0;
  const custom = h.customValues.length > 0;
  let at = offset;
  out[at++] =
    (h.float ? FLOAT : 0) | (varints ? VARINT_COUNTS : 0) | (h.resetHint << HINT_SHIFT) |
    (zero ? ZERO_BUCKET : 0) | (negative ? NEGATIVE : 0) | (custom ? CUSTOM : 0);
  out[at++] = h.schema & 0xff;
  at = putDouble(out, at, h.sum);
  at = putCount(out, at, h.count, varints);
  if (zero) {
    at = putDouble(out, at, h.zeroThreshold);
    at = putCount(out, at, h.zeroCount, varints);
  }
  if (custom) {
    at = putVarint(out, at, h.customValues.length);
    for (const bound of h.customValues) at = putDouble(out, at, bound);
  }
  at = putSide(out, at, h.positiveSpans, h.positiveBuckets, varints);
  return negative ? putSide(out, at, h.negativeSpans, h.negativeBuckets, varints) : at;
}

/**
 * Reads the record in bytes[offset, end), which must be exactly one. Keeps no reference to `bytes`.
 * @throws HistogramCodecError if the record is torn or has bytes to spare
 */
export function decodeHistogram(bytes: Uint8Array, offset: number, end: number): Histogram {
  const reader = new Reader(bytes, offset, end);
  const flags = reader.byte();
  const varints = (flags & VARINT_COUNTS) !== 0;
  const schema = (reader.byte() << 24) >> 24;
  const sum = reader.double();
  const count = reader.count(varints);
  let zeroThreshold = 0;
  let zeroCount = 0;
  if ((flags & ZERO_BUCKET) !== 0) {
    zeroThreshold = reader.double();
    zeroCount = reader.count(varints);
  }
  const customValues: number[] = [];
  if ((flags & CUSTOM) !== 0) {
    const length = reader.length(8);
    for (let i = 0; i < length; i++) customValues.push(reader.double());
  }
  const positiveSpans = reader.spans();
  const positiveBuckets = reader.buckets(varints);
  const negative = (flags & NEGATIVE) !== 0;
  const negativeSpans = negative ? reader.spans() : [];
  const negativeBuckets = negative ? reader.buckets(varints) : [];
  reader.finish();
  return {
    float: (flags & FLOAT) !== 0,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    negativeSpans,
    positiveBuckets,
    negativeBuckets,
    customValues,
    resetHint: ((flags >> HINT_SHIFT) & 3) as ResetHint,
  };
}

function hasVarintCounts(h: Histogram): boolean {
  return isVarintCount(h.count) && isVarintCount(h.zeroCount) && allVarint(h.positiveBuckets) && allVarint(h.negativeBuckets);
}

function allVarint(counts: readonly number[]): boolean {
  for (let i = 0; i < counts.length; i++) if (!isVarintCount(counts[i]!)) return false;
  return true;
}

function isVarintCount(count: number): boolean {
  return count >= 0 && Number.isSafeInteger(count) && !Object.is(count, -0);
}

function putSide(out: Uint8Array, offset: number, spans: readonly BucketSpan[], buckets: readonly number[], varints: boolean): number {
  let at = putVarint(out, offset, spans.length);
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i]!;
    at = putVarint(out, at, span.offset < 0 ? -2 * span.offset - 1 : 2 * span.offset);
    at = putVarint(out, at, span.length);
  }
  at = putVarint(out, at, buckets.length);
  for (let i = 0; i < buckets.length; i++) at = putCount(out, at, buckets[i]!, varints);
  return at;
}

function putCount(out: Uint8Array, at: number, count: number, varints: boolean): number {
  return varints ? putVarint(out, at, count) : putDouble(out, at, count);
}

function putDouble(out: Uint8Array, at: number, value: number): number {
  scratch.setFloat64(0, value, true);
  for (let i = 0; i < 8; i++) out[at + i] = scratch.getUint8(i);
  return at + 8;
}

/** Divides instead of shifting while the value is beyond 32 bits. */
function putVarint(out: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    out[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  out[at++] = rest;
  return at;
}

class Reader {
  constructor(private readonly bytes: Uint8Array, private at: number, private readonly end: number) {}

  byte(): number {
    if (this.at >= this.end) throw new HistogramCodecError('ends early', this.at);
    return this.bytes[this.at++]!;
  }

  double(): number {
    for (let i = 0; i < 8; i++) scratch.setUint8(i, this.byte());
    return scratch.getFloat64(0, true);
  }

  count(varints: boolean): number {
    return varints ? this.varint() : this.double();
  }

  varint(): number {
    let value = 0;
    let weight = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 0x80;
      if (weight > 2 ** 49) throw new HistogramCodecError('varint over 53 bits', this.at);
    }
  }

  /** Length of a list whose items take `itemBytesMin` or more: refused before anything is allocated for it. */
  length(itemBytesMin: number): number {
    const length = this.varint();
    if (length * itemBytesMin > this.end - this.at) throw new HistogramCodecError(`list of ${length} does not fit`, this.at);
    return length;
  }

  spans(): BucketSpan[] {
    const length = this.length(2);
    const spans: BucketSpan[] = [];
    for (let i = 0; i < length; i++) {
      const zigzag = this.varint();
      const offset = zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
      spans.push({ offset, length: this.varint() });
    }
    return spans;
  }

  buckets(varints: boolean): number[] {
    const length = this.length(varints ? 1 : 8);
    const buckets: number[] = [];
    for (let i = 0; i < length; i++) buckets.push(this.count(varints));
    return buckets;
  }

  finish(): void {
    if (this.at !== this.end) throw new HistogramCodecError(`${this.end - this.at} bytes to spare`, this.at);
  }
}

/** True if two histograms are the same bit by bit: equal encodings are equal histograms. */
export function isSameHistogram(a: Histogram, b: Histogram): boolean {
  return Buffer.compare(encoded(a), encoded(b)) === 0;
}

function encoded(histogram: Histogram): Uint8Array {
  const bytes = new Uint8Array(histogramEncodedSizeMax(histogram));
  return bytes.subarray(0, encodeHistogram(histogram, bytes, 0));
}
