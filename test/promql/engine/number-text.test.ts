import { expect, test } from 'vitest';
import { formatF, formatG, formatOpenMetrics, formatSixDecimals, formatTwoDigits } from '../../../src/promql/engine/number-text.js';
import { compareNatural } from '../../../src/promql/functions/natural-order.js';
import { xxHash64 } from '../../../src/promql/functions/label-hash.js';

// The right column is what Go prints.
test.each([
  [0, '0'], [-0, '-0'], [1, '1'], [100000, '100000'], [1000000, '1e+06'], [1234567, '1.234567e+06'], [0.0001, '0.0001'],
  [0.00001, '1e-05'], [1.1, '1.1'], [-1.5, '-1.5'], [1e100, '1e+100'], [NaN, 'NaN'], [Infinity, '+Inf'], [-Infinity, '-Inf'],
])('%%g of %s', (value, expected) => {
  expect(formatG(value)).toBe(expected);
});

test.each([
  [6, '6'], [1e21, '1000000000000000000000'], [1.5e-7, '0.00000015'], [-2.5e22, '-25000000000000000000000'], [0.1, '0.1'],
])("'f' of %s", (value, expected) => {
  expect(formatF(value)).toBe(expected);
});

test.each([[0, '0.0'], [1, '1.0'], [0.25, '0.25'], [-0.1, '-0.1'], [NaN, 'NaN'], [1e21, '1e+21']])('quantile label %s', (value, expected) => {
  expect(formatOpenMetrics(value)).toBe(expected);
});

test.each([[123.456, '1.2e+02'], [0.5, '0.5'], [12, '12'], [1e-7, '1e-07']])('%%.2g of %s', (value, expected) => {
  expect(formatTwoDigits(value)).toBe(expected);
});

test.each([
  [0, '0.000000'], [1.25, '1.250000'], [-3, '-3.000000'], [1e22, '10000000000000000000000.000000'], [Infinity, '+Inf'], [NaN, 'NaN'],
])('%%f of %s', (value, expected) => {
  expect(formatSixDecimals(value)).toBe(expected);
});

test('numbers inside texts sort as numbers', () => {
  const texts = ['eth10', 'eth2', 'eth1', 'eth', '10', '9', 'a1b10', 'a1b9', '1.11.3', '1.2.3'];
  expect(texts.sort(compareNatural)).toEqual(['1.2.3', '1.11.3', '9', '10', 'a1b9', 'a1b10', 'eth', 'eth1', 'eth2', 'eth10']);
});

// Test vectors of the xxHash project (seed 0).
test.each([
  ['', 0xef46db3751d8e999n], ['a', 0xd24ec4f1a98c6e5bn], ['abc', 0x44bc2cf5ad770999n],
  ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
])('xxHash64 of %j', (text, expected) => {
  expect(xxHash64(new TextEncoder().encode(text))).toBe(expected);
});
