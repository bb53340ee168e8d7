/** A plain decoder of Prometheus' chunks, bit by bit: an oracle that shares no code with the encoders. */

export interface DecodedSample {
  readonly t: number;
  /** 16 hex digits of the double: stale markers must survive. */
  readonly bits?: string;
  readonly count?: number;
  readonly zeroCount?: number;
  readonly sum?: string;
  /** Integers: absolute counts. */
  readonly buckets?: readonly number[];
}

export interface DecodedHistogramChunk {
  readonly header: number;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly (readonly [offset: number, length: number])[];
  readonly negativeSpans: readonly (readonly [offset: number, length: number])[];
  readonly customValues: readonly number[];
  readonly samples: readonly DecodedSample[];
}

class Bits {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  bit(): number {
    const byte = this.bytes[this.at >> 3];
    if (byte === undefined) throw new Error('the chunk ends too early');
    return (byte >> (7 - (this.at++ & 7))) & 1;
  }

  word(count: number): bigint {
    let value = 0n;
    for (let i = 0; i < count; i++) value = (value << 1n) | BigInt(this.bit());
    return value;
  }

  signed(count: number): number {
    const value = this.word(count);
    // In these formats the range is (-2^(n-1), 2^(n-1)].
    return Number(value > 1n << BigInt(count - 1) ? value - (1n << BigInt(count)) : value);
  }

  uvarint(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.word(8);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return Number(value);
    }
  }

  varint(): number {
    const value = BigInt(this.uvarint());
    return Number(value & 1n ? -(value >> 1n) - 1n : value >> 1n);
  }

  private ones(max: number): number {
    let n = 0;
    while (n < max && this.bit() === 1) n++;
    return n;
  }

  dod(): number {
    return [() => 0, () => this.signed(14), () => this.signed(17), () => this.signed(20), () => Number(BigInt.asIntN(64, this.word(64)))][this.ones(4)]!();
  }

  varbitInt(): number {
    const sizes = [0, 3, 6, 9, 12, 18, 25, 56, 64];
    const size = sizes[this.ones(8)]!;
    return size === 0 ? 0 : this.signed(size);
  }

  varbitUint(): number {
    const sizes = [0, 3, 6, 9, 12, 18, 25, 56, 64];
    return Number(this.word(sizes[this.ones(8)]!));
  }
}

class Xor {
  private leading = 0;
  private trailing = 0;
  value: bigint;

  constructor(private readonly bits: Bits) {
    this.value = bits.word(64);
  }

  next(): bigint {
    if (this.bits.bit() === 0) return this.value;
    if (this.bits.bit() === 1) {
      this.leading = Number(this.bits.word(5));
      const size = Number(this.bits.word(6)) || 64;
      this.trailing = 64 - this.leading - size;
    }
    this.value ^= this.bits.word(64 - this.leading - this.trailing) << BigInt(this.trailing);
    return this.value;
  }
}

const hex = (bits: bigint): string => bits.toString(16).padStart(16, '0');

function toDouble(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
}

export function decodeXorChunk(bytes: Uint8Array): DecodedSample[] {
  const bits = new Bits(bytes);
  const count = Number(bits.word(16));
  const out: DecodedSample[] = [];
  let t = bits.varint();
  const value = new Xor(bits);
  out.push({ t, bits: hex(value.value) });
  let delta = 0;
  for (let i = 1; i < count; i++) {
    delta = i === 1 ? bits.uvarint() : delta + bits.dod();
    t += delta;
    out.push({ t, bits: hex(value.next()) });
  }
  return out;
}

export function decodeHistogramChunk(bytes: Uint8Array, float: boolean): DecodedHistogramChunk {
  const bits = new Bits(bytes);
  const length = Number(bits.word(16));
  const header = Number(bits.word(8));
  const thresholdByte = Number(bits.word(8));
  const zeroThreshold = thresholdByte === 0 ? 0 : thresholdByte === 255 ? toDouble(bits.word(64)) : 0.5 * 2 ** (thresholdByte - 243);
  const schema = bits.varbitInt();
  const spans = (): [number, number][] => Array.from({ length: bits.varbitUint() }, () => {
    const size = bits.varbitUint();
    return [bits.varbitInt(), size];
  });
  const positiveSpans = spans();
  const negativeSpans = spans();
  const customValues = schema !== -53 ? [] : Array.from({ length: bits.varbitUint() },
    () => (bits.bit() === 0 ? toDouble(bits.word(64)) : bits.varbitUint() / 1000));
  const sizeOf = (list: readonly (readonly [number, number])[]): number => list.reduce((n, [, size]) => n + size, 0);
  const [positive, negative] = [sizeOf(positiveSpans), sizeOf(negativeSpans)];
  const samples: DecodedSample[] = [];
  let t = bits.varbitInt();
  let tDelta = 0;
  const time = (i: number): number => {
    if (i > 0) {
      tDelta += bits.varbitInt();
      t += tDelta;
    }
    return t;
  };
  if (float) {
    const fields = Array.from({ length: 3 + positive + negative }, () => new Xor(bits));
    for (let i = 0; i < length; i++) {
      const at = time(i);
      const values = fields.map((field) => (i === 0 ? field.value : field.next()));
      samples.push({
        t: at, count: toDouble(values[0]!), zeroCount: toDouble(values[1]!), sum: hex(values[2]!), buckets: values.slice(3).map(toDouble),
      });
    }
  } else {
    let sum: Xor | undefined;
    const values = Array.from({ length: 2 + positive + negative }, () => 0);
    const deltas = values.map(() => 0);
    for (let i = 0; i < length; i++) {
      const at = time(i);
      values.forEach((_, k) => {
        if (k === 2) sum = sumAfter(sum);
        if (i === 0) values[k] = k < 2 ? bits.varbitUint() : bits.varbitInt();
        else {
          deltas[k]! += bits.varbitInt();
          values[k]! += deltas[k]!;
        }
      });
      if (values.length === 2) sum = sumAfter(sum);
      samples.push({
        t: at, count: values[0]!, zeroCount: values[1]!, sum: hex(sum!.value),
        buckets: [...absolute(values.slice(2, 2 + positive)), ...absolute(values.slice(2 + positive))],
      });
    }
  }
  return { header, schema, zeroThreshold, positiveSpans, negativeSpans, customValues, samples };

  function sumAfter(sum: Xor | undefined): Xor {
    if (sum === undefined) return new Xor(bits);
    sum.next();
    return sum;
  }
}

function absolute(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => (count += delta));
}

/** The messages of a streamed answer, checksums verified. @throws if a frame is damaged */
export function readFrames(bytes: Uint8Array, checksum: (bytes: Uint8Array) => number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const crc = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, false);
    const frame = bytes.subarray(at + 4, at + 4 + length);
    if (frame.length !== length || checksum(frame) !== crc) throw new Error(`damaged frame at ${at}`);
    frames.push(frame);
    at += 4 + length;
  }
  return frames;
}
