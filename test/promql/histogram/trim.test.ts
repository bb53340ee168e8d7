import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { compactHistogram } from '../../../src/promql/histogram/arithmetic.js';
import { histogramText } from '../../../src/promql/histogram/text.js';
import { trimHistogram } from '../../../src/promql/histogram/trim.js';
import { histogramFraction } from '../../../src/promql/histogram/quantile.js';
import { exponentialOf, integerCounts, withFittingZeroBucket } from '../../model/histogram-arbitrary.js';
import { expectHistogram, h } from './literal.js';

const EXP = 'sum:123.75 count:34 z_bucket:1 z_bucket_w:0.001 buckets:[2 4 8 16] n_buckets:[1 2]';
const POS = 'sum:8.0210678118654755 count:12 z_bucket:2 z_bucket_w:0.5 buckets:[10]';
const NEG = 'sum:-8.0210678118654755 count:12 z_bucket:2 z_bucket_w:0.5 n_buckets:[10]';
const ZERO = 'count:5 sum:0 z_bucket:5 z_bucket_w:0.1';
const CBH = 'schema:-53 sum:172.5 count:15 custom_values:[5 10 15 20] buckets:[1 6 4 3 1]';
const CBH_NEG = 'schema:-53 sum:172.5 count:15 custom_values:[-10 5 10 15 20] buckets:[2 1 6 4 3 1]';
const ONE = 'schema:-53 sum:100.0 count:100 buckets:[100]';
const AT_5 = 'schema:-53 sum:33 count:101 custom_values:[5] buckets:[1 100]';
const AT_M5 = 'schema:-53 sum:33 count:101 custom_values:[-5] buckets:[1 100]';

describe('trimming', () => {
  const cases: [string, '</' | '>/', number, string][] = [
    [EXP, '</', Infinity, EXP],
    [EXP, '>/', Infinity, 'z_bucket_w:0.001'],
    [EXP, '>/', 0, 'sum:120.20840280171308 count:30.5 z_bucket:0.5 z_bucket_w:0.001 buckets:[2 4 8 16]'],
    [EXP, '</', 0, 'sum:-3.53578390593273768 count:3.5 z_bucket:0.5 z_bucket_w:0.001 n_buckets:[1 2]'],
    [EXP, '</', 2, 'count:10 sum:3.5355339059327373 z_bucket:1 z_bucket_w:0.001 buckets:[2 4] n_buckets:[1 2]'],
    [EXP, '>/', 2, 'count:24 sum:113.13708498984761 z_bucket_w:0.001 offset:2 buckets:[8 16]'],
    [EXP, '>/', -1, 'count:32 sum:119.50104602052653 z_bucket:1 z_bucket_w:0.001 buckets:[2 4 8 16] n_buckets:[1]'],
    [POS, '>/', 0.1, 'count:11.6 sum:7.551067811865476 z_bucket:1.6 z_bucket_w:0.5 buckets:[10]'],
    [POS, '>/', 0, POS],
    [POS, '</', 0.5, 'count:2 sum:0.5 z_bucket:2 z_bucket_w:0.5'],
    [POS, '</', 0, 'z_bucket_w:0.5'],
    [NEG, '</', -0.1, 'count:11.6 sum:-7.551067811865476 z_bucket:1.6 z_bucket_w:0.5 n_buckets:[10]'],
    [NEG, '</', 0, NEG],
    [NEG, '>/', -0.5, 'count:2 sum:-0.5 z_bucket:2 z_bucket_w:0.5'],
    [ZERO, '>/', 0.1, 'z_bucket_w:0.1'],
    [ZERO, '</', 0.1, ZERO],
    [ZERO, '>/', 0.05, 'count:1.25 sum:0.09375 z_bucket:1.25 z_bucket_w:0.1'],
    [ZERO, '>/', -0.05, 'count:3.75 sum:0.09375 z_bucket:3.75 z_bucket_w:0.1'],
    [CBH, '</', 15, 'schema:-53 count:11 sum:97.5 custom_values:[5 10 15 20] buckets:[1 6 4]'],
    [CBH, '</', 13, 'schema:-53 count:9.4 sum:75.1 custom_values:[5 10 15 20] buckets:[1 6 2.4]'],
    [CBH, '>/', 13, 'schema:-53 count:5.6 sum:94.9 custom_values:[5 10 15 20] offset:2 buckets:[1.6 3 1]'],
    [CBH, '</', -Infinity, 'schema:-53 custom_values:[5 10 15 20]'],
    [CBH, '>/', Infinity, 'schema:-53 custom_values:[5 10 15 20]'],
    [CBH, '>/', 0, CBH],
    [CBH_NEG, '</', 2, 'schema:-53 count:2.8 sum:-23.2 custom_values:[-10 5 10 15 20] buckets:[2 0.8]'],
    [CBH_NEG, '</', -15, 'schema:-53 count:2 sum:-30 custom_values:[-10 5 10 15 20] buckets:[2]'],
    [ONE, '</', 10, 'schema:-53'],
    [ONE, '>/', 10, 'schema:-53'],
    [ONE, '</', Infinity, ONE],
    [ONE, '>/', -Infinity, ONE],
    [AT_5, '</', 2, 'schema:-53 sum:0.4 count:0.4 custom_values:[5] buckets:[0.4 0]'],
    [AT_5, '</', -10, 'schema:-53 custom_values:[5]'],
    [AT_5, '>/', -10, 'schema:-53 sum:500 count:100 custom_values:[5] buckets:[0 100]'],
    [AT_5, '>/', 2, 'schema:-53 sum:502.1 count:100.6 custom_values:[5] buckets:[0.6 100]'],
    [AT_5, '>/', 10, 'schema:-53 sum:1000 count:100 custom_values:[5] buckets:[0 100]'],
    [AT_M5, '</', -2, 'schema:-53 sum:-5 count:1 custom_values:[-5] buckets:[1 0]'],
    [AT_M5, '</', -10, 'schema:-53 sum:-10 count:1 custom_values:[-5] buckets:[1 0]'],
    [AT_M5, '>/', -10, 'schema:-53 sum:-500 count:100 custom_values:[-5] buckets:[0 100]'],
    [AT_M5, '>/', -2, 'schema:-53 sum:-200 count:100 custom_values:[-5] buckets:[0 100]'],
    [AT_M5, '>/', 10, 'schema:-53 sum:1000 count:100 custom_values:[-5] buckets:[0 100]'],
  ];
  test.each(cases)('%s %s %d', (text, op, limit, want) => {
    expectHistogram(trimHistogram(h(text), limit, op === '</' ? 'below' : 'above'), h(want));
  });

  test('what is kept is what the fraction says', () => {
    // Compact: an empty bucket makes a side exist for fractions, but not for trimming, as upstream.
    const inputs = exponentialOf(integerCounts, false).map(withFittingZeroBucket).map(compactHistogram).filter((x) => x.count > 0);
    fc.assert(fc.property(inputs, fc.double({ min: -20, max: 20, noNaN: true }), (x, limit) => {
      const clean = { ...x, sum: 1 };
      const below = trimHistogram(clean, limit, 'below').count;
      const above = trimHistogram(clean, limit, 'above').count;
      expect((below + above) / x.count).toBeCloseTo(1, 9);
      expect(below / x.count).toBeCloseTo(histogramFraction(-Infinity, limit, clean).value, 9);
    }));
  });
});

describe('text', () => {
  const cases: [string, string][] = [
    ['count:0 sum:0', '{count:0, sum:0}'],
    [EXP, '{count:34, sum:123.75, [-2,-1):2, [-1,-0.5):1, [-0.001,0.001]:1, (0.5,1]:2, (1,2]:4, (2,4]:8, (4,8]:16}'],
    [CBH, '{count:15, sum:172.5, [-Inf,5]:1, (5,10]:6, (10,15]:4, (15,20]:3, (20,+Inf]:1}'],
    ['count:1000000 sum:0.00001 schema:1 buckets:[0.5 0]', '{count:1e+06, sum:1e-05, (0.7071067811865475,1]:0.5}'],
  ];
  test.each(cases)('%s', (text, want) => expect(histogramText(h(text))).toBe(want));
});
