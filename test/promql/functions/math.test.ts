import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { ELEMENT_FUNCTIONS, clamp, exp2, log10, log2, maxOf, minOf, pow, roundTo, sgn } from '../../../src/promql/functions/math.js';

describe('functions of one number', () => {
  const cases: [string, number, number][] = [
    ['log2(8)', log2(8), 3],
    ['log2 of the smallest number', log2(Number.MIN_VALUE), -1074],
    ['log2(0)', log2(0), -Infinity],
    ['log2(-1)', log2(-1), NaN],
    ['log2(Inf)', log2(Infinity), Infinity],
    ['log10(10)', log10(10), 1],
    ['log10(100)', log10(100), 2],
    ['log10(0)', log10(0), -Infinity],
    ['exp2(10)', exp2(10), 1024],
    ['exp2(0.5), one ulp below the root', exp2(0.5), 1.414213562373095],
    ['exp2(-1074)', exp2(-1074), Number.MIN_VALUE],
    ['exp2(1024)', exp2(1024), Infinity],
    ['exp2(-Inf)', exp2(-Infinity), 0],
    ['exp2(NaN)', exp2(NaN), NaN],
    ['sgn(-3)', sgn(-3), -1],
    ['sgn(-0)', sgn(-0), -0],
    ['sgn(NaN)', sgn(NaN), NaN],
    ['round up on ties', roundTo(-2.5, 1), -2],
    ['round to 0.1', roundTo(5.15, 0.1), 5.2],
    ['round to 5', roundTo(12, 5), 10],
    ['clamp', clamp(7, 1, 5), 5],
    ['clamp NaN', clamp(NaN, 1, 5), NaN],
    ['clamp_max(NaN, -Inf)', clamp(NaN, -Infinity, -Infinity), -Infinity],
    ['max_of(NaN, Inf)', maxOf(NaN, Infinity), Infinity],
    ['max_of(NaN, 1)', maxOf(NaN, 1), NaN],
    ['min_of(-Inf, NaN)', minOf(-Infinity, NaN), -Infinity],
    ['1 ^ NaN', pow(1, NaN), 1],
    ['-1 ^ Inf', pow(-1, Infinity), 1],
    ['2 ^ -2', pow(2, -2), 0.25],
    ['deg(pi)', ELEMENT_FUNCTIONS['deg']!(Math.PI), 180],
    ['rad(180)', ELEMENT_FUNCTIONS['rad']!(180), Math.PI],
  ];
  test.each(cases)('%s', (_, got, want) => expect(got).toBe(want));

  test('log2 and exp2 agree with the exact ones to 2 ulps, and invert each other', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, min: -1000, max: 1000 }), (x) => {
      const power = exp2(x);
      expect(Math.abs(power / 2 ** x - 1)).toBeLessThan(5e-16);
      expect(Math.abs(log2(power) - x)).toBeLessThan(1e-12);
    }));
  });
});
