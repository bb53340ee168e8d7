import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { floatText, NUMBER_TEXT_MAX, plainFloatText, writeFloat, writeTimestamp } from '../../src/api/number-text.js';

function written(write: (out: Uint8Array, offset: number, value: number) => number, value: number): string {
  const out = new Uint8Array(NUMBER_TEXT_MAX);
  return Buffer.from(out.subarray(0, write(out, 0, value))).toString('latin1');
}

describe('sample values', () => {
  test.each([
    [0, '0'], [-0, '-0'], [1, '1'], [-1, '-1'], [10, '10'], [99, '99'], [100, '100'], [12345, '12345'], [999_999_999, '999999999'],
    [1_000_000_000, '1000000000'], [123456789012345, '123456789012345'], [123456789012345680000, '123456789012345680000'],
    [999999999999999, '999999999999999'], [1e15, '1000000000000000'], [2 ** 53, '9007199254740992'], [1e20, '100000000000000000000'],
    [1e21, '1e+21'], [-1e21, '-1e+21'], [1.5e300, '1.5e+300'], [1e-6, '0.000001'], [1e-7, '1e-07'], [-1e-7, '-1e-07'], [1.25e-9, '1.25e-09'],
    [1e-10, '1e-10'], [5e-324, '5e-324'], [1.7976931348623157e308, '1.7976931348623157e+308'], [0.1, '0.1'], [0.5, '0.5'], [-2.5, '-2.5'],
    [0.1 + 0.2, '0.30000000000000004'], [1 / 3, '0.3333333333333333'], [123.456, '123.456'], [999999999.999999, '999999999.999999'],
    [1234567890.123, '1234567890.123'], [1e-300, '1e-300'], [NaN, 'NaN'], [Infinity, '+Inf'], [-Infinity, '-Inf'],
  ])('%d is %s', (value, text) => {
    expect(written(writeFloat, value)).toBe(text);
    expect(floatText(value)).toBe(text);
  });

  it('reads back as the same double and is as short as JavaScript\'s own text', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = written(writeFloat, value);
      expect(Object.is(Number(text), value)).toBe(true);
      expect(text).toBe(floatText(value));
    }));
    fc.assert(fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 7 }), (digits, scale) => {
      const value = digits / 10 ** scale;
      expect(written(writeFloat, value)).toBe(floatText(value));
    }));
  });
});

describe('scalars', () => {
  test.each([
    [1e-7, '0.0000001'], [-1.5e-7, '-0.00000015'], [1e21, '1000000000000000000000'], [1.25e22, '12500000000000000000000'], [2, '2'], [-0, '-0'],
    [NaN, 'NaN'], [Infinity, '+Inf'], [1e300, `1${'0'.repeat(300)}`], [5e-324, `0.${'0'.repeat(323)}5`],
  ])('%d is %s', (value, text) => expect(plainFloatText(value)).toBe(text));

  it('never has an exponent and reads back', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(plainFloatText(value)).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Object.is(Number(plainFloatText(value)), value)).toBe(true);
    }));
  });
});

describe('timestamps', () => {
  test.each([
    [1795230729540, '1795230729.540'], [1795230705000, '1795230705'], [0, '0'], [1, '0.001'], [-1, '-0.001'], [1050, '1.050'], [-4001, '-4.001'],
    [-4000, '-4'], [1700000000000000, '1700000000000'], [Number.MAX_SAFE_INTEGER, '9007199254740.991'],
  ])('%d ms is %s', (ms, text) => expect(written(writeTimestamp, ms)).toBe(text));
});
