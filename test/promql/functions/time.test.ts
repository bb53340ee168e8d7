import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { DATE_FUNCTIONS } from '../../../src/promql/functions/time.js';

const NAMES = ['year', 'month', 'day_of_month', 'day_of_year', 'day_of_week', 'days_in_month', 'hour', 'minute'] as const;
const of = (seconds: number): number[] => NAMES.map((name) => DATE_FUNCTIONS[name]!(seconds));

describe('functions of dates', () => {
  const cases: [string, number, number[]][] = [
    ['1970-01-01 00:00', 0, [1970, 1, 1, 1, 4, 31, 0, 0]],
    ['2006-01-02 22:04', 1136239445, [2006, 1, 2, 2, 1, 31, 22, 4]],
    ['last second of 2008', 1230767999, [2008, 12, 31, 366, 3, 31, 23, 59]],
    ['leap day', 1456790399, [2016, 2, 29, 60, 1, 29, 23, 59]],
    ['before 1970, fractions cut towards zero', -0.5, [1970, 1, 1, 1, 4, 31, 0, 0]],
    ['a minute before 1970', -60, [1969, 12, 31, 365, 3, 31, 23, 59]],
    ['year 0 was a leap year', -62162121600, [0, 2, 29, 60, 2, 29, 0, 0]],
  ];
  test.each(cases)('%s', (_, seconds, want) => expect(of(seconds)).toStrictEqual(want));

  test('agrees with Date', () => {
    fc.assert(fc.property(fc.integer({ min: -8.6e12, max: 8.6e12 }), (seconds) => {
      const date = new Date(seconds * 1000);
      const year = date.getUTCFullYear();
      const startOfYear = new Date(0);
      startOfYear.setUTCFullYear(year, 0, 1);
      const lastOfMonth = new Date(0);
      lastOfMonth.setUTCFullYear(year, date.getUTCMonth() + 1, 0);
      expect(of(seconds)).toStrictEqual([
        year, date.getUTCMonth() + 1, date.getUTCDate(), 1 + Math.floor((date.getTime() - startOfYear.getTime()) / 86_400_000),
        date.getUTCDay(), lastOfMonth.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(),
      ]);
    }));
  });

  test('far away it goes on: 400 years later everything but the year is the same', () => {
    const era = 146_097 * 86_400;
    fc.assert(fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -600_000, max: 600_000 }), (seconds, eras) => {
      const [year, ...rest] = of(seconds);
      expect(of(seconds + eras * era)).toStrictEqual([year! + 400 * eras, ...rest]);
    }));
    expect(of(2 ** 62)[0]).toBe(146_138_514_283); // exact: computed with 64-bit integers
  });

  test('what is no time is the most negative one', () => {
    expect(of(NaN)).toStrictEqual(of(-(2 ** 63)));
    expect(of(Infinity)).toStrictEqual(of(-(2 ** 63)));
    expect(of(1e300)).toStrictEqual(of(NaN));
    for (const value of of(NaN)) expect(Number.isInteger(value)).toBe(true);
  });
});
