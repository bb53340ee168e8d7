/** Decodes a column of codec P, from the comments at the top of `kernel/codec.ts`, `bit-pack.ts`, `xor-bytes.ts` and of `ordered`. */
import { ByteCursor, unzigzag } from './byte-cursor.js';

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/** Bits of `count` doubles that fill `bytes`. */
export function columnBits(bytes: Uint8Array, count: number): bigint[] {
  const c = new ByteCursor(bytes);
  const flags = c.u8();
  const values = readForm(c, flags, count);
  if (c.left > 0) throw new Error(`${c.left} bytes behind a column`);
  return values.map((bits) => BigInt.asUintN(64, bits));
}

export function columnValues(bytes: Uint8Array, count: number): number[] {
  return Array.from(new Float64Array(BigUint64Array.from(columnBits(bytes, count)).buffer));
}

function readForm(c: ByteCursor, flags: number, count: number): bigint[] {
  switch (flags & 7) {
    case 0: {
      const bits = c.u64();
      return Array.from({ length: count }, () => bits);
    }
    case 1:
      return c.list(count, () => c.u64());
    case 2:
      return xor(c, count);
    case 3:
    case 4:
      return steps(c, flags, count);
    default:
      throw new Error(`form ${flags & 7}`);
  }
}

function xor(c: ByteCursor, count: number): bigint[] {
  let bits = c.u64();
  return c.list(count, (i) => {
    if (i === 0) return bits;
    const head = c.u8();
    if (head === 0x80) return bits;
    const [top, bottom] = [head >> 4, head & 15];
    let different = 0n;
    for (let byte = bottom; byte < 8 - top; byte++) different |= BigInt(c.u8()) << BigInt(byte * 8);
    bits ^= different;
    return bits;
  });
}

function steps(c: ByteCursor, flags: number, count: number): bigint[] {
  const order = (flags >> 3) & 3;
  const exponent = c.u8();
  if (exponent >= 128) throw new Error('codec R is not read here');
  let place = 0;
  const runs = flags & 128 ? c.list(c.v(), () => {
    const start = place + c.v();
    place = start + c.v();
    return { start, end: place, bits: c.u64() };
  }) : [];
  const first = c.bigZ();
  const gcd = flags & 64 ? c.big() : 1n;
  const slope = order === 2 ? c.bigZ() : 0n;
  const column = packed(c, count - (order === 2 ? 2 : 1));
  // Distances to the first, in units of the gcd.
  const distances: bigint[] = [0n];
  let difference = slope;
  for (let i = 1; i < count; i++) {
    const before = distances[i - 1]!;
    if (order === 0) distances.push(column[i - 1]!);
    else if (order === 1) distances.push(before + column[i - 1]!);
    else {
      if (i > 1) difference += column[i - 2]!;
      distances.push(before + difference);
    }
  }
  const mantissas = distances.map((distance) => first + distance * gcd);
  const isOrdered = (flags & 7) === 4;
  let values = mantissas.map((m) => (isOrdered ? inOrder(wrap(m)) : bitsOf(Number(m) / 10 ** exponent)));
  if (flags & 32) {
    const residuals = packed(c, count);
    values = values.map((bits, i) => inOrder(wrap(inOrder(wrap(bits)) + residuals[i]!)));
  }
  for (const { start, end, bits } of runs) values.fill(bits, start, end);
  return values;
}

/** Doubles in their order as integers, and back. */
function inOrder(bits: bigint): bigint {
  return bits < 0n ? wrap(-(2n ** 63n) - bits) : bits;
}

function bitsOf(value: number): bigint {
  return new BigInt64Array(Float64Array.of(value).buffer)[0]!;
}

function packed(c: ByteCursor, count: number): bigint[] {
  if (count <= 0) return [];
  const reference = c.big();
  const values: bigint[] = [];
  while (values.length < count) {
    const size = Math.min(64, count - values.length);
    const head = c.u8();
    let own = reference === 0n ? undefined : unzigzag(reference - 1n);
    if (head >= 116) own = (own ?? 0n) + c.bigZ();
    const wide = head % 116 >= 58 ? c.u8() : 0;
    const code = head % 58;
    const width = code === 57 ? 64 : code;
    const bits = c.take(Math.ceil((size * width) / 8));
    const block = Array.from({ length: size }, (_, i) => {
      let value = 0n;
      for (let bit = 0; bit < width; bit++) {
        const at = i * width + bit;
        value |= BigInt((bits[at >> 3]! >> (at & 7)) & 1) << BigInt(bit);
      }
      return value;
    });
    for (let i = 0; i < wide; i++) {
      const place = c.u8();
      block[place]! |= c.big() << BigInt(width);
    }
    for (const value of block) values.push(wrap(own === undefined ? unzigzag(value) : value + own));
  }
  return values;
}
