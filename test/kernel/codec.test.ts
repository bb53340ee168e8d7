/** Codecs P and R: whatever doubles go in, the same bits come out, and damaged bytes never do more than fail. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLUMN_VALUES_MAX, ColumnCodec, type CodecName } from '../../src/tsdb/block/column-codec.js';
import { loadCodecModule } from '../../src/tsdb/kernel-loader.js';
import { Random } from '../support/random.js';

const codec = new ColumnCodec(loadCodecModule());

const bitsOf = (values: Float64Array): BigUint64Array => new BigUint64Array(values.buffer, values.byteOffset, values.length);
const fromBits = (bits: readonly bigint[]): Float64Array => new Float64Array(new BigUint64Array(bits).buffer);

function check(values: Float64Array, name: CodecName): number {
  const encoded = codec.encode(values, 0, values.length, name).slice();
  const decoded = codec.decode(encoded, 0, encoded.length, values.length);
  expect(decoded === undefined ? undefined : [...bitsOf(decoded)]).toEqual([...bitsOf(values)]);
  return encoded.length;
}

const special = [
  0x7ff0000000000002n, 0x7ff8000000000001n, 0xfff8000000000123n, 0x8000000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 0n, 1n,
  0x8000000000000001n, 0x7fefffffffffffffn, 0xffefffffffffffffn, 0x0010000000000000n, 0x4340000000000000n, 0x4340000000000001n, 0xc340000000000000n,
];
const anyBits = fc.oneof(fc.constantFrom(...special), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const bitsOfDouble = (value: number): bigint => bitsOf(Float64Array.of(value))[0]!;
const decimal = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 12 })).map(([m, e]) => bitsOfDouble(m / 10 ** e));
const integer = fc.integer({ min: -(2 ** 53), max: 2 ** 53 }).map(bitsOfDouble);
const single = fc.float().map(bitsOfDouble);
/** Increments of one sign around a middle, with a reset now and then: what references are for. */
const counter = fc.array(fc.oneof({ weight: 40, arbitrary: fc.integer({ min: 700, max: 2100 }) }, { weight: 1, arbitrary: fc.integer() }), { minLength: 1, maxLength: 300 })
  .map((steps) => { let total = 0; return steps.map((step) => bitsOfDouble((total += step) / 100)); });
const column = fc.oneof(
  counter,
  fc.array(single, { minLength: 1, maxLength: 200 }),
  fc.array(anyBits, { minLength: 1, maxLength: 200 }),
  fc.array(decimal, { minLength: 1, maxLength: 200 }),
  fc.array(integer, { minLength: 1, maxLength: 200 }),
  fc.array(fc.double().map(bitsOfDouble), { minLength: 1, maxLength: 200 }),
  fc.array(fc.oneof({ weight: 20, arbitrary: decimal }, { weight: 1, arbitrary: anyBits }), { minLength: 1, maxLength: 200 }),
);

describe.each(['P', 'R'] as const)('codec %s', (name) => {
  it('gives back every bit of any column', () => {
    fc.assert(fc.property(column, (bits) => void check(fromBits(bits), name)), { numRuns: 2000 });
  });

  it('takes columns whose integers reach over the whole range', () => {
    const corners = [1n, 0x7fefffffffffffffn, 0xffefffffffffffffn, 0x8000000000000001n, 0x4340000000000000n, 0xc340000000000000n];
    const random = new Random(7);
    for (let round = 0; round < 300; round++) {
      const bits = Array.from({ length: 2 + random.below(150) }, () => corners[random.below(corners.length)]!);
      check(fromBits(bits), name);
      const near = Array.from(bits, (_, i) => 2 ** 53 - random.below(3) * (i % 2 === 0 ? 1 : -1) - (i % 3 === 0 ? 2 ** 54 : 0));
      check(Float64Array.from(near), name);
    }
  });

  it('needs about as many bits as uniform increments have', () => {
    const random = new Random(11);
    let total = 1e6;
    const values = Float64Array.from({ length: 2048 }, () => (total += 700 + random.below(1400)) / 100);
    const bits = (check(values, name) * 8) / 2048;
    expect(bits).toBeLessThan(Math.log2(1400) + (name === 'P' ? 0.7 : 0.35));
  });

  it.each([
    ['constant', () => 42.5, 9],
    ['a counter that rises by ten', (i: number) => 1e6 + i * 10, 64],
    ['timestamps', (i: number) => 1_700_000_000_000 + i * 15_000, 64],
    ['two decimals', (i: number) => ((i * 7919) % 100) / 100 + 20, 600],
    ['a sum of tenths, which is no decimal', (i: number) => { let sum = 0; for (let k = 0; k < i; k++) sum += 0.1; return sum; }, 1000],
  ])('is small for %s', (_name, value, sizeMax) => {
    expect(check(Float64Array.from({ length: 480 }, (_, i) => value(i)), name)).toBeLessThanOrEqual(sizeMax);
  });

  it('is never larger than raw, and takes its full capacity', () => {
    const random = new Random(1);
    const words = Uint32Array.from({ length: COLUMN_VALUES_MAX * 2 }, () => random.below(2 ** 32));
    expect(check(new Float64Array(words.buffer), name)).toBeLessThanOrEqual(1 + COLUMN_VALUES_MAX * 8);
    const mixed = Float64Array.from({ length: COLUMN_VALUES_MAX }, (_, i) => (i % 2 === 0 ? NaN : random.below(2 ** 32)));
    expect(check(mixed, name)).toBeLessThanOrEqual(1 + COLUMN_VALUES_MAX * 8);
  });

  it('survives damaged bytes', () => {
    const random = new Random(3);
    for (let round = 0; round < 3000; round++) {
      const count = 1 + random.below(100);
      const values = Float64Array.from({ length: count }, (_, i) => (random.below(20) === 0 ? -0 : (i * random.below(1000)) / 10 ** random.below(4)));
      const encoded = codec.encode(values, 0, count, name).slice();
      for (let k = random.below(4); k >= 0; k--) encoded[random.below(encoded.length)] = random.below(256);
      const cut = random.below(3) === 0 ? random.below(encoded.length + 1) : encoded.length;
      const decoded = codec.decode(encoded, 0, cut, count);
      if (decoded !== undefined) expect(decoded.length).toBe(count);
    }
  });
});
