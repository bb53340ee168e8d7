import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantileOverTime } from '../../../src/promql/functions/quantile.js';
import { SortedWindow } from '../../../src/promql/functions/sorted-window.js';

test('quantiles of a window that slides are those of its values', () => {
  const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double(), fc.constant(NaN), fc.constantFrom(Infinity, -Infinity, 0, -0));
  const move = fc.record({ lo: fc.integer({ min: -2, max: 6 }), hi: fc.integer({ min: -2, max: 8 }), q: fc.double({ min: -0.1, max: 1.1 }) });
  fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), fc.array(move, { maxLength: 40 }), (list, moves) => {
    const values = Float64Array.from(list);
    const window = new SortedWindow();
    let lo = 0;
    let hi = 0;
    for (const { lo: byLo, hi: byHi, q } of moves) {
      lo = Math.min(Math.max(0, lo + byLo), values.length - 1);
      hi = Math.min(Math.max(lo + 1, hi + byHi), values.length);
      window.moveTo(values, lo, hi);
      const expected = quantileOverTime(values, lo, hi, q, new Float64Array(hi - lo));
      // 0 and -0 have no order among themselves.
      expect(window.quantile(q) + 0).toBe(expected + 0);
    }
  }));
});
